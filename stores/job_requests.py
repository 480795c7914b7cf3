"""What operators ask of Flink's jobs, in MySQL: the API asks, a worker beside the controller does it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sql
from stores.mysql import again_after_deadlock, transaction
from stores.settings import Settings

STALE_SECONDS = 300
"""After this a request that a worker took is taken again: that one has died."""
KEPT_DAYS = 30
LONGEST_ANSWER = 1_000


class What(StrEnum):
    """What may be asked."""

    SAVEPOINT = "savepoint"
    RESTART = "restart"


class State(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class JobRequest:
    """A request for one job. `said`: what was done, or why it failed."""

    id: str
    job: str
    what: What
    who: str
    state: State
    asked_at_ms: int
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    said: str = ""


class JobIsBusy(Exception):
    """Something else is asked of the job already. `request` is that."""

    def __init__(self, request: JobRequest) -> None:
        super().__init__(f"a {request.what} of {request.job} is {request.state}")
        self.request = request


class JobRequestTable:
    """Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @again_after_deadlock
    def ask(self, job: str, what: What, who: str) -> JobRequest:
        """Ask for something; the same that waits already is that request. Raises JobIsBusy for something else."""
        request_id = uuid.uuid4().hex
        with transaction(self._settings) as cursor:
            waiting = _first(cursor, "open", job=job)
            if waiting is not None:
                if waiting.what is what:
                    return waiting
                raise JobIsBusy(waiting)
            _run(cursor, "ask", id=request_id, job=job, what=what.value, who=who)
            return _there(cursor, request_id)

    def read(self, request_id: str) -> JobRequest | None:
        """One request."""
        with transaction(self._settings) as cursor:
            return _first(cursor, "read", id=request_id)

    def newest(self, limit: int) -> Sequence[JobRequest]:
        """The newest first."""
        with transaction(self._settings) as cursor:
            return _all(cursor, "newest", limit=limit)

    @again_after_deadlock
    def take(self) -> JobRequest | None:
        """The oldest that waits, from now on running. Each is given to one taker. Those of long ago are forgotten."""
        with transaction(self._settings) as cursor:
            _run(cursor, "forget", kept_days=KEPT_DAYS)
            found = _first(cursor, "next", stale_seconds=STALE_SECONDS)
            if found is None:
                return None
            _run(cursor, "take", id=found.id)
            return _there(cursor, found.id)

    @again_after_deadlock
    def finish(self, request: JobRequest, state: State, said: str) -> None:
        """Write what came of a taken request, unless another has taken it since."""
        started_at = datetime.fromtimestamp((request.started_at_ms or 0) / 1000, UTC).replace(tzinfo=None)
        with transaction(self._settings) as cursor:
            said = said[:LONGEST_ANSWER]
            _run(cursor, "finish", id=request.id, state=state.value, said=said, started_at=started_at)


def _run(cursor: Any, file: str, **values: Any) -> None:
    cursor.execute(sql.text(f"mysql/job_requests/{file}.sql"), values)


def _all(cursor: Any, file: str, **values: Any) -> list[JobRequest]:
    _run(cursor, file, **values)
    return [
        JobRequest(
            id=row["id"],
            job=row["job"],
            what=What(row["what"]),
            who=row["who"],
            state=State(row["state"]),
            asked_at_ms=_ms(row["asked_at"]) or 0,
            started_at_ms=_ms(row["started_at"]),
            ended_at_ms=_ms(row["ended_at"]),
            said=row["said"],
        )
        for row in cursor.fetchall()
    ]


def _first(cursor: Any, file: str, **values: Any) -> JobRequest | None:
    return next(iter(_all(cursor, file, **values)), None)


def _there(cursor: Any, request_id: str) -> JobRequest:
    found = _first(cursor, "read", id=request_id)
    if found is None:
        raise LookupError(f"the request {request_id} was written and is not there")
    return found


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.replace(tzinfo=UTC).timestamp() * 1000)
