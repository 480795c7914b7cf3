"""How well scores did that were given before the label was known: by window of examples, for the learner and its two baselines.

Prequential evaluation: each example is scored first and learned afterwards (Dawid 1984; Gama et al. 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from prediction import metrics
from prediction.hashing import Features
from prediction.metrics import Bin, Floats


class Scorer(StrEnum):
    """Who scored: the model that learns, the baseline that does not, and chance, which says how frequent positives were so far."""

    ONLINE = "online"
    FROZEN = "frozen"
    CHANCE = "chance"


@dataclass(frozen=True)
class Scored:
    """An example with its label and the scores that it had before. `frozen`: None where the baseline was not asked."""

    key: int
    label: int
    online: float
    frozen: float | None
    chance: float
    decided_at_ms: int
    features: Features


@dataclass(frozen=True)
class Quality:
    """How well one scorer did in a window. `auc`: None where all labels are the same."""

    scorer: Scorer
    examples: int
    positives: int
    auc: float | None
    log_loss: float
    brier: float
    bins: Sequence[Bin]


@dataclass(frozen=True)
class Scores:
    """A window's labels and each scorer's scores, as arrays of one length."""

    labels: Floats
    by_scorer: dict[Scorer, Floats]

    def quality(self, scorer: Scorer) -> Quality:
        """How well one scorer did on those that it scored."""
        scores = self.by_scorer[scorer]
        mine = ~np.isnan(scores)
        labels, scores = self.labels[mine], scores[mine]
        return Quality(
            scorer,
            len(labels),
            int(labels.sum()),
            metrics.auc(labels, scores),
            metrics.log_loss(labels, scores) or 0.0,
            metrics.brier(labels, scores) or 0.0,
            metrics.calibration(labels, scores),
        )

    def worse_by(self, scorer: Scorer, than: Scorer) -> float:
        """By how many standard errors the log-loss of one is above that of another, on the examples that both scored.

        0 for fewer than two of them, and where both did the same on each.
        """
        difference = losses(self.labels, self.by_scorer[scorer]) - losses(self.labels, self.by_scorer[than])
        difference = difference[~np.isnan(difference)]
        if len(difference) < 2:
            return 0.0
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        mean = float(difference.mean())
        # The same loss more on each example is no accident at all: as certain as their number allows.
        return mean / float(error) if error > 0 else float(np.sign(mean) * np.sqrt(len(difference)))


def scores_of(window: Sequence[Scored]) -> Scores:
    """A window as arrays. A score that was not asked for is NaN."""
    return Scores(
        np.array([each.label for each in window], dtype=float),
        {
            Scorer.ONLINE: np.array([each.online for each in window], dtype=float),
            Scorer.FROZEN: np.array([np.nan if each.frozen is None else each.frozen for each in window], dtype=float),
            Scorer.CHANCE: np.array([each.chance for each in window], dtype=float),
        },
    )


def losses(labels: Floats, scores: Floats) -> Floats:
    """Negative log-likelihood of each label; NaN without a score."""
    kept = np.clip(scores, metrics.SMALLEST, 1 - metrics.SMALLEST)
    return -(labels * np.log(kept) + (1 - labels) * np.log1p(-kept))
