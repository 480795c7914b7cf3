"""GET /overview: the figures of the dashboard's first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from api.access.declared import requires
from api.cache import MomentCache
from api.documented import Iso, documented, noun
from api.ports import Stores, Unavailable
from api.times import iso, iso_or_none
from api.wire import reply
from tagging.access import Role

KEPT_SECONDS = 1.5


class FlinkJobState(BaseModel):
    """A job of the Flink cluster."""

    id: str
    name: str
    state: str
    uptime_seconds: int
    last_checkpoint_at: Iso | None
    problem: str | None = Field(description="The cause of a failure that the job has not recovered from")


class FlinkState(BaseModel):
    """The Flink cluster's jobs, the newest of each name."""

    jobs: list[FlinkJobState]


class MinuteEvents(BaseModel):
    """Events stored of one minute."""

    minute: Iso = Field(description="When the minute began")
    events: int


class FreshnessOut(BaseModel):
    """How long after the log had an event it had the tag change that the event made."""

    changes: int = Field(description="Of the last two minutes, a user each")
    p50_seconds: float | None
    p99_seconds: float | None


class Overview(BaseModel):
    """What goes through Tagstream now."""

    users_total: int
    events_total: int
    events_per_second: float = Field(description="Over the last minute")
    tag_changes_per_second: float = Field(description="Over the last minute")
    dead_letters_total: int
    freshness: FreshnessOut
    lag: dict[str, int] = Field(description="Messages that each consumer group is behind the log")
    flink: FlinkState
    series: list[MinuteEvents] = Field(description="The last 60 minutes, oldest first")
    problems: list[str] = Field(description="What could not be read, so that its part is empty")


def blueprint(stores: Stores) -> APIBlueprint:
    """The route of the figures."""
    routes = noun("overview")
    kept: MomentCache[Overview] = MomentCache(KEPT_SECONDS)

    @routes.get("", responses=documented({200: Overview}, 503))
    @requires(Role.VIEWER)
    def read_overview() -> Response:
        """Totals, rates, lag and jobs"""
        return reply(kept.get("overview", lambda: _read(stores)))

    return routes


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _read(stores: Stores) -> Overview:
    problems: list[str] = []

    def or_empty(read: Callable[[], Any], empty: Any) -> Any:
        try:
            return read()
        except Unavailable as error:
            problems.append(str(error))
            return empty

    activity = stores.activities.read()
    lag = or_empty(stores.lags.by_group, {})
    jobs = or_empty(stores.jobs.read, [])
    return Overview(
        users_total=stores.users.total(),
        events_total=activity.events_total,
        events_per_second=round(activity.events_per_second, 2),
        tag_changes_per_second=round(activity.tag_changes_per_second, 2),
        dead_letters_total=activity.dead_letters_total,
        freshness=FreshnessOut(
            changes=activity.freshness.changes,
            p50_seconds=_seconds(activity.freshness.p50_ms),
            p99_seconds=_seconds(activity.freshness.p99_ms),
        ),
        lag=dict(lag),
        flink=FlinkState(
            jobs=[
                FlinkJobState(
                    id=job.id,
                    name=job.name,
                    state=job.state,
                    uptime_seconds=job.uptime_seconds,
                    last_checkpoint_at=iso_or_none(job.last_checkpoint_at_ms),
                    problem=job.problem,
                )
                for job in jobs
            ]
        ),
        series=[
            MinuteEvents(minute=iso(minute * 60_000), events=events) for minute, events in activity.events_by_minute
        ],
        problems=problems,
    )
