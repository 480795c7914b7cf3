"""Restarts of streaming jobs in MySQL, and which of them are settled: see `jobs.settling`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sql
from stores.mysql import transaction
from stores.settings import Settings

KEPT_DAYS = 90


@dataclass(frozen=True)
class JobRestart:
    """A job that went on from a checkpoint at `restored_ms`, or then began without one. `times`: how often that Flink job went on
    from one; `since_ms`: from when on what was said may be of a run that was lost. Epoch milliseconds.
    """

    job: str
    restored_ms: int
    flink_job_id: str
    times: int
    since_ms: int
    settled: bool = False


class JobRestarts:
    """Remembers them. Every method raises MySQLUnavailable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def newest(self, job: str) -> JobRestart | None:
        """The newest that was noted."""
        row = self._row("newest", job)
        return JobRestart(**{**row, "settled": bool(row["settled"])}) if row else None

    def settled_ms(self, job: str) -> int:
        """When the newest settled one went on from its checkpoint; 0 when none is settled."""
        return int((self._row("settled_ms", job) or {})["restored_ms"] or 0)

    def since_ms(self, job: str) -> int | None:
        """The earliest `since_ms` of those that are not settled; None when all are."""
        found = (self._row("since_ms", job) or {})["since_ms"]
        return None if found is None else int(found)

    def note(self, restart: JobRestart) -> None:
        """Remember one; doing it twice changes nothing."""
        values = {name: value for name, value in vars(restart).items() if name != "settled"}
        with transaction(self._settings) as cursor:
            cursor.execute(sql.text("mysql/job_restarts/add.sql"), values)

    def settle(self, restart: JobRestart, compared: int, corrected: int) -> None:
        """Call this one and all before it settled: so many values were compared, so many of them corrected."""
        values = {"job": restart.job, "restored_ms": restart.restored_ms, "compared": compared, "corrected": corrected}
        with transaction(self._settings) as cursor:
            cursor.execute(sql.text("mysql/job_restarts/settle.sql"), values)
            cursor.execute(sql.text("mysql/job_restarts/forget_old.sql"), {"days": KEPT_DAYS})

    def _row(self, query: str, job: str) -> dict[str, Any] | None:
        with transaction(self._settings) as cursor:
            cursor.execute(sql.text(f"mysql/job_restarts/{query}.sql"), {"job": job})
            return cursor.fetchone()
