"""The parity report of a model version: the vectors that it was asked with against the history of its features' tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prediction.definition import Feature
from prediction.vector_parity import Change, FeatureParity, ServedVector, compare_vectors
from stores.served_vectors import MOST_VECTORS, ServedVectors


@dataclass(frozen=True)
class VectorReport:
    """What was compared, times in epoch ms. `whole`: whether it is every vector of the period, not the newest of too many."""

    model: str
    version: int
    from_ms: int
    until_ms: int
    vectors: int
    whole: bool
    features: Sequence[FeatureParity]

    @property
    def wrong(self) -> int:
        """Values that are missing, extra or different, over all features."""
        return sum(feature.wrong for feature in self.features)


def report(
    store: ServedVectors, model: str, version: int, features: Sequence[Feature], from_ms: int, until_ms: int
) -> VectorReport:
    """Compare the vectors served from `from_ms` up to `until_ms`. Raises ClickHouseUnavailable."""
    rows = store.read(model, version, [feature.tag for feature in features], from_ms, until_ms)
    vectors = [
        ServedVector(
            number, user, at_ms, values, {key: [Change(*each) for each in newest] for key, newest in known.items()}
        )
        for number, user, at_ms, values, known in rows
    ]
    found = compare_vectors(features, vectors)
    return VectorReport(model, version, from_ms, until_ms, len(rows), len(rows) < MOST_VECTORS, found)


def plain(found: VectorReport) -> dict[str, Any]:
    """The report as JSON types."""
    return {
        "model": found.model,
        "version": found.version,
        "from_ms": found.from_ms,
        "until_ms": found.until_ms,
        "vectors": found.vectors,
        "whole": found.whole,
        "wrong": found.wrong,
        "features": [_feature(feature) for feature in found.features],
    }


def _feature(feature: FeatureParity) -> dict[str, Any]:
    return {
        "tag": feature.tag,
        "version": feature.version,
        "counts": {str(outcome): count for outcome, count in feature.counts.items()},
        "causes": {str(cause): count for cause, count in feature.causes.items()},
        "greatest_difference": feature.greatest_difference,
        "findings": [
            {
                "prediction_id": finding.prediction_id,
                "user_id": finding.user_id,
                "served_at_ms": finding.served_at_ms,
                "outcome": str(finding.outcome),
                "served": finding.served,
                "batch": finding.batch,
                "cause": None if finding.cause is None else str(finding.cause),
            }
            for finding in feature.findings
        ],
    }
