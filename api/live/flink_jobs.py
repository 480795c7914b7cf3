"""Flink's jobs with the cause of a failure named by the source that it came from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from api.health_ports import JobState
from api.ports import Unavailable
from stores.flink import Failure, FlinkCluster, FlinkError, FlinkJob, FlinkJobForgotten
from stores.settings import Settings
from tagging.names import source_topic

ANSWER_SECONDS = 2.0
_SOURCE_TASK = re.compile(r"Source: `?(?:([a-z_]+?)_log|(clock))\b")
_JAVA_CLASS = re.compile(r"(?:[\w$]+\.)+[\w$]+: ")
_ENDED_WELL = frozenset({"FINISHED", "CANCELED", "CANCELLING"})


def named_cause(failure: Failure, database: str = "shop") -> str:
    """What failed and why, such as "cdc.shop.users: Could not find field with name 'city'"."""
    java_class = _JAVA_CLASS.match(failure.cause)
    cause = failure.cause[java_class.end() if java_class else 0 :].strip().removesuffix(".") or failure.cause
    found = _SOURCE_TASK.search(failure.task)
    if found:
        return f"{source_topic(found[1] or found[2], database)}: {cause}"
    operator = failure.task.partition("[")[0].strip()[:80]
    # A failure of the job as a whole has a "(global failure)" for a task.
    return f"{operator}: {cause}" if operator and not operator.startswith("(") else cause


class FlinkJobStates:
    """The cluster's jobs, the newest of each name."""

    def __init__(self, settings: Settings) -> None:
        self._cluster = FlinkCluster(settings.flink, ANSWER_SECONDS)
        self._database = settings.mysql.shop_database

    def read(self) -> Sequence[JobState]:
        """See `api.health_ports.FlinkJobs`."""
        return self._states()

    def problem(self, name: str) -> str | None:
        """See `api.health_ports.FlinkJobs`: the cluster is asked of this job alone."""
        return next((state.problem for state in self._states(name)), None)

    def _states(self, name: str | None = None) -> list[JobState]:
        """Of the newest job of each name, or of this one alone."""
        try:
            newest: dict[str, FlinkJob] = {}
            for job in self._cluster.jobs():
                if name in (None, job.name):
                    newest.setdefault(job.name, job)
            return [state for job in newest.values() if (state := self._state(job)) is not None]
        except FlinkError as error:
            raise Unavailable("flink", str(error)) from error

    def _state(self, job: FlinkJob) -> JobState | None:
        try:
            written = self._cluster.checkpoints(job.id)
        except FlinkJobForgotten:
            # Between the list and this question.
            return None
        return JobState(
            id=job.id,
            name=job.name,
            state=job.state,
            uptime_seconds=job.duration_ms // 1000,
            last_checkpoint_at_ms=written.last_at_ms,
            problem=None if job.state in _ENDED_WELL else self._problem(job, written.last_at_ms),
            bounded=not written.taken,
            checkpoints_completed=written.completed,
            checkpoints_failed=written.failed,
            last_checkpoint_bytes=written.last_bytes,
            last_checkpoint_ms=written.last_ms,
        )

    def _problem(self, job: FlinkJob, checkpoint_ms: int | None) -> str | None:
        if waits := self._cluster.wait_for_slots(job):
            return waits
        failure = self._cluster.last_failure(job.id)
        if failure is None:
            return None
        # A checkpoint completed since: the job has come through.
        recovered = job.state == "RUNNING" and checkpoint_ms is not None and checkpoint_ms > failure.at_ms
        return None if recovered else named_cause(failure, self._database)
