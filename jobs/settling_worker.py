"""Settles restarts as they happen: a thread of the controller's process, beside its rounds. A proof settles by the same way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from jobs import barrier as barriers
from jobs.barrier import Barrier, BarrierNotPassed
from jobs.live_tags import carried_by, read_jobs
from jobs.recomputation import values_of
from jobs.settling import Settler
from stores import logs, metrics
from stores.flink import FlinkCluster, FlinkError
from stores.job_restarts import JobRestarts
from stores.mysql import MySQLUnavailable
from stores.registry.leader import Leadership
from stores.settings import Settings
from stores.tag_topics import TagTopics
from tagging.compiler import CompiledTag

LOCK = "settling"
STREAM_SECONDS = 300
POLL_SECONDS = 0.5
log = logs.get("jobs.settling")


def settler_of(settings: Settings, stream_seconds: float = STREAM_SECONDS) -> Settler:
    """The settler of the configured cluster."""

    def passed(job: str, tags: Sequence[CompiledTag]) -> Barrier:
        sources = sorted({source for tag in tags for source in tag.sources})
        barrier = barriers.take(sources, settings)
        barriers.await_job(job, sources, barrier, settings, stream_seconds)
        return barrier

    return Settler(
        FlinkCluster(settings.flink),
        JobRestarts(settings),
        TagTopics(settings),
        passed,
        lambda users, tags, barrier: values_of(users, tags, barrier, settings),
    )


def settle_once(settler: Settler, job: str, settings: Settings, deadline_seconds: float) -> str:
    """Settle the job's restart, or wait until another process has; what was done.

    Raises BarrierNotPassed when another process does not get there in time, and as `Settler.settle`.
    """
    until = time.monotonic() + deadline_seconds
    with Leadership(settings, LOCK) as leader:
        while (restart := settler.pending(job)) is not None:
            if leader.held():
                done = settler.settle(restart, carried_by(settings, job))
                return f"{done.compared:,} values of the run before it compared, {done.corrected:,} corrected"
            if time.monotonic() > until:
                raise BarrierNotPassed(f"what the run of {job} before said is not settled after {deadline_seconds:g} s")
            time.sleep(POLL_SECONDS)
    return "settled by another process"


class SettlingWorker:
    """Looks at every job that carries tags, one after the other, and settles what is to be settled."""

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.monotonic, every_seconds: float = 2.0
    ) -> None:
        self._settings = settings
        self._settler = settler_of(settings)
        self._clock = clock
        self._every = every_seconds
        self._next = 0.0

    def step(self) -> bool:
        """Settle the restarts that there are. False when there was none. Raises MySQLUnavailable."""
        if self._clock() < self._next:
            return False
        self._next = self._clock() + self._every
        try:
            running = {job.name for job in FlinkCluster(self._settings.flink).jobs() if job.state == "RUNNING"}
        except FlinkError as error:
            log.warning("not_settled", cause=str(error))
            return False
        return any([self._settle(name) for name in sorted(running & read_jobs(self._settings))])

    def _settle(self, job: str) -> bool:
        try:
            if self._settler.pending(job) is None:
                return False
            done = settle_once(self._settler, job, self._settings, 0)
        except MySQLUnavailable:
            raise
        except Exception as error:
            # Whatever it is: the next look tries again, and until then a proof says that it waits for this.
            log.warning("not_settled", job=job, kind=type(error).__name__, cause=str(error))
            return False
        log.info("settled", job=job, done=done)
        metrics.SETTLED.labels(job).inc()
        return True
