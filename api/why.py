"""GET /users/{user_id}/tags: why a user has a tag or not, and the values at a time, as known then and as recomputed now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import Field, StringConstraints

from api.access.actor import sees
from api.access.declared import requires
from api.asked_tag import OfVersion, asked_tag
from api.at import At
from api.documented import documented, noun
from api.errors import ApiError
from api.identity_ports import Identities
from api.people import merged_into
from api.ports import Registry, Stores
from api.times import Clock, iso, iso_or_none
from api.user_history import PastValue, UserHistory
from api.users import UserPath
from api.why_models import MOST_READ_VALUES, ProfileAt, ReadTag, Stored, TagAt, ValueAt, Why, steps_of
from api.wire import reply
from tagging.access import Role
from tagging.definition import TagDefinition
from tagging.explaining.explain import Explanation, ReadValue, explain
from tagging.explaining.expressions import Unexplained
from tagging.explaining.person_rows import PersonRows
from tagging.explaining.recomputed import RecomputedRows
from tagging.explaining.rows import Rows, TooWide
from tagging.names import TAG_NAME
from tagging.people import People
from tagging.problems import TagProblems
from tagging.windows import MINUTE_MS

_NEVER = Stored(value=None, since=None, changes=0)
_PENDING = "The stream had another value than these rows give. It may not have come that far yet; if it stays so, parity is broken"
_LATE = "With all that is known now the value would have been another: something arrived late, or the stream was behind"
_CUT = "Not all rows were looked at, so that the value worked out here may be wrong"


class UserTagPath(UserPath):
    """Which user, and which tag."""

    tag: Annotated[str, StringConstraints(pattern=rf"^{TAG_NAME.pattern}$")]


class TagAtQuery(At, OfVersion):
    """When, and which version."""


class WhyQuery(TagAtQuery):
    """When, and with what knowledge."""

    hindsight: bool = Field(False, description="With what arrived since; otherwise only what was logged by then")


class UserTags:
    """What the routes answer with."""

    def __init__(self, registry: Registry, history: UserHistory, identities: Identities, clock: Clock) -> None:
        self._registry = registry
        self._history = history
        self._identities = identities
        self._clock = clock

    def why(self, user_id: str, name: str, query: WhyQuery) -> Why:
        """The steps to one value. Raises ApiError."""
        tag = asked_tag(self._registry, name, query.version)
        at_ms = query.ms(self._clock)
        minute = self._minute(at_ms, query.hindsight)
        people = self._identities.people_at(at_ms)
        person = people.person(user_id)
        rows = self._rows(at_ms, minute, query.hindsight, people)
        try:
            found = explain(tag, person.canonical, rows, minute)
        except (TooWide, Unexplained, TagProblems) as error:
            raise ApiError(422, "not_explained", f"{name} cannot be worked out for one user alone: {error}") from error
        stored = self._history.values(person.canonical, {tag.name: tag.version}, at_ms).get(name)
        agrees = same(found.value, stored)
        meaning = _CUT if found.cut else _LATE if query.hindsight else _PENDING
        return Why(
            user_id=user_id,
            merged_into=merged_into(person, user_id),
            tag=name,
            title=tag.title,
            type=tag.value_type,
            version=tag.version,
            at=iso(at_ms),
            tick=iso(minute * MINUTE_MS),
            hindsight=query.hindsight,
            value=as_json(found.value),
            stored=_stored(stored),
            agrees=agrees,
            difference=None if agrees else meaning,
            decided_by=found.decided_by,
            reads=[self._read(read, iso(at_ms), query.hindsight) for read in found.reads[:MOST_READ_VALUES]],
            steps=steps_of(found),
            incomplete=list(found.cut),
        )

    def value(self, user_id: str, name: str, query: TagAtQuery) -> ValueAt:
        """One value at a time, both ways. Raises ApiError."""
        tag = asked_tag(self._registry, name, query.version)
        at_ms = query.ms(self._clock)
        minute = self._minute(at_ms, hindsight=True)
        into, (found,) = self._at(user_id, [tag], at_ms, minute)
        tick = iso(minute * MINUTE_MS)
        return ValueAt(user_id=user_id, merged_into=into, at=iso(at_ms), tick=tick, **found.model_dump())

    def profile(self, user_id: str, query: At) -> ProfileAt:
        """All values at a time that whoever asks may see, both ways. Raises ApiError."""
        at_ms = query.ms(self._clock)
        minute = self._minute(at_ms, hindsight=True)
        into, found = self._at(user_id, [tag for tag in self._registry.tags() if sees(tag)], at_ms, minute)
        held = [tag for tag in found if tag.known.value is not None or tag.recomputed is not None or tag.problem]
        return ProfileAt(user_id=user_id, merged_into=into, at=iso(at_ms), tick=iso(minute * MINUTE_MS), tags=held)

    def _at(
        self, user_id: str, tags: Sequence[TagDefinition], at_ms: int, minute: int
    ) -> tuple[str | None, list[TagAt]]:
        """What the user was merged into then (see `merged_into`), and the tags of the person."""
        people = self._identities.people_at(at_ms)
        person = people.person(user_id)
        known = self._history.values(person.canonical, {tag.name: tag.version for tag in tags}, at_ms)
        rows = self._rows(at_ms, minute, hindsight=True, people=people)
        found = [self._tag_at(person.canonical, tag, rows, minute, known) for tag in tags]
        return merged_into(person, user_id), found

    def _tag_at(
        self, user_id: str, tag: TagDefinition, rows: Rows, minute: int, known: Mapping[str, PastValue]
    ) -> TagAt:
        found: Explanation | None = None
        problem: str | None = None
        try:
            found = explain(tag, user_id, rows, minute)
        except (TooWide, Unexplained, TagProblems) as error:
            problem = str(error)
        if found is not None and found.cut:
            problem = _CUT
        stored = known.get(tag.name)
        return TagAt(
            tag=tag.name,
            title=tag.title,
            dimension=tag.dimension,
            type=tag.value_type,
            version=tag.version,
            known=_stored(stored),
            recomputed=None if found is None else as_json(found.value),
            agrees=found is not None and same(found.value, stored),
            problem=problem,
        )

    def _rows(self, at_ms: int, minute: int, hindsight: bool, people: People) -> Rows:
        """In hindsight the tags that are read are worked out anew too: what the stream had of them may have been late."""
        rows = PersonRows(self._history.rows(at_ms, hindsight), people)
        return RecomputedRows(rows, self._registry.version, minute) if hindsight else rows

    def _read(self, read: ReadValue, at: str, hindsight: bool) -> ReadTag:
        definition = self._registry.version(read.tag.tag, read.tag.version)
        asked = urlencode({"version": read.tag.version, "at": at, "hindsight": str(hindsight).lower()})
        return ReadTag(
            tag=read.tag.tag,
            version=read.tag.version,
            title=definition.title if definition else read.tag.tag,
            type=read.tag.value_type,
            user_id=read.user_id,
            value=as_json(read.found.value),
            since=iso_or_none(read.found.since_ms),
            why=f"/api/v1/users/{quote(read.user_id, safe='')}/tags/{read.tag.tag}/why?{asked}",
        )

    def _minute(self, at_ms: int, hindsight: bool) -> int:
        """What the windows take for now. In hindsight a tick comes on time; as known then, when it was logged."""
        tick = self._history.tick(at_ms)
        minute = tick.minute
        if hindsight and tick.newest_minute is not None:
            minute = min(at_ms // MINUTE_MS, tick.newest_minute)
        if minute is None:
            since = f"; the first was logged at {iso(tick.first_at_ms)}" if tick.first_at_ms is not None else ""
            raise ApiError(404, "nothing_known_then", f"No tick of the clock had been logged by {iso(at_ms)}{since}")
        return minute


def same(value: Any, stored: PastValue | None) -> bool:
    """Whether a value that was worked out is the stored one. A decimal is stored as a JSON number."""
    held = None if stored is None else stored.value
    if isinstance(value, Decimal) and isinstance(held, int | float) and not isinstance(held, bool):
        return float(value) == float(held)
    return value == held and isinstance(value, bool) == isinstance(held, bool)


def as_json(value: Any) -> Any:
    """A value as JSON has it."""
    return float(value) if isinstance(value, Decimal) else value


def _stored(found: PastValue | None) -> Stored:
    if found is None:
        return _NEVER
    return Stored(value=found.value, since=iso_or_none(found.changed_at_ms), changes=found.changes)


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of one user's tags."""
    routes = noun("users")
    routes.name = "user_tags"
    tags = UserTags(stores.registry, stores.history, stores.identities, clock)

    @routes.get("/<path:user_id>/tags", responses=documented({200: ProfileAt}, 404, 503))
    @requires(Role.VIEWER)
    def read_profile_at(path: UserPath, query: At) -> Response:
        """A user's tags at a time, as known then and as recomputed now"""
        return reply(tags.profile(path.user_id, query))

    @routes.get("/<path:user_id>/tags/<tag>", responses=documented({200: ValueAt}, 404, 503))
    @requires(Role.VIEWER)
    def read_value_at(path: UserTagPath, query: TagAtQuery) -> Response:
        """A user's value of a tag at a time, as known then and as recomputed now"""
        return reply(tags.value(path.user_id, path.tag, query))

    @routes.get("/<path:user_id>/tags/<tag>/why", responses=documented({200: Why}, 404, 503))
    @requires(Role.EDITOR)
    def read_why(path: UserTagPath, query: WhyQuery) -> Response:
        """Why a user has a tag, or not: every step from the rows to the value"""
        return reply(tags.why(path.user_id, path.tag, query))

    return routes
