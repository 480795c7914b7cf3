"""The history of comparisons in MySQL: requests, runs, results by tag version and store, findings by user."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

import sql
from stores.mysql import again_after_deadlock, transaction
from stores.settings import Settings
from tagging.parity import Outcome, TagParity
from tagging.parity_history import (
    LONGEST_CAUSE,
    KeptFinding,
    NewestResult,
    Origin,
    Result,
    Run,
    RunStatus,
    TooManyRequests,
    as_text,
    from_text,
    result_of,
)

MOST_WAITING = 20
LONGEST_RUN_MS = 60 * 60 * 1000
"""A run that began longer ago is over: its process ended without a word."""

KEPT_MS = 30 * 24 * 60 * 60 * 1000
NEWEST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ParityRuns:
    """All runs. Every method raises MySQLUnavailable; a change is one transaction."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @again_after_deadlock
    def ask(self, tag: str, version: int, at_ms: int) -> Run:
        """Ask for a run of one tag version (version 0: the live one) or of all live tags (tag ""); once, however often asked.

        Raises TooManyRequests.
        """
        values = {"tag": tag, "version": version, "at": _time(at_ms), "waiting_for": f"{tag}.{version}"}
        while True:
            with transaction(self._settings) as cursor:
                cursor.execute(_text("waiting"))
                waiting = cursor.fetchall()
                same = [row["id"] for row in waiting if (row["tag"], row["version"]) == (tag, version)]
                if not same and len(waiting) >= MOST_WAITING:
                    raise TooManyRequests(f"{len(waiting)} runs are waiting, at most {MOST_WAITING} may")
                if same or cursor.execute(_text("ask"), values):
                    return _run(_one(cursor, same[0] if same else cursor.lastrowid))
            # Somebody asked for the same just now, which this transaction does not see: look again.

    @again_after_deadlock
    def claim(self, at_ms: int) -> Run | None:
        """Take the request that waits longest, for this process alone; None when there is none."""
        with transaction(self._settings) as cursor:
            cursor.execute(_text("waiting"))
            for row in cursor.fetchall():
                if cursor.execute(_text("claim"), {"id": row["id"], "at": _time(at_ms)}):
                    return _run(_one(cursor, row["id"]))
        return None

    @again_after_deadlock
    def begin(self, origin: Origin, at_ms: int, tag: str = "", version: int = 0) -> int:
        """Note a run that begins now; its id."""
        values = {"origin": str(origin), "tag": tag, "version": version, "at": _time(at_ms)}
        with transaction(self._settings) as cursor:
            cursor.execute(_text("begin"), values)
            return cursor.lastrowid

    @again_after_deadlock
    def finish(self, run_id: int, parities: Sequence[TagParity], at_ms: int, cause: str = "") -> None:
        """Note what a run has found, and in `cause` what it could not compare. A run that is over already stays as it is."""
        with transaction(self._settings) as cursor:
            if not _end(cursor, run_id, RunStatus.DONE, cause[:LONGEST_CAUSE], at_ms):
                return
            place = 0
            for parity in parities:
                cursor.execute(_text("add_result"), _result_values(result_of(run_id, parity)))
                for finding in parity.findings:
                    place += 1
                    values = {"run_id": run_id, "place": place, "tag": parity.tag, "version": parity.version}
                    values |= {"store": parity.store, "user_id": finding.user_id.encode()}
                    kept = orjson.dumps(as_text(finding)).decode()
                    values |= {"outcome": str(finding.outcome), "finding": kept}
                    cursor.execute(_text("add_finding"), values)

    @again_after_deadlock
    def give_up(self, run_id: int, cause: str, at_ms: int) -> None:
        """Note that a run could not be done."""
        with transaction(self._settings) as cursor:
            _end(cursor, run_id, RunStatus.FAILED, cause[:LONGEST_CAUSE], at_ms)

    @again_after_deadlock
    def tidy(self, at_ms: int) -> None:
        """End the runs whose process is gone; forget old ones, though never the newest of a tag version."""
        with transaction(self._settings) as cursor:
            values = {"before": _time(at_ms - LONGEST_RUN_MS), "at": _time(at_ms), "cause": "its process ended"}
            cursor.execute(_text("abandon"), values)
            cursor.execute(_text("forget"), {"before": _time(at_ms - KEPT_MS)})

    def newest_start_ms(self, origin: Origin) -> int | None:
        """When the newest run of this origin began."""
        rows = self._read("newest_start", origin=str(origin))
        return _ms_or_none(rows[0]["started_at"])

    def newest(self) -> Sequence[NewestResult]:
        """What the newest run of every tag version found, in order of tag, version and store."""
        return [
            NewestResult(_result(row), Origin(row["origin"]), _ms_or_none(row["started_at"]), _ms_or_none(row["finished_at"]))
            for row in self._read("newest")
        ]  # fmt: skip

    def runs(self, tag: str | None, before: int | None, limit: int) -> Sequence[Run]:
        """At most `limit` runs with an id below `before`, the newest first; of those alone that compared a tag, if given."""
        values = {"before": NEWEST if before is None else before, "limit": limit, "tag": tag}
        return [_run(row) for row in self._read("runs" if tag is None else "runs_of_tag", **values)]

    def run(self, run_id: int) -> Run | None:
        """One run."""
        rows = self._read("run", id=run_id)
        return _run(rows[0]) if rows else None

    def results(self, run_ids: Sequence[int]) -> Sequence[Result]:
        """What these runs found, in order of run, tag, version and store."""
        return [_result(row) for row in self._read("results", ids=list(run_ids))] if run_ids else []

    def findings(self, run_id: int, tag: str | None, after: int, limit: int) -> Sequence[KeptFinding]:
        """At most `limit` findings of a run with a place above `after`; of one tag alone, if given."""
        values = {"run_id": run_id, "tag": tag, "after": after, "limit": limit}
        return [
            KeptFinding(
                row["place"], row["tag"], row["version"], row["store"],
                from_text(row["user_id"].decode(), row["outcome"], orjson.loads(row["finding"])),
            )
            for row in self._read("findings" if tag is None else "findings_of_tag", **values)
        ]  # fmt: skip

    def _read(self, name: str, **values: Any) -> list[dict[str, Any]]:
        with transaction(self._settings) as cursor:
            cursor.execute(_text(name), values)
            return list(cursor.fetchall())


def _text(name: str) -> str:
    return sql.text(f"mysql/parity/{name}.sql")


def _one(cursor: Any, run_id: int) -> dict[str, Any]:
    cursor.execute(_text("run"), {"id": run_id})
    return cursor.fetchone()


def _end(cursor: Any, run_id: int, status: RunStatus, cause: str, at_ms: int) -> bool:
    values = {"id": run_id, "status": str(status), "cause": cause, "at": _time(at_ms)}
    return cursor.execute(_text("finish"), values) == 1


def _run(row: dict[str, Any]) -> Run:
    return Run(
        id=row["id"],
        origin=Origin(row["origin"]),
        status=RunStatus(row["status"]),
        asked_at_ms=_ms(row["asked_at"]),
        tag=row["tag"],
        version=row["version"],
        cause=row["cause"],
        started_at_ms=_ms_or_none(row["started_at"]),
        finished_at_ms=_ms_or_none(row["finished_at"]),
    )


def _result(row: dict[str, Any]) -> Result:
    counts = {outcome: int(row[f"{outcome}_users"]) for outcome in Outcome}
    return Result(row["run_id"], row["tag"], row["version"], row["store"], counts, _ms(row["barrier_at"]))


def _result_values(result: Result) -> dict[str, Any]:
    values = {"run_id": result.run_id, "tag": result.tag, "version": result.version, "store": result.store}
    return values | {str(o): n for o, n in result.counts.items()} | {"barrier_at": _time(result.barrier_at_ms)}


def _ms(at: datetime) -> int:
    return (at.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def _ms_or_none(at: datetime | None) -> int | None:
    return None if at is None else _ms(at)


def _time(at_ms: int) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at_ms)).replace(tzinfo=None)
