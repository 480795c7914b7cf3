"""Compares what models were asked with and what was known, period by period: a part of the process of parity.

Each period is compared once, a minute after it ended, of every live and shadow version that was asked in it. A process that
begins again finds in MySQL what it has compared; periods that nobody was there for are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Protocol

from jobs.models.vector_report import VectorReport
from prediction import pipeline as pipelines
from prediction.definition import Feature
from prediction.pipeline import SpendFile, WrongFile
from prediction.vector_parity import FeatureParity
from stores import logs, metrics
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable
from stores.models.feature_reports import FeatureCounts, FeatureFinding, FeatureReport, Reports
from stores.models.files import DamagedFile
from stores.models.registry import Model, Models, ModelVersion, Stage

STORED_MS = 60_000
"""How long the history may trail the profiles: a vector newer than that may hold what ClickHouse does not know yet."""
AGAIN_MS = 60_000
"""When a period is tried again that ClickHouse did not answer for."""
COMPARED = (Stage.LIVE, Stage.SHADOW)

log = logs.get("jobs.models.report_schedule")


class Vectors(Protocol):
    """The vectors that were served; `StoredVectors` is the real one. Raises ClickHouseUnavailable and ClickHouseRefused."""

    def asked(self, from_ms: int, until_ms: int) -> Collection[tuple[str, int]]:
        """The (model, version) that were asked in the period."""

    def report(
        self, model: str, version: int, features: Sequence[Feature], from_ms: int, until_ms: int
    ) -> VectorReport:
        """What the comparison of the period finds."""


class ReportSchedule:
    """`every_ms`: how long a period is; 0: nothing is compared."""

    def __init__(
        self, models: Models, reports: Reports, vectors: Vectors, every_ms: int, now_ms: Callable[[], int]
    ) -> None:
        self._models = models
        self._reports = reports
        self._vectors = vectors
        self._every_ms = every_ms
        self._now_ms = now_ms
        self._done_ms = 0
        self._again_ms = 0
        self._told: frozenset[str] = frozenset()

    def round(self) -> int | None:
        """Compare the newest period that is over, once; how many reports were kept, None where none is due.

        Raises MySQLUnavailable.
        """
        if not self._every_ms or self._now_ms() < self._again_ms:
            return None
        until_ms = (self._now_ms() - STORED_MS) // self._every_ms * self._every_ms
        if until_ms <= self._done_ms:
            return None
        models = self._models.models()
        try:
            kept = self._compare(models, until_ms - self._every_ms, until_ms)
        except (ClickHouseUnavailable, ClickHouseRefused) as error:
            self._again_ms = self._now_ms() + AGAIN_MS
            log.warning("waiting", store="clickhouse", cause=str(error), retry_in_seconds=AGAIN_MS / 1000)
            return None
        self._done_ms = until_ms
        self._tell(models)
        return kept

    def _compare(self, models: Iterable[Model], from_ms: int, until_ms: int) -> int:
        asked, kept = self._vectors.asked(from_ms, until_ms), 0
        for model in models:
            for version in model.versions:
                if version.stage in COMPARED and (model.name, version.version) in asked:
                    kept += self._report(version, from_ms, until_ms)
        return kept

    def _report(self, version: ModelVersion, from_ms: int, until_ms: int) -> bool:
        newest = self._reports.newest(version.model, version.version)
        if newest is not None and newest.until_ms >= until_ms:
            return False
        try:
            features = pipelines.from_bytes(self._models.file(version.sha256)).features
        except SpendFile:
            # It is asked with purchases, not with tags.
            return False
        except (DamagedFile, LookupError, WrongFile) as error:
            log.error("model_not_compared", model=version.model, version=version.version, cause=str(error))
            return False
        found = self._vectors.report(version.model, version.version, features, from_ms, until_ms)
        if not found.vectors:
            return False
        report = kept_report(found, self._now_ms())
        wrong = [each.tag for each in report.wrong_features]
        log.info("compared", model=report.model, version=report.version, vectors=report.vectors, wrong_features=wrong)
        return self._reports.keep(report)

    def _tell(self, models: Iterable[Model]) -> None:
        """Of each live version, for those who watch: of one that was never compared nothing."""
        told = set()
        for model in models:
            newest = self._reports.newest(model.name, model.live_version) if model.live_version else None
            if newest is not None:
                told.add(model.name)
                metrics.MODEL_WRONG_FEATURES.labels(model.name).set(len(newest.wrong_features))
                metrics.MODEL_COMPARED_AT.labels(model.name).set(newest.made_at_ms / 1000)
        for name in self._told - told:
            metrics.MODEL_WRONG_FEATURES.remove(name)
            metrics.MODEL_COMPARED_AT.remove(name)
        self._told = frozenset(told)


def kept_report(found: VectorReport, made_at_ms: int) -> FeatureReport:
    """A report as it is kept."""
    features = [_counts(each) for each in found.features]
    return FeatureReport(
        found.model, found.version, found.from_ms, found.until_ms, made_at_ms, found.vectors, found.whole, features
    )


def _counts(found: FeatureParity) -> FeatureCounts:
    findings = [
        FeatureFinding(
            **asdict(each) | {"outcome": str(each.outcome), "cause": None if each.cause is None else str(each.cause)}
        )
        for each in found.findings
    ]
    return FeatureCounts(
        found.tag,
        found.version,
        {str(outcome): count for outcome, count in found.counts.items()},
        {str(cause): count for cause, count in found.causes.items()},
        found.greatest_difference,
        tuple(findings),
    )
