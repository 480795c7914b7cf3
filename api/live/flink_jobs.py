"""Flink's jobs with the cause of a failure named by the source that it came from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from api.health_ports import JobState
from api.ports import Unavailable
from stores.flink import Failure, FlinkCluster, FlinkError, FlinkJob
from stores.settings import Settings
from tagging.names import CLOCK_TOPIC, EVENTS_TOPIC, cdc_topic

ANSWER_SECONDS = 2.0
_SOURCE_TASK = re.compile(r"Source: `?(?:([a-z_]+?)_log|(clock))\b")
_JAVA_CLASS = re.compile(r"(?:[\w$]+\.)+[\w$]+: ")
_NO_CHECKPOINTS = "Checkpointing has not been enabled"
_ENDED_WELL = frozenset({"FINISHED", "CANCELED", "CANCELLING"})


def named_cause(failure: Failure, database: str = "shop") -> str:
    """What failed and why, such as "cdc.shop.users: Could not find field with name 'city'"."""
    java_class = _JAVA_CLASS.match(failure.cause)
    cause = failure.cause[java_class.end() if java_class else 0 :].strip().removesuffix(".") or failure.cause
    found = _SOURCE_TASK.search(failure.task)
    if found:
        source = found[1] or found[2]
        return f"{source if source in (EVENTS_TOPIC, CLOCK_TOPIC) else cdc_topic(source, database)}: {cause}"
    operator = failure.task.partition("[")[0].strip()[:80]
    # A failure of the job as a whole has a "(global failure)" for a task.
    return f"{operator}: {cause}" if operator and not operator.startswith("(") else cause


def last_checkpoint_ms(checkpoints: dict[str, Any]) -> int | None:
    """When the newest completed checkpoint was acknowledged, of what Flink says of a job's checkpoints."""
    completed = (checkpoints.get("latest") or {}).get("completed")
    return completed["latest_ack_timestamp"] if completed else None


def _of_checkpoints(written: dict[str, Any]) -> dict[str, int | None]:
    counts, last = written.get("counts") or {}, (written.get("latest") or {}).get("completed") or {}
    return {
        "checkpoints_completed": counts.get("completed", 0),
        "checkpoints_failed": counts.get("failed", 0),
        "last_checkpoint_bytes": last.get("state_size"),
        "last_checkpoint_ms": last.get("end_to_end_duration"),
    }


class FlinkJobStates:
    """The cluster's jobs, the newest of each name."""

    def __init__(self, settings: Settings) -> None:
        self._cluster = FlinkCluster(settings.flink, ANSWER_SECONDS)
        self._database = settings.mysql.shop_database

    def read(self) -> Sequence[JobState]:
        """See `api.ports.FlinkJobs`."""
        try:
            newest: dict[str, FlinkJob] = {}
            for job in self._cluster.jobs():
                newest.setdefault(job.name, job)
            return [state for job in newest.values() if (state := self._state(job)) is not None]
        except FlinkError as error:
            raise Unavailable("flink", str(error)) from error

    def _state(self, job: FlinkJob) -> JobState | None:
        bounded, written = False, {}
        try:
            written = self._cluster.checkpoints(job.id)
            checkpoint_ms = last_checkpoint_ms(written)
        except FlinkError as error:
            # A batch run takes no checkpoints; and a job may be forgotten between the list and this question.
            if ": 404 " not in str(error):
                raise
            if _NO_CHECKPOINTS not in str(error):
                return None
            checkpoint_ms, bounded = None, True
        return JobState(
            id=job.id,
            name=job.name,
            state=job.state,
            uptime_seconds=job.duration_ms // 1000,
            last_checkpoint_at_ms=checkpoint_ms,
            problem=None if job.state in _ENDED_WELL else self._problem(job, checkpoint_ms),
            bounded=bounded,
            **_of_checkpoints(written),
        )

    def _problem(self, job: FlinkJob, checkpoint_ms: int | None) -> str | None:
        failure = self._cluster.last_failure(job.id)
        if failure is None:
            return None
        # A checkpoint completed since: the job has come through.
        recovered = job.state == "RUNNING" and checkpoint_ms is not None and checkpoint_ms > failure.at_ms
        return None if recovered else named_cause(failure, self._database)
