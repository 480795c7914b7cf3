"""POST /events: behaviour events into the log, all of a request or none."""

import secrets
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from flask import Response, request
from flask_openapi3 import APIBlueprint
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from werkzeug.exceptions import UnsupportedMediaType

from api.access.declared import requires
from api.documented import documented, noun
from api.erasure_ports import Erasures
from api.errors import ApiError, Problem, invalid, refusal, shortened
from api.observed import Meters
from api.ports import Delivery, EventLog
from api.times import Clock, iso, parse_iso
from api.wire import reply
from stores.settings import Api
from tagging.access import Role
from tagging.events import AHEAD_MS, MAX_ID_LENGTH

EARLIEST_MS = 946_684_800_000
"""2000-01-01: what lies before is a unit mixed up, not an event."""
MAX_PROPERTIES = 64
MAX_PROPERTY_CHARACTERS = 1024

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH, pattern=_NO_CONTROLS)]
PropertyName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH)]
PropertyText = Annotated[str, StringConstraints(max_length=MAX_PROPERTY_CHARACTERS)]
_TIME_SCHEMA = {
    "oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}],
    "description": "ISO 8601 with a zone, or epoch milliseconds",
}


class Accepted(BaseModel):
    """Every event is in the log."""

    accepted: int
    event_ids: list[str] = Field(description="In the order of the request; made here where the request had none")


def new_event_id(at_ms: int) -> str:
    """A UUID version 7: ids made later sort later."""
    fields = (at_ms & (2**48 - 1)) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=fields))


def _milliseconds(given: Any) -> int:
    if type(given) is int:
        return given
    if isinstance(given, str):
        try:
            return parse_iso(given)
        except ValueError:
            pass
    raise ValueError("is not a time: write ISO 8601 with a zone, such as 2026-01-31T09:30:00Z, or epoch milliseconds")


def request_model(limits: Api, clock: Clock) -> type[BaseModel]:
    """The body that POST /events takes under these limits."""

    def plausible(at_ms: int) -> int:
        now = clock()
        if at_ms > now + AHEAD_MS:
            raise ValueError(f"lies more than 5 minutes ahead of the server's clock, which says {iso(now)}")
        if at_ms < EARLIEST_MS:
            unit = ": these look like seconds, write milliseconds" if EARLIEST_MS <= at_ms * 1000 <= now * 2 else ""
            raise ValueError(f"lies before 2000-01-01{unit}")
        return at_ms

    Time = Annotated[int, AfterValidator(plausible), BeforeValidator(_milliseconds), WithJsonSchema(_TIME_SCHEMA)]

    class EventIn(BaseModel):
        """Something that a user did."""

        model_config = ConfigDict(strict=True, extra="forbid")

        event_id: Id | None = Field(None, description="Counted once however often it is sent; made here when absent")
        user_id: Id
        event_type: Id = Field(examples=["cart"])
        item_id: Id | None = None
        properties: dict[PropertyName, PropertyText] | None = Field(None, max_length=MAX_PROPERTIES)
        occurred_at: Time | None = Field(None, description="Now, when absent")

        def record(self, now: int) -> dict[str, Any]:
            """The event as the log holds it."""
            return {
                "event_id": self.event_id or new_event_id(now),
                "user_id": self.user_id,
                "event_type": self.event_type,
                "item_id": self.item_id,
                "properties": self.properties or {},
                "occurred_at": now if self.occurred_at is None else self.occurred_at,
            }

    class EventsIn(BaseModel):
        """Events to write. One that is wrong refuses them all."""

        model_config = ConfigDict(strict=True, extra="forbid")

        events: list[EventIn] = Field(min_length=1, max_length=limits.max_events_per_request)

    return EventsIn


def _require_json() -> None:
    """Raises ApiError for a body that is not one JSON object, before anything looks at its fields."""
    if request.method != "POST":
        return
    if request.content_encoding not in (None, "identity"):
        raise UnsupportedMediaType(
            f"Content-Encoding {shortened(request.content_encoding)} is not taken: send it plain"
        )
    body = request.get_json()
    if not isinstance(body, dict):
        raise invalid("", "the body must be a JSON object", got=body, allowed='{"events": [...]}')


def _refuse_clashes(records: Sequence[dict[str, Any]]) -> None:
    """Two different events under one id: the log would keep the first and lose the second in silence."""
    first: dict[str, int] = {}
    problems = []
    for index, record in enumerate(records):
        seen = first.setdefault(record["event_id"], index)
        if records[seen] != record:
            problems.append(
                Problem(
                    path=f"events[{index}].event_id",
                    message=f"is also the id of events[{seen}], which differs; give each event an id of its own",
                    got=record["event_id"],
                )
            )
    if problems:
        raise refusal(problems)


def _refuse_erased(records: Sequence[dict[str, Any]], erasures: Erasures) -> None:
    """The log keeps what it takes: of who was erased it takes nothing."""
    erased = erasures.among(record["user_id"] for record in records)
    problems = [
        Problem(path=f"events[{index}].user_id", message="was erased; leave the event out", got=record["user_id"])
        for index, record in enumerate(records)
        if record["user_id"] in erased
    ]
    if problems:
        raise refusal(problems)


def _confirm(records: Sequence[dict[str, Any]], deliveries: Sequence[Delivery], meters: Meters) -> None:
    """Raises ApiError saying of each event whether it is in the log, unless all are."""
    failed = sum(delivery.problem is not None for delivery in deliveries)
    meters.events.labels("accepted").inc(len(records) - failed)
    meters.events.labels("unacknowledged").inc(failed)
    if not failed:
        return
    raise ApiError(
        503,
        "log_unavailable",
        f"Kafka acknowledged {len(records) - failed} of {len(records)} events. Send all of them again with the ids "
        "listed here: an event that is in the log already is counted once",
        [
            Problem(
                path=f"events[{index}]",
                message=f"not acknowledged: {delivery.problem}" if delivery.problem else "acknowledged",
                got=record["event_id"],
            )
            for index, (record, delivery) in enumerate(zip(records, deliveries, strict=True))
        ],
        {"Retry-After": "5"},
    )


def blueprint(log: EventLog, erasures: Erasures, limits: Api, clock: Clock, meters: Meters) -> APIBlueprint:
    """The route that writes events."""
    routes = noun("events")
    routes.before_request(_require_json)
    EventsIn = request_model(limits, clock)

    @routes.post("", responses=documented({202: Accepted}, 400, 413, 415, 503))
    @requires(Role.EDITOR, Role.SERVICE, audited=False)
    def write_events(body: EventsIn) -> Response:
        """Write behaviour events to the log

        All of the request is refused if one event is wrong. 202 is sent once Kafka has acknowledged every event.
        """
        now = clock()
        records = [event.record(now) for event in body.events]
        _refuse_clashes(records)
        _refuse_erased(records, erasures)
        _confirm(records, log.append(records), meters)
        return reply(Accepted(accepted=len(records), event_ids=[record["event_id"] for record in records]), 202)

    return routes
