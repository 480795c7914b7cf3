"""Does what operators ask of jobs through the API: a thread of the controller's process, beside its rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from jobs import operate
from jobs.builtin import JOB_NAME
from stores import logs
from stores.causes import cause_of
from stores.job_requests import JobRequest, State, What
from stores.mysql import MySQLUnavailable
from stores.settings import Settings

log = logs.get("jobs.job_requests")
Submit = Callable[[Settings], tuple[str, str]]


class Requests(Protocol):
    """Where they are asked; `stores.job_requests.JobRequestTable` is the real one."""

    def take(self) -> JobRequest | None: ...

    def finish(self, request: JobRequest, state: State, said: str) -> None: ...


class RequestWorker:
    """Does one request after the other. Several workers share them."""

    def __init__(
        self, requests: Requests, cluster: operate.Cluster, settings: Settings, submit: Submit = operate.submit
    ) -> None:
        self._requests = requests
        self._cluster = cluster
        self._settings = settings
        self._submit = submit

    def step(self) -> bool:
        """Do the oldest that waits. False when none does. Raises MySQLUnavailable."""
        taken = self._requests.take()
        if taken is None:
            return False
        try:
            state, said = State.DONE, self._do(taken)
        except MySQLUnavailable:
            raise
        except Exception as error:
            # Whatever it is: a person waits for it, and the next request is not lost for it.
            state, said = State.FAILED, cause_of(error)
        self._requests.finish(taken, state, said)
        log.info("job_request", job=taken.job, what=taken.what.value, who=taken.who, state=state.value, said=said)
        return True

    def _do(self, request: JobRequest) -> str:
        if request.what is What.SAVEPOINT:
            return self._cluster.savepoint(operate.running(self._cluster, request.job).id)
        try:
            return operate.restart(self._cluster, request.job, self._settings, self._submit)
        except operate.NoSuchJob:
            if request.job != JOB_NAME:
                raise
            # A worker that died between the stop and the start left it so.
            job_id, done = self._submit(self._settings)
            return f"{job_id} {done}"
