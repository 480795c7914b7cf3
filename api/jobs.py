"""GET /jobs: Flink's jobs with their checkpoints, and what operators ask of them."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access.declared import requires
from api.access.guard import note
from api.actor import actor
from api.documented import Iso, documented, noun
from api.errors import ApiError
from api.health_ports import JobState
from api.ports import Stores, Unavailable
from api.preconditions import require_json
from api.times import iso, iso_or_none
from api.wire import reply
from stores.job_requests import JobIsBusy, JobRequest, State, What
from tagging.access import Role

NEWEST = 20
ENDED = frozenset({"FINISHED", "FAILED", "CANCELED"})
JobName = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Checkpoints(BaseModel):
    """What a job has written of its state."""

    completed: int
    failed: int
    last_at: Iso | None
    last_bytes: int | None = Field(description="Of the whole state, also where only what changed was written")
    last_seconds: float | None


class JobOut(BaseModel):
    """A job of the Flink cluster, the newest of its name."""

    id: str
    name: str
    state: str
    uptime_seconds: int
    bounded: bool = Field(description="It reads up to a point and ends, as the proof of a version does")
    checkpoints: Checkpoints
    lag: int | None = Field(description="Messages that it is behind the log; null where that is not known")
    problem: str | None = Field(description="The cause of a failure that the job has not recovered from")


class JobRequestOut(BaseModel):
    """What was asked of a job, and what came of it."""

    id: str
    job: str
    what: What
    who: str
    state: State
    asked_at: Iso
    ended_at: Iso | None
    said: str = Field(description="The savepoint's path, what was done, or why it failed")


class JobList(BaseModel):
    """The cluster's jobs, the newest first, and what was asked of them, the newest first."""

    items: list[JobOut]
    requests: list[JobRequestOut]
    problems: list[str] = Field(description="What could not be read, so that its part is empty")


class JobRequestIn(BaseModel):
    """What is asked of a job."""

    model_config = ConfigDict(extra="forbid")

    job: JobName
    what: What = Field(
        description="savepoint: written while the job goes on. restart: stopped with one, and on from there"
    )


class RequestPath(BaseModel):
    """Which request."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Jobs:
    """What the routes answer."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def list(self) -> JobList:
        """The jobs; what else cannot be read is said."""
        jobs = self._stores.jobs.read()
        problems: list[str] = []
        lags, requests = {}, []
        try:
            lags = dict(self._stores.lags.by_group())
        except Unavailable as error:
            problems.append(str(error))
        try:
            requests = list(self._stores.operations.requests.newest(NEWEST))
        except Unavailable as error:
            problems.append(str(error))
        return JobList(
            items=[_job(job, lags) for job in jobs],
            requests=[_request(request) for request in requests],
            problems=problems,
        )

    def ask(self, given: JobRequestIn) -> JobRequestOut:
        """Ask for something of a job that runs."""
        running = {job.name: job for job in self._stores.jobs.read() if job.state not in ENDED}
        job = running.get(given.job)
        if job is None:
            there = ", ".join(sorted(running)) or "none"
            raise ApiError(404, "job_not_found", f"No job of this name runs; those that do: {there}")
        if job.bounded:
            raise ApiError(409, "job_is_bounded", f"{given.job} reads up to a point and ends: it has no savepoints")
        try:
            return _request(self._stores.operations.requests.ask(given.job, given.what, actor()))
        except JobIsBusy as error:
            message = (
                f"A {error.request.what.value} of {given.job} was asked for by {error.request.who}; wait for its end"
            )
            raise ApiError(409, "job_is_busy", message) from error

    def request(self, request_id: str) -> JobRequestOut:
        """One request."""
        found = self._stores.operations.requests.read(request_id)
        if found is None:
            raise ApiError(404, "request_not_found", "There is no such request, or none any more")
        return _request(found)


def _job(job: JobState, lags: dict[str, int]) -> JobOut:
    behind = [lag for group, lag in lags.items() if group.startswith(f"tagstream.{job.name}.")]
    return JobOut(
        id=job.id,
        name=job.name,
        state=job.state,
        uptime_seconds=job.uptime_seconds,
        bounded=job.bounded,
        checkpoints=Checkpoints(
            completed=job.checkpoints_completed,
            failed=job.checkpoints_failed,
            last_at=iso_or_none(job.last_checkpoint_at_ms),
            last_bytes=job.last_checkpoint_bytes,
            last_seconds=None if job.last_checkpoint_ms is None else job.last_checkpoint_ms / 1000,
        ),
        lag=sum(behind) if behind else None,
        problem=job.problem,
    )


def _request(request: JobRequest) -> JobRequestOut:
    return JobRequestOut(
        id=request.id,
        job=request.job,
        what=request.what,
        who=request.who,
        state=request.state,
        asked_at=iso(request.asked_at_ms),
        ended_at=iso_or_none(request.ended_at_ms),
        said=request.said,
    )


def blueprint(stores: Stores) -> APIBlueprint:
    """The routes of jobs."""
    routes = noun("jobs")
    routes.before_request(require_json)
    jobs = Jobs(stores)

    @routes.get("", responses=documented({200: JobList}, 503))
    @requires(Role.VIEWER)
    def list_jobs() -> Response:
        """Flink's jobs, and what operators asked of them"""
        return reply(jobs.list())

    @routes.post("/requests", responses=documented({202: JobRequestOut}, 400, 404, 409, 413, 415, 503))
    @requires(Role.APPROVER)
    def ask_of_job(body: JobRequestIn) -> Response:
        """Ask for a savepoint or a restart of a job; the controller does it, and the request says when it is done"""
        note(f"{body.what.value} {body.job}")
        asked = jobs.ask(body)
        response = reply(asked, 202)
        response.headers["Location"] = f"/api/v1/jobs/requests/{asked.id}"
        return response

    @routes.get("/requests/<id>", responses=documented({200: JobRequestOut}, 404, 503))
    @requires(Role.VIEWER)
    def read_job_request(path: RequestPath) -> Response:
        """What came of a request"""
        return reply(jobs.request(path.id))

    return routes
