"""Compares again and again: what the API is asked for at once, all live tags on a schedule, and what models were asked with.

Run by `python -m jobs.verify --every MINUTES`. Several processes may run; one leads by a lock in MySQL. What is asked for and
what was found is in MySQL alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from py4j.protocol import Py4JError
from pyflink.util.exceptions import JavaException

from jobs import process
from jobs.barrier import BarrierNotPassed
from jobs.builtin import builtin_tags
from jobs.convergence import BuildFailed
from jobs.live_tags import Carried, live, one
from jobs.models.report_schedule import ReportSchedule
from jobs.models.stored_vectors import StoredVectors
from jobs.verification import verify
from stores import logs, metrics
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable
from stores.flink import FlinkError
from stores.hbase import HBaseUnavailable
from stores.kafka import KafkaUnavailable
from stores.models.feature_reports import FeatureReports
from stores.models.registry import ModelRegistry
from stores.mysql import MySQLUnavailable
from stores.parity_runs import ParityRuns
from stores.registry.leader import Leadership
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.lifecycle import Tag
from tagging.parity import TagParity
from tagging.parity_history import Origin, Run

ROUND_SECONDS = 1.0
TIDY_EVERY_MS = 60_000
CANNOT = (
    *(BarrierNotPassed, BuildFailed, LookupError, ValueError, FlinkError, KafkaUnavailable, HBaseUnavailable),
    *(ClickHouseUnavailable, ClickHouseRefused, Py4JError, JavaException),
)
"""What ends the comparison of one job and leaves the others their chance. While MySQL is away there is nobody to tell."""

log = logs.get("jobs.parity_schedule")
Compare = Callable[[Sequence[CompiledTag], str], Iterable[str | TagParity]]
"""Compares the versions that one job carries; progress lines, then outcomes."""


class Runs(Protocol):
    """Where runs are asked for and kept; `stores.parity_runs.ParityRuns` is the real one."""

    def claim(self, at_ms: int) -> Run | None: ...

    def begin(self, origin: Origin, at_ms: int, tag: str = "", version: int = 0) -> int: ...

    def finish(self, run_id: int, parities: Sequence[TagParity], at_ms: int, cause: str = "") -> None: ...

    def give_up(self, run_id: int, cause: str, at_ms: int) -> None: ...

    def tidy(self, at_ms: int) -> None: ...

    def newest_start_ms(self, origin: Origin) -> int | None: ...


class Schedule:
    """One round does at most one run. `every_ms` 0: only what is asked for."""

    def __init__(
        self,
        runs: Runs,
        tags: Callable[[], Sequence[Tag]],
        builtin: Sequence[CompiledTag],
        compare: Compare,
        every_ms: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._runs = runs
        self._tags = tags
        self._builtin = builtin
        self._compare = compare
        self._every_ms = every_ms
        self._now_ms = now_ms
        self._began_ms = now_ms()
        self._tidied_ms = 0

    def round(self) -> int | None:
        """Do the run that waits longest, or the one that is due; its id. Raises MySQLUnavailable."""
        if self._now_ms() - self._tidied_ms >= TIDY_EVERY_MS:
            self._runs.tidy(self._now_ms())
            self._tidied_ms = self._now_ms()
        asked = self._runs.claim(self._now_ms())
        if asked is not None:
            return self._do(asked.id, lambda: self._asked(asked))
        if self._due():
            run_id = self._runs.begin(Origin.SCHEDULE, self._now_ms())
            return self._do(run_id, lambda: live(self._tags(), self._builtin))
        return None

    def _due(self) -> bool:
        if not self._every_ms:
            return False
        # A process that has just begun is no reason to compare everything at once.
        newest = self._runs.newest_start_ms(Origin.SCHEDULE) or self._began_ms
        return self._now_ms() - newest >= self._every_ms

    def _asked(self, run: Run) -> Carried:
        if not run.tag:
            return live(self._tags(), self._builtin)
        return one(self._tags(), self._builtin, run.tag, run.version)

    def _do(self, run_id: int, wanted: Callable[[], Carried]) -> int:
        """Compare job by job: what one job's comparison runs into does not keep the others from theirs."""
        found: list[TagParity] = []
        causes: list[str] = []
        try:
            carried = wanted()
        except CANNOT as error:
            carried, causes = Carried(), [str(error)]
        causes += carried.problems
        for job, tags in carried.by_job.items():
            try:
                for item in self._compare(tags, job):
                    if isinstance(item, TagParity):
                        found.append(item)
                    else:
                        log.info("progress", run=run_id, job=job, done=item)
            except CANNOT as error:
                causes.append(f"job {job}: {error}")
        if causes:
            log.warning("not_compared", run=run_id, causes=causes)
        if causes and not found:
            self._runs.give_up(run_id, "; ".join(causes), self._now_ms())
        else:
            self._runs.finish(run_id, found, self._now_ms(), "; ".join(causes))
            log.info("run_done", run=run_id, outcomes=len(found), wrong=sum(parity.wrong for parity in found))
        return run_id


class Rounds(Protocol):
    """What is done round by round."""

    def round(self) -> int | None:
        """Do the next thing that is due; None where none is. Raises MySQLUnavailable."""


class InTurn:
    """One thing after the other in one process."""

    def __init__(self, *parts: Rounds) -> None:
        self._parts = parts

    def round(self) -> int | None:
        """See `Rounds`. Every part has its turn."""
        done = [part.round() for part in self._parts]
        return next((each for each in done if each is not None), None)


def loop(schedule: Rounds, leads: Callable[[], bool], stop: threading.Event, round_seconds: float) -> None:
    """Rounds until `stop` is set, while this process leads. MySQL is waited for."""
    backoff = process.Backoff()
    while not stop.is_set():
        seconds = round_seconds
        try:
            leading = leads()
            if leading and schedule.round() is not None:
                seconds = 0
            metrics.STORE_UP.labels("parity", "mysql").set(1)
            backoff.reset()
        except MySQLUnavailable as error:
            metrics.STORE_UP.labels("parity", "mysql").set(0)
            seconds = backoff.next_seconds()
            log.warning("waiting", store="mysql", cause=str(error), retry_in_seconds=round(seconds, 2))
        stop.wait(seconds)
    log.info("schedule_stopped")


def serve(every_seconds: float) -> None:
    """Run the schedule until SIGTERM."""
    settings, stop = process.start()
    _await_registry(settings, stop)
    registry, models, reports = TagRegistry(settings), ModelRegistry(settings), FeatureReports(settings)
    every_ms = int(every_seconds * 1000)
    with Leadership(settings, "parity") as leader:
        schedule = Schedule(
            ParityRuns(settings),
            registry.tags,
            builtin_tags(),
            lambda tags, job: verify(tags, settings, job=job),
            every_ms,
            process.wall_ms,
        )
        vectors = ReportSchedule(models, reports, StoredVectors(settings), every_ms, process.wall_ms)
        loop(InTurn(schedule, vectors), leader.held, stop, ROUND_SECONDS)
    for each in (registry, models, reports):
        each.close()


def _await_registry(settings: Settings, stop: threading.Event) -> None:
    backoff = process.Backoff()
    while not stop.is_set():
        try:
            migrate(settings)
            return
        except MySQLUnavailable as error:
            log.warning("waiting", store="mysql", cause=str(error))
            stop.wait(backoff.next_seconds())
