"""The vectors that models were asked with, in the configured ClickHouse, which is connected to when it is first asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

from jobs.models.vector_report import VectorReport, report
from prediction.definition import Feature
from stores.clickhouse import connect
from stores.served_vectors import ServedVectors
from stores.settings import Settings


class StoredVectors:
    """See `jobs.models.report_schedule.Vectors`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _store(self) -> ServedVectors:
        store = connect(self._settings, patience_seconds=0)
        store.apply_schema()
        return ServedVectors(store)

    def asked(self, from_ms: int, until_ms: int) -> Collection[tuple[str, int]]:
        """See `jobs.models.report_schedule.Vectors`."""
        return self._store.asked(from_ms, until_ms)

    def report(
        self, model: str, version: int, features: Sequence[Feature], from_ms: int, until_ms: int
    ) -> VectorReport:
        """See `jobs.models.report_schedule.Vectors`."""
        return report(self._store, model, version, features, from_ms, until_ms)
