"""GET /users/{user_id}/events and /tags/{tag}/changes: a user's events and one tag's changes, page by page, the newest first."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from api import cursor
from api.access.declared import requires
from api.asked_tag import OfVersion, asked_tag
from api.cursor import Cursor
from api.documented import Iso, Value, documented, noun
from api.errors import invalid
from api.ports import Stores
from api.times import iso
from api.user_history import NEWEST_PLACE
from api.users import UserPath
from api.why import UserTagPath
from api.wire import reply
from tagging.access import Role

MAX_PAGE = 200
_END_OF_TIME = (2**62, "")


class PastPage(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class ChangesPage(PastPage, OfVersion):
    """Which page, of which version."""


class TimelineEvent(BaseModel):
    """One event."""

    event_id: str
    user_id: str = Field(description="The id that it was logged under, of all that the person has")
    event_type: str
    item_id: str | None
    properties: dict[str, str]
    occurred_at: Iso
    logged_at: Iso


class Timeline(BaseModel):
    """A user's events, the newest first."""

    items: list[TimelineEvent]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


class TagChangeOut(BaseModel):
    """From when on the user had a value; null: had none."""

    value: Value | None
    at: Iso


class TagChanges(BaseModel):
    """The changes of a tag version for a user, the newest first."""

    tag: str
    version: int
    items: list[TagChangeOut]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


def _timeline_place(given: str | None) -> tuple[int, str]:
    if given is None:
        return _END_OF_TIME
    at, _, event_id = cursor.decode_text(given).partition(" ")
    if not at.isdecimal() or len(at) > 15:
        raise invalid("cursor", "is not a cursor of this list", got=given, allowed="the `next` of the page before")
    return int(at), event_id


def _change_place(given: str | None) -> int:
    place = cursor.decode_text(given) if given is not None else str(NEWEST_PLACE)
    if not place.isdecimal() or int(place) > NEWEST_PLACE:
        raise invalid("cursor", "is not a cursor of this list", got=given, allowed="the `next` of the page before")
    return int(place)


def blueprint(stores: Stores) -> APIBlueprint:
    """The routes of a user's past."""
    routes = noun("users")
    routes.name = "user_past"

    @routes.get("/<path:user_id>/events", responses=documented({200: Timeline}, 404, 503))
    @requires(Role.VIEWER)
    def list_user_events(path: UserPath, query: PastPage) -> Response:
        """The events of a user's person, the newest first"""
        person = stores.identities.person(path.user_id)
        found = stores.history.events(person.ids, _timeline_place(query.cursor), query.limit + 1)
        page = found[: query.limit]
        items = [
            TimelineEvent(
                event_id=event.event_id,
                user_id=event.user_id,
                event_type=event.event_type,
                item_id=event.item_id,
                properties=dict(event.properties),
                occurred_at=iso(event.occurred_at_ms),
                logged_at=iso(event.logged_at_ms),
            )
            for event in page
        ]
        more = len(found) > query.limit
        after = cursor.encode(f"{page[-1].occurred_at_ms} {page[-1].event_id}") if more else None
        return reply(Timeline(items=items, next=after))

    @routes.get("/<path:user_id>/tags/<tag>/changes", responses=documented({200: TagChanges}, 404, 503))
    @requires(Role.VIEWER)
    def list_tag_changes(path: UserTagPath, query: ChangesPage) -> Response:
        """How a user's value of a tag changed, the newest change first"""
        tag = asked_tag(stores.registry, path.tag, query.version)
        before = _change_place(query.cursor)
        canonical = stores.identities.person(path.user_id).canonical
        found = stores.history.changes(canonical, tag.name, tag.version, before, query.limit + 1)
        page = found[: query.limit]
        items = [TagChangeOut(value=change.value, at=iso(change.changed_at_ms)) for change in page]
        after = cursor.encode(str(page[-1].place)) if len(found) > query.limit else None
        return reply(TagChanges(tag=tag.name, version=tag.version, items=items, next=after))

    return routes
