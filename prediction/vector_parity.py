"""Served vectors against the history of their tags: whether a model was asked with the values that were known then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from prediction.definition import Feature
from tagging.parity import EXAMPLES, WRONG, Outcome, same

SETTLING_MS = 5_000
"""How old a change must be for a vector to have to hold it: until then it is on its way from the log to the profile."""


class Cause(StrEnum):
    """Why a served value is wrong. `late_value`: it had been superseded. `version_skew`: another version of the tag had it.
    `dropped_feature`: the vector does not name the feature at all. `unknown`: none of these."""

    LATE_VALUE = "late_value"
    VERSION_SKEW = "version_skew"
    DROPPED_FEATURE = "dropped_feature"
    UNKNOWN = "unknown"


class Change(NamedTuple):
    """A value of a tag version, None where the user lost it, from `changed_at_ms` (epoch ms, when it was logged) on."""

    value: Any
    changed_at_ms: int


@dataclass(frozen=True)
class ServedVector:
    """What a model was asked with. `known`: (tag, version) -> its newest changes until `served_at_ms`, the newest first."""

    prediction_id: str
    user_id: str
    served_at_ms: int
    values: Mapping[str, Any]
    known: Mapping[tuple[str, int], Sequence[Change]]


@dataclass(frozen=True)
class VectorFinding:
    """One value that is not equal. `batch`: what was known at the instant; `cause` is None where it is only pending."""

    prediction_id: str
    user_id: str
    served_at_ms: int
    outcome: Outcome
    served: Any
    batch: Any
    cause: Cause | None


@dataclass
class FeatureParity:
    """One feature over all vectors. `greatest_difference`: between numbers, None where none differ."""

    tag: str
    version: int
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    causes: dict[Cause, int] = field(default_factory=dict)
    greatest_difference: float | None = None
    findings: list[VectorFinding] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """Values that are missing, extra or different."""
        return sum(self.counts[outcome] for outcome in WRONG)


def compare_vectors(features: Sequence[Feature], vectors: Iterable[ServedVector]) -> list[FeatureParity]:
    """Compare every vector's value of every feature, exactly: categories and numbers have no tolerance.

    Each feature names up to EXAMPLES values an outcome, in the order of the vectors.
    """
    found = [FeatureParity(feature.tag, feature.version) for feature in features]
    for vector in vectors:
        for parity in found:
            _add(parity, vector)
    return found


def _add(parity: FeatureParity, vector: ServedVector) -> None:
    known = vector.known.get((parity.tag, parity.version), ())
    batch, served = known[0].value if known else None, vector.values.get(parity.tag)
    outcome = _outcome(served, batch, known, vector.served_at_ms)
    parity.counts[outcome] += 1
    if outcome is Outcome.EQUAL:
        return
    cause = _cause(parity, vector, known) if outcome in WRONG else None
    if cause:
        parity.causes[cause] = parity.causes.get(cause, 0) + 1
        if _is_number(served) and _is_number(batch):
            parity.greatest_difference = max(parity.greatest_difference or 0.0, abs(float(served) - float(batch)))
    if parity.counts[outcome] <= EXAMPLES:
        parity.findings.append(
            VectorFinding(vector.prediction_id, vector.user_id, vector.served_at_ms, outcome, served, batch, cause)
        )


def _outcome(served: Any, batch: Any, known: Sequence[Change], served_at_ms: int) -> Outcome:
    if same(served, batch):
        return Outcome.EQUAL
    # A value that held at no time since then is wrong, however new the newest change is.
    for newer, value in zip(known, [*(change.value for change in known[1:]), None], strict=False):
        if newer.changed_at_ms <= served_at_ms - SETTLING_MS:
            break
        if same(served, value):
            return Outcome.PENDING
    if served is None:
        return Outcome.MISSING
    return Outcome.EXTRA if batch is None else Outcome.DIFFERENT


def _cause(parity: FeatureParity, vector: ServedVector, known: Sequence[Change]) -> Cause:
    if parity.tag not in vector.values:
        return Cause.DROPPED_FEATURE
    served = vector.values[parity.tag]
    if any(same(served, change.value) for change in known[1:]):
        return Cause.LATE_VALUE
    others = (
        changes
        for (tag, version), changes in vector.known.items()
        if tag == parity.tag and version != parity.version and changes
    )
    if served is not None and any(same(served, changes[0].value) for changes in others):
        return Cause.VERSION_SKEW
    return Cause.UNKNOWN


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
