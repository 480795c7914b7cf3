"""Crowds back in time: who a rule took at a past time, and when one user came in and left, and by which condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api import cursor
from api.access.declared import requires
from api.at import At
from api.crowd_book import Book, Sentence
from api.crowd_models import MAX_PAGE, CrowdMember, CrowdPath
from api.cursor import Cursor
from api.documented import Iso, Value, documented, noun
from api.errors import ApiError
from api.ports import Stores
from api.times import Clock, iso
from api.user_history import NEWEST_PLACE
from api.wire import reply
from tagging import bound_rules
from tagging.access import Role
from tagging.bound_rules import BoundRule
from tagging.crowd_moves import Cause, ValueChange, told

MOST_CHANGES = 500
"""Of one tag that are looked at, the newest."""
MOST_TAGS = 50
"""Of a rule whose user is followed: each is asked for by itself."""


class PastQuery(At):
    """When, and which members."""

    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before; name the same time in `at`")


class PastMembers(BaseModel):
    """A page of the users whom the crowd's present rule took at a time, in order of their numbers."""

    items: list[CrowdMember]
    users: int = Field(description="All of them")
    at: Iso
    tick: int | None = Field(
        description="The clock's newest minute then, since 1970; null where the clock had not ticked"
    )
    versions: dict[str, int] = Field(
        description="The version of each tag whose history it is: the one that is live now"
    )
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


class MovesQuery(BaseModel):
    """Which user."""

    model_config = ConfigDict(extra="forbid")

    user: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class MoveCause(BaseModel):
    """A condition that came to hold, or ceased to; the tag's value before and after, null for none."""

    tag: str
    sentence: Sentence
    holds: bool
    before: Value | None
    after: Value | None


class CrowdMove(BaseModel):
    """The user came in or left. Without a cause it is the first that was known of the user at all."""

    at: Iso
    entered: bool
    causes: list[MoveCause]


class CrowdMoves(BaseModel):
    """How a user moved in and out of a crowd by its present rule, the newest move first."""

    user: str
    member: bool = Field(description="By the newest change of every tag")
    known_from: Iso | None = Field(description="Moves before are not known; null for a user without any tag value")
    items: list[CrowdMove]


class CrowdPast:
    """What the routes answer."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._past = stores.crowd_times.past
        self._clock = clock

    def members(self, name: str, query: PastQuery) -> PastMembers:
        """Who was in the crowd."""
        at_ms, after = query.ms(self._clock), cursor.decode_number(query.cursor)
        book = Book.open(self._stores)
        bound = bound_rules.bind(book.rule_of(name), book.versions)
        self._require_history(name, bound, at_ms)
        found = self._past.members(bound, book.versions, at_ms, after, query.limit + 1)
        items = [CrowdMember(user_no=user_no, user_id=user_id) for user_no, user_id in found[: query.limit]]
        return PastMembers(
            items=items,
            users=self._past.count(bound, book.versions, at_ms),
            at=iso(at_ms),
            tick=self._stores.history.tick(at_ms).minute,
            versions=dict(bound.versions),
            next=cursor.encode(items[-1].user_no) if len(found) > query.limit else None,
        )

    def _require_history(self, name: str, bound: BoundRule, at_ms: int) -> None:
        """Raises ApiError for a time before the history of one of the rule's tags: its values then are not known."""
        begins = self._past.known_from(bound.versions) if bound.versions else {}
        late = {tag: began for tag, began in begins.items() if began > at_ms}
        if late:
            said = ", ".join(f"{tag} v{bound.versions[tag]} from {iso(late[tag])} on" for tag in sorted(late))
            message = f"The crowd {name} cannot be taken back to {iso(at_ms)}: there is history of {said}"
            raise ApiError(409, "before_history", message)

    def moves(self, name: str, user_id: str) -> CrowdMoves:
        """When a user came in and left."""
        book = Book.open(self._stores)
        bound = bound_rules.bind(book.rule_of(name), book.versions)
        if bound.behaves:
            message = (
                f"The crowd {name} asks for behaviour, which moves users with every event and with the clock alone: single "
                f"moves are not kept. GET /api/v1/crowds/{name}/past?at= says who was in it at any time"
            )
            raise ApiError(409, "moves_by_events", message)
        if len(bound.versions) > MOST_TAGS:
            message = f"The crowd {name} asks for {len(bound.versions)} tags; moves are told for {MOST_TAGS} at most"
            raise ApiError(409, "too_many_tags", message)
        first_ms = self._past.user_known_from(user_id, book.versions)
        if first_ms is None:
            return CrowdMoves(user=user_id, member=False, known_from=None, items=[])
        before, changes, since_ms = self._changes(user_id, bound.versions)
        story = told(bound.rule, before, changes, first_ms if since_ms is None else None)
        items = [
            CrowdMove(at=iso(move.at_ms), entered=move.entered, causes=[_cause(book, cause) for cause in move.causes])
            for move in reversed(story.moves)
        ]
        known_from = iso(first_ms if since_ms is None else since_ms)
        return CrowdMoves(user=user_id, member=story.ends_inside, known_from=known_from, items=items)

    def _changes(
        self, user_id: str, versions: Mapping[str, int]
    ) -> tuple[dict[str, Any], Sequence[ValueChange], int | None]:
        """The changes of these tags, the values before them, and from when on all of them are there (None: always)."""
        read = {
            tag: self._stores.history.changes(user_id, tag, version, NEWEST_PLACE, MOST_CHANGES + 1)
            for tag, version in versions.items()
        }
        cut = {tag: found[MOST_CHANGES].changed_at_ms for tag, found in read.items() if len(found) > MOST_CHANGES}
        changes = [
            ValueChange(change.changed_at_ms, tag, change.value)
            for tag, found in read.items()
            for change in reversed(found)
        ]
        since_ms = max(cut.values(), default=None)
        if since_ms is None:
            return {}, changes, None
        before: dict[str, Any] = {}
        for change in changes:
            if change.at_ms <= since_ms:
                before[change.tag] = change.value
        return before, [change for change in changes if change.at_ms > since_ms], since_ms


def _cause(book: Book, cause: Cause) -> MoveCause:
    return MoveCause(
        tag=cause.condition.tag,
        sentence=book.sentence(cause.condition),
        holds=cause.holds,
        before=cause.before,
        after=cause.after,
    )


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of crowds' pasts."""
    routes = noun("crowds")
    routes.name = "crowd_past"
    past = CrowdPast(stores, clock)

    @routes.get("/<name>/past", responses=documented({200: PastMembers}, 404, 409, 503))
    @requires(Role.VIEWER)
    def list_past_members(path: CrowdPath, query: PastQuery) -> Response:
        """Who the crowd's present rule took at a past time, page by page

        Tags are taken back by the history of their live versions, behaviour by the events that the log had by then. A time
        before the history of one of the tags is refused: while a version is built, its history is that of the replay."""
        return reply(past.members(path.name, query))

    @routes.get("/<name>/moves", responses=documented({200: CrowdMoves}, 404, 409, 503))
    @requires(Role.VIEWER)
    def list_crowd_moves(path: CrowdPath, query: MovesQuery) -> Response:
        """When a user came into the crowd and left it, and which condition moved it"""
        return reply(past.moves(path.name, query.user))

    return routes
