"""The Flink jobs of tag versions that were published: what `jobs.convergence` calls a cluster, on the real one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from py4j.protocol import Py4JError
from pyflink.util.exceptions import JavaException

from jobs.compiled_versions import compiled_version
from jobs.convergence import BuildFailed, Member
from jobs.pipeline import ensure_running
from jobs.statements import Job
from stores.causes import cause_of
from stores.flink import FlinkError, FlinkJob, cancel_and_wait, open_jobs
from stores.settings import Settings


class Flink(Protocol):
    """What is asked of the cluster; `stores.flink.FlinkCluster` is the real one."""

    def overview(self) -> object: ...

    def jobs(self) -> list[FlinkJob]: ...

    def cancel(self, job_id: str) -> None: ...

    def await_state(self, job_id: str, wanted: str, deadline_seconds: float) -> FlinkJob: ...


class TagJobs:
    """See `jobs.convergence.Cluster`. Every method raises FlinkError while the cluster is away."""

    def __init__(
        self,
        settings: Settings,
        cluster: Flink,
        ensure: Callable[[Job, Settings], tuple[str, str]] = ensure_running,
    ) -> None:
        self._settings = settings
        self._cluster = cluster
        self._ensure = ensure

    def running(self) -> Collection[str]:
        """See `Cluster`."""
        return {job.name for job in open_jobs(self._cluster)}

    def submit(self, job: str, members: Sequence[Member]) -> None:
        """See `Cluster`."""
        compiled = tuple(compiled_version(*member) for member in members)
        try:
            self._ensure(Job(job, compiled), self._settings)
        except (FlinkError, Py4JError, JavaException) as error:
            # A cluster that is away says nothing about the version: this raises then, and the next round tries again.
            self._cluster.overview()
            raise BuildFailed(f"job {job} does not start: {cause_of(error)}") from error

    def stop(self, job: str) -> None:
        """See `Cluster`."""
        for found in open_jobs(self._cluster):
            if found.name == job:
                cancel_and_wait(self._cluster, found.id)
