"""Reports of feature parity in MySQL: what a model version was asked with in a period, against what was known then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, Row, delete, func, insert, select
from sqlalchemy.exc import IntegrityError, ProgrammingError

from stores.models.tables import FeatureFindingRow, FeatureReportRow
from stores.mysql import ANSWER_SECONDS, again_after_deadlock
from stores.registry.engine import engine, lacks_table, naming_failures
from stores.registry.times import ms_of, time_of
from stores.settings import Settings
from tagging.parity import WRONG

KEPT_MS = 30 * 24 * 60 * 60 * 1000
"""Older reports are forgotten, though never the newest of a version."""

LATE_VALUE = "late_value"
"""The cause of a value that had been superseded when a model was asked with it."""


class WrongFeatures(ValueError):
    """A version whose newest report found values wrong may not become the one that is asked. The text names the features."""


@dataclass(frozen=True)
class FeatureFinding:
    """One value that is not equal: what the model was asked with, and what was known (`batch`), each None where there was none."""

    prediction_id: str
    user_id: str
    served_at_ms: int
    outcome: str
    served: Any
    batch: Any
    cause: str | None


@dataclass(frozen=True)
class FeatureCounts:
    """One feature over all vectors of a report. `counts`: by outcome; `findings`: a few of the values that are not equal."""

    tag: str
    version: int
    counts: Mapping[str, int]
    causes: Mapping[str, int]
    greatest_difference: float | None
    findings: Sequence[FeatureFinding] = field(default_factory=tuple)

    @property
    def wrong(self) -> int:
        """Values that are missing, extra or different."""
        return sum(self.counts.get(str(outcome), 0) for outcome in WRONG)

    @property
    def at_fault(self) -> int:
        """Wrong values that the version answers for: one that came late tells of the stores' lag."""
        return self.wrong - self.causes.get(LATE_VALUE, 0)


@dataclass(frozen=True)
class FeatureReport:
    """One comparison, times in epoch ms. `whole`: whether it is every vector of the period; `id` 0: not kept yet."""

    model: str
    version: int
    from_ms: int
    until_ms: int
    made_at_ms: int
    vectors: int
    whole: bool
    features: Sequence[FeatureCounts]
    id: int = 0

    @property
    def wrong_features(self) -> Sequence[FeatureCounts]:
        """The features with any wrong value."""
        return [feature for feature in self.features if feature.wrong]


class Reports(Protocol):
    """What is asked of the history of reports; `FeatureReports` is the real one."""

    def keep(self, report: FeatureReport) -> bool:
        """Keep a report, and forget old ones. False where the version has one up to the same time already: that one stays."""

    def newest(self, model: str, version: int | None = None) -> FeatureReport | None:
        """The newest report of a version, or of any version, without findings."""

    def listed(self, model: str, before: int | None, limit: int) -> Sequence[FeatureReport]:
        """At most `limit` reports of a model with an id below `before`, the newest first, without findings."""

    def findings(self, report: int) -> Mapping[str, Sequence[FeatureFinding]]:
        """A report's findings by tag, in the order they were found."""


class FeatureReports:
    """See `Reports`. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    @again_after_deadlock
    def keep(self, report: FeatureReport) -> bool:
        """See `Reports`."""
        try:
            with naming_failures(self._settings), self._engine.begin() as connection:
                _keep(connection, report)
                _forget(connection, report.model, report.made_at_ms - KEPT_MS)
        except IntegrityError:
            return False
        return True

    def newest(self, model: str, version: int | None = None) -> FeatureReport | None:
        """See `Reports`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            return newest(connection, model, version)

    def listed(self, model: str, before: int | None, limit: int) -> Sequence[FeatureReport]:
        """See `Reports`."""
        query = select(FeatureReportRow.__table__).where(FeatureReportRow.model == model)
        if before is not None:
            query = query.where(FeatureReportRow.id < before)
        query = query.order_by(FeatureReportRow.id.desc()).limit(limit)
        with naming_failures(self._settings), self._engine.connect() as connection:
            return [_report(row) for row in connection.execute(query)]

    def findings(self, report: int) -> Mapping[str, Sequence[FeatureFinding]]:
        """See `Reports`."""
        query = select(FeatureFindingRow.__table__).where(FeatureFindingRow.report == report)
        found: dict[str, list[FeatureFinding]] = {}
        with naming_failures(self._settings), self._engine.connect() as connection:
            for row in connection.execute(query.order_by(FeatureFindingRow.place)):
                kept = FeatureFinding(user_id=bytes(row.user_id).decode(), **orjson.loads(row.finding))
                found.setdefault(row.tag, []).append(kept)
        return found


def refuse_wrong(model: str, version: int, report: FeatureReport | None) -> None:
    """Raises WrongFeatures where the newest report of a version found values wrong that did not just come late."""
    faults = [each for each in report.features if each.at_fault] if report else []
    if report is None or not faults:
        return
    named = ", ".join(f"{each.tag} v{each.version} ({each.at_fault} values)" for each in faults)
    raise WrongFeatures(
        f"model {model} version {version}: its newest report of feature parity, {report.id}, found wrong values of {named} in "
        f"{report.vectors} vectors; allowed: a version whose newest report found none, or that has none, as one trained anew"
    )


def newest(connection: Connection, model: str, version: int | None) -> FeatureReport | None:
    """See `Reports`; None as well in a database from before there were reports."""
    query = select(FeatureReportRow.__table__).where(FeatureReportRow.model == model)
    if version is not None:
        query = query.where(FeatureReportRow.version == version)
    try:
        row = connection.execute(query.order_by(FeatureReportRow.id.desc()).limit(1)).one_or_none()
    except ProgrammingError as error:
        if not lacks_table(error):
            raise
        return None
    return None if row is None else _report(row)


def _keep(connection: Connection, report: FeatureReport) -> None:
    features = [
        {
            "tag": each.tag,
            "version": each.version,
            "counts": dict(each.counts),
            "causes": dict(each.causes),
            "greatest_difference": each.greatest_difference,
        }
        for each in report.features
    ]
    made = connection.execute(
        insert(FeatureReportRow).values(
            model=report.model,
            version=report.version,
            from_at=time_of(report.from_ms),
            until_at=time_of(report.until_ms),
            made_at=time_of(report.made_at_ms),
            vectors=report.vectors,
            whole=report.whole,
            features=orjson.dumps(features).decode(),
        )
    )
    number = made.inserted_primary_key[0] if made.inserted_primary_key else 0
    findings = [(feature.tag, finding) for feature in report.features for finding in feature.findings]
    rows = [
        {"report": number, "place": place, "tag": tag, "user_id": found.user_id.encode(), "finding": _text(found)}
        for place, (tag, found) in enumerate(findings)
    ]
    if rows:
        connection.execute(insert(FeatureFindingRow), rows)


def _forget(connection: Connection, model: str, before_ms: int) -> None:
    last = select(func.max(FeatureReportRow.id)).where(FeatureReportRow.model == model)
    newest_of_each = connection.execute(last.group_by(FeatureReportRow.version)).scalars().all()
    old = select(FeatureReportRow.id).where(
        FeatureReportRow.model == model,
        FeatureReportRow.made_at < time_of(before_ms),
        FeatureReportRow.id.not_in(newest_of_each),
    )
    numbers = connection.execute(old).scalars().all()
    if numbers:
        connection.execute(delete(FeatureFindingRow).where(FeatureFindingRow.report.in_(numbers)))
        connection.execute(delete(FeatureReportRow).where(FeatureReportRow.id.in_(numbers)))


def _text(found: FeatureFinding) -> str:
    named = ("prediction_id", "served_at_ms", "outcome", "served", "batch", "cause")
    return orjson.dumps({name: getattr(found, name) for name in named}).decode()


def _report(row: Row[Any]) -> FeatureReport:
    return FeatureReport(
        model=row.model,
        version=row.version,
        from_ms=ms_of(row.from_at),
        until_ms=ms_of(row.until_at),
        made_at_ms=ms_of(row.made_at),
        vectors=row.vectors,
        whole=bool(row.whole),
        features=[FeatureCounts(**each) for each in orjson.loads(row.features)],
        id=row.id,
    )
