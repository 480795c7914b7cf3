"""Whether the examples are still like those of the beginning: each feature against a reference window, and the loss over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from prediction.hashing import Features, Value
from prediction.metrics import Floats

if TYPE_CHECKING:
    from river.drift import ADWIN

NUMBER_BINS = 10
MOST_CATEGORIES = 20
PSI_MOVED = 0.25
"""A population stability index above this is commonly called a major shift."""
KS_SURE = 0.001
"""Of so many windows like the reference one is taken for another by chance."""
ADWIN_DELTA = 0.002
MOST_LOSSES = 4_096


class Kind(StrEnum):
    """How the values of a feature compare."""

    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True)
class FeatureDrift:
    """A feature in a window against the reference. `ks` (the greatest distance of the distributions) and `p`: numbers alone."""

    feature: str
    kind: Kind
    psi: float
    ks: float | None
    p: float | None
    missing: float
    missing_before: float

    @property
    def moved(self) -> bool:
        """Whether the distribution is another one. A number must also differ by more than chance would have it."""
        return self.psi > PSI_MOVED and (self.p is None or self.p < KS_SURE or self._missing_moved)

    @property
    def _missing_moved(self) -> bool:
        return abs(self.missing - self.missing_before) > PSI_MOVED


def drifts(reference: Sequence[Features], window: Sequence[Features]) -> list[FeatureDrift]:
    """Every feature of either, in order of name. A feature that an example lacks is missing there."""
    names = sorted({name for features in (*reference, *window) for name in features})
    return [_drift(name, [each.get(name) for each in reference], [each.get(name) for each in window]) for name in names]


def _drift(name: str, before: Sequence[Value], after: Sequence[Value]) -> FeatureDrift:
    missing, missing_before = _share_missing(after), _share_missing(before)
    if all(_is_number(value) for value in (*before, *after) if value is not None):
        old, new = _numbers(before), _numbers(after)
        ks, p = None, None
        if len(old) and len(new):
            from scipy.stats import ks_2samp  # A second and 50 MB, which who never compares windows does not pay.

            found = ks_2samp(old, new, method="asymp")
            ks, p = float(found.statistic), float(found.pvalue)
        psi = psi_of(_number_counts(before, old), _number_counts(after, old))
        return FeatureDrift(name, Kind.NUMBER, psi, ks, p, missing, missing_before)
    known = [text for text, _ in Counter(map(_text, before)).most_common(MOST_CATEGORIES)]
    psi = psi_of(_category_counts(before, known), _category_counts(after, known))
    return FeatureDrift(name, Kind.CATEGORY, psi, None, None, missing, missing_before)


def psi_of(before: Floats, after: Floats) -> float:
    """The population stability index of two histograms over the same bins: sum of (a - b) ln(a / b) over their shares.

    Half a count is added to each bin, so that an empty one is rare and not impossible.
    """
    old = (before + 0.5) / (before.sum() + 0.5 * len(before))
    new = (after + 0.5) / (after.sum() + 0.5 * len(after))
    return float(((new - old) * np.log(new / old)).sum())


def _number_counts(values: Sequence[Value], reference: Floats) -> Floats:
    """Counts by the reference's deciles, and of those that are missing."""
    edges = np.unique(np.quantile(reference, np.arange(1, NUMBER_BINS) / NUMBER_BINS)) if len(reference) else []
    numbers = _numbers(values)
    counts = np.bincount(np.searchsorted(edges, numbers, side="right"), minlength=len(edges) + 1)
    return np.append(counts, len(values) - len(numbers)).astype(float)


def _category_counts(values: Sequence[Value], known: Sequence[str]) -> Floats:
    """Counts by known category, and of all others."""
    counts = Counter(map(_text, values))
    mine = [counts[text] for text in known]
    return np.array([*mine, len(values) - sum(mine)], dtype=float)


def _numbers(values: Sequence[Value]) -> Floats:
    return np.array([value for value in values if value is not None], dtype=float)


def _share_missing(values: Sequence[Value]) -> float:
    return sum(value is None for value in values) / len(values) if values else 0.0


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Value) -> str:
    # A string's own text might spell another kind's.
    return f"={value}" if isinstance(value, str) else repr(value)


def _adwin() -> ADWIN:
    # The package brings its datasets, and with them two seconds and 150 MB, which who has no learner does not pay.
    from river.drift import ADWIN

    return ADWIN(delta=ADWIN_DELTA)


class LossDrift:
    """Whether the loss has risen: ADWIN (Bifet and Gavaldà 2007) over the mean loss of each block, between 0 and 1.

    What it has seen since it began is kept, so that a detector that goes on from a snapshot is the one that was.
    """

    def __init__(self, seen: Sequence[float] = ()) -> None:
        self.seen: list[float] = []
        self._detector = _adwin()
        for loss in seen:
            self.add(loss)

    def add(self, loss: float) -> bool:
        """The next block's mean loss; whether the loss is found to have risen just now."""
        if len(self.seen) == MOST_LOSSES:
            # A detector without an end would make the snapshot one without an end.
            self.seen, self._detector = [], _adwin()
        before = self._detector.estimation
        self.seen.append(loss)
        self._detector.update(loss)
        return bool(self._detector.drift_detected) and self._detector.estimation > before
