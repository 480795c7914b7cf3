"""Dead letters sent again: as they were, or corrected, each once."""

from __future__ import annotations

import hashlib
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access.declared import requires
from api.access.guard import note
from api.actor import actor
from api.documented import Iso, documented, noun
from api.errors import ApiError, invalid
from api.operation_ports import Operations
from api.preconditions import require_json
from api.times import Clock, iso
from api.wire import reply
from stores.dead_letters import Place, Replay
from tagging.access import Role
from tagging.events import Event, read_events
from tagging.names import EVENTS_TOPIC

LONGEST_PAYLOAD = 200_000
Topic = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class LetterPath(BaseModel):
    """Which dead letter: where it lies in the log."""

    topic: Topic
    partition: int = Field(ge=0, le=65_535)
    offset: int = Field(ge=0, lt=2**53)


class LetterReplayIn(BaseModel):
    """What is sent."""

    model_config = ConfigDict(extra="forbid")

    payload: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PAYLOAD)] | None = Field(
        None, description="Corrected text; null sends the bytes as they were"
    )


class LetterReplayOut(BaseModel):
    """A dead letter that was sent again."""

    who: str
    at: Iso
    sha256: str = Field(description="Of what was sent")
    topic: str
    partition: int = Field(description="Where it lies now")
    offset: int


class LetterOut(BaseModel):
    """A dead letter with all of its bytes."""

    topic: str
    partition: int
    offset: int
    payload: str | None = Field(description="null where the bytes are no UTF-8 text, or too many to be corrected here")
    payload_bytes: int
    replay: LetterReplayOut | None


class Letters:
    """What the routes answer."""

    def __init__(self, operations: Operations, clock: Clock) -> None:
        self._operations = operations
        self._clock = clock

    def read(self, letter: Place) -> LetterOut:
        """One of them."""
        payload, replay = self._payload(letter), self._operations.replays.read(letter)
        return LetterOut(
            **vars(letter), payload=_text(payload), payload_bytes=len(payload), replay=replay and _replay(replay)
        )

    def replay(self, letter: Place, corrected: str | None) -> LetterReplayOut:
        """Send it again, unless it was: then what was sent must be the same."""
        if letter.topic != EVENTS_TOPIC:
            raise invalid("topic", "is not a topic whose messages can be sent again", letter.topic, EVENTS_TOPIC)
        payload = self._payload(letter) if corrected is None else corrected.encode()
        if corrected is not None:
            self._payload(letter)
        sha256 = hashlib.sha256(payload).hexdigest()
        event = self._event(payload)

        def send() -> Place:
            return self._operations.resender.send(letter.topic, event.user_id, payload)

        found = self._operations.replays.once(letter, sha256, actor(), send)
        if found.sha256 != sha256:
            message = f"This letter was sent again by {found.who} at {iso(found.asked_at_ms)}, with other bytes"
            raise ApiError(409, "already_replayed", message)
        return _replay(found)

    def _payload(self, letter: Place) -> bytes:
        found = self._operations.letters.payload(letter)
        if found is None:
            raise ApiError(404, "dead_letter_not_found", "No message at this place was refused")
        return found

    def _event(self, payload: bytes) -> Event:
        """Of what would be taken now, the first event. Raises ApiError for what would be refused once more."""
        events, refused = read_events(payload, self._clock())
        if refused is not None:
            raise invalid("payload", f"would be refused once more: {refused.reason}: {refused.detail}")
        return events[0]


def _text(payload: bytes) -> str | None:
    if len(payload) > LONGEST_PAYLOAD:
        return None
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


def _replay(found: Replay) -> LetterReplayOut:
    lies = found.sent_to
    if lies is None:
        raise LookupError(f"the replay of {found.letter} has no place")
    return LetterReplayOut(who=found.who, at=iso(found.asked_at_ms), sha256=found.sha256, **vars(lies))


def blueprint(operations: Operations, clock: Clock) -> APIBlueprint:
    """The routes of single dead letters."""
    routes = noun("ledger")
    routes.name = "dead_letters"
    routes.before_request(require_json)
    letters = Letters(operations, clock)

    @routes.get("/dead_letters/<topic>/<partition>/<offset>", responses=documented({200: LetterOut}, 404, 503))
    @requires(Role.APPROVER)
    def read_dead_letter(path: LetterPath) -> Response:
        """A message that was refused, with all of its bytes, and whether it was sent again"""
        return reply(letters.read(Place(path.topic, path.partition, path.offset)))

    @routes.post(
        "/dead_letters/<topic>/<partition>/<offset>/replay",
        responses=documented({200: LetterReplayOut}, 400, 404, 409, 413, 415, 503),
    )
    @requires(Role.APPROVER)
    def replay_dead_letter(path: LetterPath, body: LetterReplayIn) -> Response:
        """Send a refused event to its topic again, as it was or corrected; asked once more, nothing more is sent"""
        note("corrected" if body.payload is not None else "as it was")
        return reply(letters.replay(Place(path.topic, path.partition, path.offset), body.payload))

    return routes
