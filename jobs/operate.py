"""What an operator does with the jobs of a Flink cluster, wherever it runs: looked at, stopped, restarted, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from jobs.builtin import JOB_NAME, builtin_tags
from jobs.pipeline import ensure_running
from jobs.statements import Job
from stores.flink import Checkpoints, FlinkJob, FlinkJobForgotten, cancel_and_wait, open_jobs
from stores.settings import Settings


class NoSuchJob(LookupError):
    """No job of this name runs. The text names those that do."""


class Cluster(Protocol):
    """What is asked of Flink; `stores.flink.FlinkCluster` is the real one. Every method raises FlinkError."""

    def jobs(self) -> list[FlinkJob]: ...

    def checkpoints(self, job_id: str) -> Checkpoints: ...

    def root_cause(self, job_id: str) -> str | None: ...

    def cancel(self, job_id: str) -> None: ...

    def await_state(self, job_id: str, wanted: str, deadline_seconds: float) -> FlinkJob: ...

    def savepoint(self, job_id: str) -> str: ...

    def stop_with_savepoint(self, job_id: str) -> str: ...


@dataclass(frozen=True)
class Listed:
    """A job as an operator sees it. Times are epoch milliseconds; `problem` is the cause of its last failure."""

    name: str
    id: str
    state: str
    started_at_ms: int
    duration_ms: int
    checkpoints: int
    checkpoints_failed: int
    last_checkpoint_at_ms: int | None
    problem: str | None


def listed(cluster: Cluster, ended_too: bool = False) -> list[Listed]:
    """The jobs that have not ended, newest first, or all that the cluster remembers."""
    found = []
    for job in cluster.jobs() if ended_too else open_jobs(cluster):
        try:
            written = cluster.checkpoints(job.id)
        except FlinkJobForgotten:
            # Between the list and this question.
            continue
        found.append(
            Listed(
                job.name, job.id, job.state, job.started_at_ms, job.duration_ms,
                written.completed, written.failed, written.last_at_ms,
                cluster.root_cause(job.id),
            )
        )  # fmt: skip
    return found


def running(cluster: Cluster, name: str) -> FlinkJob:
    """The job of this name that runs. Raises NoSuchJob."""
    found = open_jobs(cluster)
    for job in found:
        if job.name == name:
            return job
    others = ", ".join(sorted(job.name for job in found)) or "none"
    raise NoSuchJob(f"no job {name!r} runs; those that do: {others}")


def submit(settings: Settings) -> tuple[str, str]:
    """The built-in tags' job runs afterwards: (Flink job id, what was done). See `jobs.pipeline.ensure_running`."""
    return ensure_running(Job(JOB_NAME, builtin_tags()), settings)


def stop(cluster: Cluster, name: str, savepoint: bool = True) -> str:
    """End a job; the path of its savepoint, or empty where none was asked for. Raises NoSuchJob."""
    job = running(cluster, name)
    if savepoint:
        return cluster.stop_with_savepoint(job.id)
    cancel_and_wait(cluster, job.id)
    return ""


def restart(
    cluster: Cluster, name: str, settings: Settings, again: Callable[[Settings], tuple[str, str]] = submit
) -> str:
    """Stop a job with a savepoint and have it go on from there; what was done. Raises NoSuchJob.

    A published version's job is started again by the controller, which finds it gone in its next round.
    """
    path = stop(cluster, name)
    if name == JOB_NAME:
        job_id, done = again(settings)
        return f"{job_id} {done}"
    return f"stopped, savepoint {path}; the controller starts it again"
