"""Restarts of jobs in memory: see `stores.job_restarts.JobRestarts`."""

from __future__ import annotations

from dataclasses import replace

from stores.job_restarts import JobRestart


class MemoryRestarts:
    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], JobRestart] = {}

    def newest(self, job: str) -> JobRestart | None:
        return max(self._of(job), key=lambda row: row.restored_ms, default=None)

    def settled_ms(self, job: str) -> int:
        return max((row.restored_ms for row in self._of(job) if row.settled), default=0)

    def since_ms(self, job: str) -> int | None:
        return min((row.since_ms for row in self._of(job) if not row.settled), default=None)

    def note(self, restart: JobRestart) -> None:
        self._rows.setdefault((restart.job, restart.restored_ms), restart)

    def settle(self, restart: JobRestart, compared: int, corrected: int) -> None:
        for row in self._of(restart.job):
            if row.restored_ms <= restart.restored_ms:
                self._rows[row.job, row.restored_ms] = replace(row, settled=True)

    def _of(self, job: str) -> list[JobRestart]:
        return [row for row in self._rows.values() if row.job == job]
