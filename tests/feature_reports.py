"""Reports of feature parity as tests need them."""

from __future__ import annotations

from stores.models.feature_reports import FeatureCounts, FeatureFinding, FeatureReport
from tagging.parity import Outcome

AT_MS = 1_790_000_000_123
DAY_MS = 24 * 60 * 60 * 1000


def counts(equal: int, wrong: int) -> dict[str, int]:
    return {str(outcome): 0 for outcome in Outcome} | {"equal": equal, "different": wrong}


def reported(model: str, version: int, wrong: int, at_ms: int = AT_MS, cause: str = "unknown") -> FeatureReport:
    """Ten vectors of two features, `spend` and `tier`; so many values of `spend` are wrong, each of a user of its own."""
    found = [FeatureFinding(f"p{n}", f"u{n}", at_ms - 1, "different", 5, 8.5, cause) for n in range(wrong)]
    causes = {cause: wrong} if wrong else {}
    features = [
        FeatureCounts("spend", 2, counts(10 - wrong, wrong), causes, 3.5 if wrong else None, tuple(found)),
        FeatureCounts("tier", 1, counts(10, 0), {}, None),
    ]
    return FeatureReport(model, version, at_ms - DAY_MS, at_ms, at_ms + 5, 10, True, features)
