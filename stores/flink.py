"""A Flink cluster by its REST interface: jobs, their state, why they failed, their checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

import requests

from stores.causes import root_cause_of
from stores.settings import Flink

T = TypeVar("T")
CANCEL_SECONDS = 60
FINAL_STATES = frozenset({"FINISHED", "FAILED", "CANCELED"})
_TAKES_NONE = "Checkpointing has not been enabled"
_STARTING = "is initializing"


class FlinkError(RuntimeError):
    """The cluster could not be reached, refused a request, or a job ended otherwise than asked."""


class FlinkRefusal(FlinkError):
    """The cluster answered, with an error. `status`: of HTTP."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class FlinkJobForgotten(FlinkError):
    """The cluster does not know such a job, or not any more."""


@dataclass(frozen=True)
class FlinkJob:
    """One job as the cluster reports it. Times are epoch milliseconds.

    `whole`: whether every task runs or has ended. A job that is RUNNING may have tasks that still read their state: it takes
    no checkpoint until then. `placeless`: how many of its tasks have no slot yet.
    """

    id: str
    name: str
    state: str
    started_at_ms: int
    duration_ms: int
    whole: bool = True
    placeless: int = 0


@dataclass(frozen=True)
class Failure:
    """What a job failed of: the task's name, or "" where the job as a whole failed, and the innermost cause in one line."""

    task: str
    cause: str
    at_ms: int


@dataclass(frozen=True)
class Checkpoints:
    """What a job has written of its state. `last_at_ms`: when the newest complete one was acknowledged, epoch ms; `last_bytes`:
    its size; `last_ms`: how long it took. `taken`: whether the job takes any; one that reads to an end does not.
    """

    completed: int = 0
    failed: int = 0
    last_at_ms: int | None = None
    last_bytes: int | None = None
    last_ms: int | None = None
    taken: bool = True


@dataclass(frozen=True)
class Restored:
    """The state that a job went on from last. `at_ms`: when; `path`: of the checkpoint or savepoint; `triggered_ms`: when that
    was begun, None where the cluster does not know any more. `times`: how often the job did so. Epoch milliseconds.
    """

    at_ms: int
    path: str
    triggered_ms: int | None
    times: int


class FlinkCluster:
    """Requests to one cluster. Every method raises FlinkError naming the address when the cluster does not answer."""

    def __init__(self, settings: Flink, timeout_seconds: float = 10) -> None:
        self._url = settings.rest_url.rstrip("/")
        self._timeout = timeout_seconds
        self._session = requests.Session()

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            answer = self._session.request(method, self._url + path, timeout=self._timeout, **arguments)
        except requests.RequestException as error:
            raise FlinkError(f"Flink at {self._url} does not answer: {error}") from error
        if answer.status_code >= 400:
            said = f"Flink at {self._url} refused {method} {path}: {answer.status_code} {answer.text[:500]}"
            raise FlinkRefusal(answer.status_code, said)
        return answer.json() if answer.content else None

    def overview(self) -> dict[str, Any]:
        """Slots, task managers and counts of jobs, as the cluster says them."""
        return self._request("GET", "/overview")

    def jobs(self) -> list[FlinkJob]:
        """All jobs the cluster still remembers, newest first."""
        found = [
            FlinkJob(
                job["jid"], job["name"], job["state"], job["start-time"], job["duration"],
                _whole(job.get("tasks")), (job.get("tasks") or {}).get("scheduled", 0),
            )
            for job in self._request("GET", "/jobs/overview")["jobs"]
        ]  # fmt: skip
        return sorted(found, key=lambda job: -job.started_at_ms)

    def wait_for_slots(self, job: FlinkJob) -> str | None:
        """That the job has tasks with no slot and the cluster none that is free, and what to do; None where it is not so."""
        if not job.placeless or (known := self.overview())["slots-available"]:
            return None
        total = known["slots-total"]
        return (
            f"{job.placeless} tasks wait for a slot, and all {total} of the cluster are taken; fix: more slots "
            "(taskmanager.numberOfTaskSlots), or end a job"
        )

    def job(self, job_id: str) -> FlinkJob:
        """One job. Raises FlinkError when the cluster does not know it."""
        job = self._request("GET", f"/jobs/{job_id}")
        return FlinkJob(job["jid"], job["name"], job["state"], job["start-time"], job["duration"])

    def running_since_ms(self, job_id: str) -> int:
        """When the job last began to run, epoch ms by the cluster's clock; 0 when it never did."""
        return self._request("GET", f"/jobs/{job_id}")["timestamps"]["RUNNING"]

    def last_failure(self, job_id: str) -> Failure | None:
        """A job's last failure, or None when it never failed."""
        history = self._request("GET", f"/jobs/{job_id}/exceptions?maxExceptions=1")
        entries = history.get("exceptionHistory", {}).get("entries") or []
        if not entries:
            return None
        return Failure(
            entries[0].get("taskName") or "", root_cause_of(entries[0]["stacktrace"]), entries[0]["timestamp"]
        )

    def root_cause(self, job_id: str) -> str | None:
        """The innermost cause of a job's last failure in one line, or None when it never failed."""
        failure = self.last_failure(job_id)
        return failure.cause if failure else None

    def checkpoints(self, job_id: str) -> Checkpoints:
        """A job's checkpoints; none yet while it is being started. Raises FlinkJobForgotten."""
        try:
            known = self._request("GET", f"/jobs/{job_id}/checkpoints")
        except FlinkRefusal as refusal:
            if _TAKES_NONE in str(refusal):
                return Checkpoints(taken=False)
            # A job that goes on from a large state is for seconds one that Flink lists and can say nothing of: HTTP 500.
            if _STARTING in str(refusal):
                return Checkpoints()
            if refusal.status == HTTPStatus.NOT_FOUND:
                raise FlinkJobForgotten(str(refusal)) from refusal
            raise
        counts, last = known.get("counts") or {}, (known.get("latest") or {}).get("completed") or {}
        return Checkpoints(
            counts.get("completed", 0), counts.get("failed", 0), last.get("latest_ack_timestamp"),
            last.get("state_size"), last.get("end_to_end_duration"),
        )  # fmt: skip

    def restored(self, job_id: str) -> Restored | None:
        """The state that a job went on from when it was last restarted; None when it never was."""
        known = self._request("GET", f"/jobs/{job_id}/checkpoints")
        found = (known.get("latest") or {}).get("restored")
        if not found:
            return None
        triggered = (item["trigger_timestamp"] for item in known.get("history", ()) if item["id"] == found["id"])
        times = known["counts"]["restored"]
        return Restored(found["restore_timestamp"], found["external_path"], next(triggered, None), times)

    def ask_for_checkpoint(self, job_id: str) -> None:
        """Have the job write a checkpoint now, beside those that it writes by itself; returns before it is written."""
        self._request("POST", f"/jobs/{job_id}/checkpoints", json={"checkpointType": "CONFIGURED"})

    def cancel(self, job_id: str) -> None:
        """Ask for the job's end without a savepoint; its retained checkpoint stays."""
        self._request("PATCH", f"/jobs/{job_id}?mode=cancel")

    def stop_with_savepoint(self, job_id: str, deadline_seconds: float = 120) -> str:
        """Stop the job and return the savepoint's path. A job that is being started or restarted is waited for first."""
        self._await_tasks(job_id, deadline_seconds)
        trigger = self._request("POST", f"/jobs/{job_id}/stop", json={"drain": False})["request-id"]
        return self._await_savepoint(job_id, trigger, deadline_seconds)

    def savepoint(self, job_id: str, deadline_seconds: float = 120) -> str:
        """Write a savepoint while the job goes on and return its path; waits as `stop_with_savepoint` does."""
        self._await_tasks(job_id, deadline_seconds)
        trigger = self._request("POST", f"/jobs/{job_id}/savepoints", json={"cancel-job": False})["request-id"]
        return self._await_savepoint(job_id, trigger, deadline_seconds)

    def _await_tasks(self, job_id: str, deadline_seconds: float) -> None:
        """Until every task of the job runs: Flink refuses a savepoint before. Of one that ended Flink says so itself."""

        def answer() -> bool | None:
            job = next((job for job in self.jobs() if job.id == job_id), None)
            return True if job is None or job.state in FINAL_STATES or (job.state == "RUNNING" and job.whole) else None

        _poll(answer, deadline_seconds, f"all tasks of Flink job {job_id} to run")

    def _await_savepoint(self, job_id: str, trigger: str, deadline_seconds: float) -> str:
        def answer() -> dict[str, Any] | None:
            status = self._request("GET", f"/jobs/{job_id}/savepoints/{trigger}")
            return status["operation"] if status["status"]["id"] == "COMPLETED" else None

        operation = _poll(answer, deadline_seconds, f"savepoint of Flink job {job_id}")
        if "failure-cause" in operation:
            raise FlinkError(
                f"savepoint of Flink job {job_id}: {root_cause_of(operation['failure-cause']['stack-trace'])}"
            )
        return operation["location"]

    def await_state(self, job_id: str, wanted: str, deadline_seconds: float) -> FlinkJob:
        """Wait until the job is in `wanted`. Raises FlinkError with the root cause when it ends otherwise, or too late."""

        def answer() -> FlinkJob | None:
            job = self.job(job_id)
            if job.state == wanted:
                return job
            if job.state in FINAL_STATES:
                raise FlinkError(f"Flink job {job.name} ({job_id}) is {job.state}: {self.root_cause(job_id)}")
            return None

        return _poll(answer, deadline_seconds, f"Flink job {job_id} to be {wanted}")


class Cancels(Protocol):
    """The part of a cluster that `cancel_and_wait` and `open_jobs` ask; FlinkCluster is the real one."""

    def jobs(self) -> list[FlinkJob]: ...

    def cancel(self, job_id: str) -> None: ...

    def await_state(self, job_id: str, wanted: str, deadline_seconds: float) -> FlinkJob: ...


def open_jobs(cluster: Cancels) -> list[FlinkJob]:
    """The jobs that have not ended, newest first. Raises FlinkError."""
    return [job for job in cluster.jobs() if job.state not in FINAL_STATES]


def cancel_and_wait(cluster: Cancels, job_id: str) -> None:
    """End the job without a savepoint; its retained checkpoint stays. Raises FlinkError when it does not end in time."""
    cluster.cancel(job_id)
    cluster.await_state(job_id, "CANCELED", CANCEL_SECONDS)


def _whole(tasks: Mapping[str, int] | None) -> bool:
    return tasks is None or tasks["running"] + tasks["finished"] == tasks["total"]


def _poll(answer: Callable[[], T | None], deadline_seconds: float, what: str) -> T:
    until = time.monotonic() + deadline_seconds
    while (found := answer()) is None:
        if time.monotonic() > until:
            raise FlinkError(f"waited {deadline_seconds:g} s for {what}")
        time.sleep(0.2)
    return found
