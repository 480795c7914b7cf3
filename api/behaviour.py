"""POST /behaviour/...: what users did, as charts over the stored events."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint

from api import behaviour_answers as answers
from api.behaviour_models import EventTypes, Funnel, OfPeriod, Paths, Retention, Sessions, Trends
from api.documented import documented, noun
from api.errors import invalid
from api.ports import Stores
from api.times import Clock
from tagging.behaviour import FunnelQuery, PathsQuery, Query, RetentionQuery, SessionsQuery, TrendsQuery
from tagging.behaviour_parameters import days_of

MAX_EVENT_TYPES = 200
_FAILURES = (400, 413, 415, 503)


def _version(stores: Stores, query: Any) -> int:
    """The live version of the tag to group by, 0 for none. Raises ApiError."""
    name = getattr(query, "breakdown", None)
    if name is None:
        return 0
    found = next((tag for tag in stores.registry.tags() if tag.name == name), None)
    if found is None:
        raise invalid("breakdown", "there is no such tag", got=name, allowed="a name that GET /api/v1/tags lists")
    return found.version


def _reply(model: OfPeriod) -> Response:
    return Response(model.model_dump_json(by_alias=True), mimetype="application/json")


def _require_json() -> None:
    # The library would take a body that is no JSON for an empty one.
    if request.method == "POST":
        request.get_json()


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of behaviour."""
    routes = noun("behaviour")
    routes.before_request(_require_json)

    def ask(query: Query, answer: Any) -> Response:
        now_ms = clock()
        rows = stores.behaviour.rows(query, now_ms, _version(stores, query))
        return _reply(answer(query, days_of(query.period, now_ms), rows))

    @routes.post("/trends", responses=documented({200: Trends}, *_FAILURES))
    def read_trends(body: TrendsQuery) -> Response:
        """How often something was done, and by how many users, by day or week"""
        return ask(body, answers.trends)

    @routes.post("/funnel", responses=documented({200: Funnel}, *_FAILURES))
    def read_funnel(body: FunnelQuery) -> Response:
        """How many users took steps in order, and how long it took them"""
        return ask(body, answers.funnel)

    @routes.post("/retention", responses=documented({200: Retention}, *_FAILURES))
    def read_retention(body: RetentionQuery) -> Response:
        """How many users did one thing and came back later for another"""
        return ask(body, answers.retention)

    @routes.post("/paths", responses=documented({200: Paths}, *_FAILURES))
    def read_paths(body: PathsQuery) -> Response:
        """What came after or before an event in the same session"""
        return ask(body, answers.paths)

    @routes.post("/sessions", responses=documented({200: Sessions}, *_FAILURES))
    def read_sessions(body: SessionsQuery) -> Response:
        """How many sessions there were, how long, and with how many events"""
        return ask(body, answers.sessions)

    @routes.get("/event-types", responses=documented({200: EventTypes}, 503))
    def list_event_types() -> Response:
        """The types of events that there are"""
        found = EventTypes(items=list(stores.behaviour.event_types(MAX_EVENT_TYPES)))
        return Response(found.model_dump_json(), mimetype="application/json")

    return routes
