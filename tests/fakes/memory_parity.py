"""The history of comparisons in memory. It passes the contract suite of the real one (tests/contract/test_parity_runs.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stores.parity_runs import KEPT_MS, LONGEST_RUN_MS, MOST_WAITING
from tagging.parity import TagParity
from tagging.parity_history import (
    LONGEST_CAUSE,
    KeptFinding,
    NewestResult,
    Origin,
    Result,
    Run,
    RunStatus,
    TooManyRequests,
    result_of,
)
from tests.fakes.breakable import Breakable


class MemoryParityRuns(Breakable):
    """Runs by id."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self._runs: dict[int, Run] = {}
        self._results: list[Result] = []
        self._findings: list[tuple[int, KeptFinding]] = []

    def ask(self, tag: str, version: int, at_ms: int) -> Run:
        super().ask()
        waiting = [run for run in self._runs.values() if run.status is RunStatus.WAITING]
        for run in waiting:
            if (run.tag, run.version) == (tag, version):
                return run
        if len(waiting) >= MOST_WAITING:
            raise TooManyRequests(f"{len(waiting)} runs are waiting, at most {MOST_WAITING} may")
        return self._put(Run(self._next(), Origin.REQUEST, RunStatus.WAITING, at_ms, tag, version))

    def claim(self, at_ms: int) -> Run | None:
        super().ask()
        for run in self._runs.values():
            if run.status is RunStatus.WAITING:
                return self._put(replace(run, status=RunStatus.RUNNING, started_at_ms=at_ms))
        return None

    def begin(self, origin: Origin, at_ms: int, tag: str = "", version: int = 0) -> int:
        super().ask()
        return self._put(Run(self._next(), origin, RunStatus.RUNNING, at_ms, tag, version, "", at_ms)).id

    def finish(self, run_id: int, parities: Sequence[TagParity], at_ms: int, cause: str = "") -> None:
        super().ask()
        if not self._end(run_id, RunStatus.DONE, cause[:LONGEST_CAUSE], at_ms):
            return
        place = 0
        for parity in parities:
            self._results.append(result_of(run_id, parity))
            for finding in parity.findings:
                place += 1
                kept = KeptFinding(place, parity.tag, parity.version, parity.store, finding)
                self._findings.append((run_id, kept))

    def give_up(self, run_id: int, cause: str, at_ms: int) -> None:
        super().ask()
        self._end(run_id, RunStatus.FAILED, cause[:LONGEST_CAUSE], at_ms)

    def tidy(self, at_ms: int) -> None:
        super().ask()
        for run in list(self._runs.values()):
            if run.status is RunStatus.RUNNING and run.started_at_ms < at_ms - LONGEST_RUN_MS:
                self._end(run.id, RunStatus.FAILED, "its process ended", at_ms)
        newest = {item.result.run_id for item in self.newest()}
        old = {run.id for run in self._runs.values() if run.asked_at_ms < at_ms - KEPT_MS and run.id not in newest}
        self._runs = {number: run for number, run in self._runs.items() if number not in old}
        self._results = [result for result in self._results if result.run_id not in old]
        self._findings = [item for item in self._findings if item[0] not in old]

    def newest_start_ms(self, origin: Origin) -> int | None:
        super().ask()
        return max(
            (r.started_at_ms for r in self._runs.values() if r.origin is origin and r.started_at_ms), default=None
        )

    def newest(self) -> Sequence[NewestResult]:
        super().ask()
        last: dict[tuple[str, int], int] = {}
        for result in self._results:
            last[result.tag, result.version] = max(result.run_id, last.get((result.tag, result.version), 0))
        kept = [result for result in self._results if last[result.tag, result.version] == result.run_id]
        found = []
        for result in sorted(kept, key=lambda result: (result.tag, result.version, result.store)):
            run = self._runs[result.run_id]
            found.append(NewestResult(result, run.origin, run.started_at_ms, run.finished_at_ms))
        return found

    def runs(self, tag: str | None, before: int | None, limit: int) -> Sequence[Run]:
        super().ask()
        of_tag = {result.run_id for result in self._results if result.tag == tag}
        found = [
            run for run in self._runs.values() if (tag is None or run.id in of_tag) and (not before or run.id < before)
        ]
        return sorted(found, key=lambda run: -run.id)[:limit]

    def run(self, run_id: int) -> Run | None:
        super().ask()
        return self._runs.get(run_id)

    def results(self, run_ids: Sequence[int]) -> Sequence[Result]:
        super().ask()
        found = [result for result in self._results if result.run_id in run_ids]
        return sorted(found, key=lambda result: (result.run_id, result.tag, result.version, result.store))

    def findings(self, run_id: int, tag: str | None, after: int, limit: int) -> Sequence[KeptFinding]:
        super().ask()
        of_run = [kept for number, kept in self._findings if number == run_id]
        return [kept for kept in of_run if kept.place > after and tag in (None, kept.tag)][:limit]

    def _next(self) -> int:
        return max(self._runs, default=0) + 1

    def _put(self, run: Run) -> Run:
        self._runs[run.id] = run
        return run

    def _end(self, run_id: int, status: RunStatus, cause: str, at_ms: int) -> bool:
        run = self._runs[run_id]
        if run.status is not RunStatus.RUNNING:
            return False
        self._put(replace(run, status=status, cause=cause, finished_at_ms=at_ms))
        return True
