"""GET /users/{user_id}/live: a user's profile whenever it changes, as server-sent events."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from threading import BoundedSemaphore, Event

from flask import Response, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from api.access.actor import current_actor
from api.access.declared import requires
from api.documented import documented, noun
from api.errors import ApiError
from api.ports import Stores, Unavailable
from api.times import Clock, iso
from api.users import Profile, Shown, UserPath, profile_of, profile_tags
from stores import logs
from tagging.access import Role, may_see
from tagging.definition import TagDefinition

LONGEST_SECONDS = 55
"""A stream ends before a proxy would cut it; the browser comes back by itself and says what it has seen."""
MOST_STREAMS = 8
"""Each holds one of the server's threads."""
QUIET_SECONDS = 10
_EVENT = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Send the last one as Last-Event-ID to go on from there"},
        "event": {"const": "profile"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": f"#/components/schemas/{Profile.__name__}"},
        },
    },
}
_WHOLE = {"type": "string", "description": "The whole stream, to a client that reads it at once"}
_STREAM = {
    "content": {"text/event-stream": {"schema": {"anyOf": [_EVENT, _WHOLE]}}},
    "description": "Events named `profile`",
}
_COMMENT = ": nothing new\n\n"
log = logs.get("api.live_profile")


class LiveQuery(BaseModel):
    """For how long."""

    model_config = ConfigDict(extra="forbid")

    seconds: int = Field(LONGEST_SECONDS, ge=0, le=LONGEST_SECONDS, description="0: say what is new, and end")


class ProfileStream:
    """One user's profile, read once a second. An event's id is a digest of the profile, so that any server can go on."""

    def __init__(self, stores: Stores, clock: Clock, wait: Callable[[float], object]) -> None:
        self._stores = stores
        self._clock = clock
        self._wait = wait

    def read(self, user_id: str, shown: Shown) -> tuple[str, Profile, bool]:
        """The profile with its digest, and whether there is one at all."""
        tags, known = profile_tags(self._stores.profiles, self._stores.registry, user_id, shown)
        person = self._stores.identities.person(user_id)
        said = "".join((*person.ids[1:], *(tag.model_dump_json() for tag in tags)))
        digest = hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()
        profile = profile_of(user_id, person, None, tags, iso(self._clock()))
        return digest, profile, known or person.is_merged

    def events(self, user_id: str, shown: Shown, seen: str | None, user_no: int | None, seconds: int) -> Iterator[str]:
        """The profile at once unless it was `seen`, then whenever it is another. Ends early when a store goes away."""
        quiet = 0
        for second in range(seconds + 1):
            if second:
                self._wait(1.0)
            try:
                digest, profile, _ = self.read(user_id, shown)
            except Unavailable as error:
                log.warning("stream_ended", reason=error.reason)
                return
            quiet += 1
            if digest != seen:
                seen, quiet = digest, 0
                body = profile.model_copy(update={"user_no": user_no}).model_dump_json()
                yield f"id: {digest}\nevent: profile\ndata: {body}\n\n"
            elif quiet % QUIET_SECONDS == 0:
                # Writing is what finds out that nobody listens any more.
                yield _COMMENT


def blueprint(stores: Stores, clock: Clock, wait: Callable[[float], object] | None = None) -> APIBlueprint:
    """The route of live profiles. `wait` lets so many seconds pass."""
    routes = noun("users")
    routes.name = "live_profile"
    stream = ProfileStream(stores, clock, wait or Event().wait)
    free = BoundedSemaphore(MOST_STREAMS)

    @routes.get("/<path:user_id>/live", responses=documented({200: _STREAM}, 404, 503))
    @requires(Role.VIEWER)
    def stream_profile(path: UserPath, query: LiveQuery) -> Response:
        """A user's profile whenever it changes; Last-Event-ID says which one was seen last"""
        role = current_actor().role

        # While the stream lasts there is no request to ask any more.
        def shown(tag: TagDefinition) -> bool:
            return may_see(role, tag.sensitivity)

        _, _, known = stream.read(path.user_id, shown)
        if not known:
            raise ApiError(404, "user_not_found", "Nobody of this id has ever had a tag value")
        try:
            user_no = stores.numbers.number_of(path.user_id)
        except Unavailable:
            # As for a profile: its number is not worth failing for.
            user_no = None
        if not free.acquire(blocking=False):
            message = f"{MOST_STREAMS} pages are followed live already; ask for the profile now and then"
            raise ApiError(503, "too_many_streams", message, headers={"Retry-After": "30"})
        seen = request.headers.get("Last-Event-ID")
        response = Response(
            stream.events(path.user_id, shown, seen, user_no, query.seconds), mimetype="text/event-stream"
        )
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(free.release)
        return response

    return routes
