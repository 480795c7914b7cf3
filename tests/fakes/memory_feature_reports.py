"""Reports of feature parity in memory. It passes the contract suite of the real one (tests/contract/test_feature_reports.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stores.models.feature_reports import KEPT_MS, FeatureFinding, FeatureReport
from tests.fakes.breakable import Breakable


class MemoryFeatureReports(Breakable):
    """See `stores.models.feature_reports.Reports`."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self._kept: dict[int, FeatureReport] = {}
        self._last = 0

    def keep(self, report: FeatureReport) -> bool:
        self.ask()
        period = (report.model, report.version, report.until_ms)
        if period in {(each.model, each.version, each.until_ms) for each in self._kept.values()}:
            return False
        self._last += 1
        self._kept[self._last] = replace(report, id=self._last)
        newest = {(each.model, each.version): each.id for each in self._kept.values()}.values()
        self._kept = {
            each.id: each
            for each in self._kept.values()
            if each.model != report.model or each.id in newest or each.made_at_ms >= report.made_at_ms - KEPT_MS
        }
        return True

    def newest(self, model: str, version: int | None = None) -> FeatureReport | None:
        self.ask()
        mine = [each for each in self.listed(model, None, len(self._kept)) if version in (None, each.version)]
        return mine[0] if mine else None

    def listed(self, model: str, before: int | None, limit: int) -> Sequence[FeatureReport]:
        self.ask()
        mine = [each for each in self._kept.values() if each.model == model and (before is None or each.id < before)]
        return [_without_findings(each) for each in sorted(mine, key=lambda each: -each.id)[:limit]]

    def findings(self, report: int) -> Mapping[str, Sequence[FeatureFinding]]:
        self.ask()
        kept = self._kept.get(report)
        return {each.tag: list(each.findings) for each in kept.features if each.findings} if kept else {}


def _without_findings(report: FeatureReport) -> FeatureReport:
    return replace(report, features=[replace(each, findings=()) for each in report.features])
