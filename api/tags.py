"""GET /tags: what tags there are, whom they cover, and how their values are distributed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api import cursor
from api.access.actor import require_sight, sees
from api.access.declared import requires
from api.cache import MomentCache
from api.cursor import Cursor
from api.documented import Iso, Value, ValueType, documented, noun
from api.errors import ApiError, invalid
from api.ports import Coverage, Registry, TagStatistics, UserList
from api.times import iso, iso_or_none
from api.wire import reply
from tagging.access import Role
from tagging.definition import TagDefinition

KEPT_SECONDS = 1.5
TOP_VALUES = 50
BINS = 20
MAX_PAGE = 500
_NUMERIC = frozenset({"integer", "decimal"})
_NOTHING = Coverage(0, None)
_WRITTEN: dict[str, tuple[re.Pattern[str], str, Callable[[str], Any]]] = {
    "integer": (re.compile(r"-?[0-9]{1,18}"), "an integer of at most 18 digits", int),
    "decimal": (re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?"), "a number such as -12.5", float),
    "boolean": (re.compile(r"true|false"), "true or false", "true".__eq__),
}


class TagPath(BaseModel):
    """Which tag."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class MemberQuery(BaseModel):
    """Which members of a tag."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        None, description="Only users with this value; a number, true or false, or text, as the tag's type is"
    )
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class TagSummary(BaseModel):
    """A tag's definition and whom it covers now."""

    name: str
    title: str
    description: str
    dimension: str
    type: ValueType
    owner: str
    version: int = Field(description="The live version")
    sensitivity: Literal["public", "personal", "restricted"]
    masked: bool = Field(description="Its values are not for the role of whoever asks")
    users: int = Field(description="How many users have a value")
    coverage: float = Field(ge=0, le=1, description="Their part of all users")
    last_changed_at: Iso | None = Field(description="The newest change of any user's value; null before the first")


class TagList(BaseModel):
    """All tags in order of name."""

    items: list[TagSummary]
    users_total: int


class DistributedValue(BaseModel):
    """A value and how many users have it."""

    value: Value
    users: int


class HistogramBin(BaseModel):
    """How many users have a number from `from` to below `to`; the last bin holds `to` as well."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    low: float = Field(alias="from")
    high: float = Field(alias="to")
    users: int


class TagDetail(TagSummary):
    """A tag with its SQL and the distribution of its values."""

    sql: str
    compiled_sql: str | None = Field(description="What Flink runs")
    distribution: list[DistributedValue] = Field(
        description=f"The most frequent values, at most {TOP_VALUES}; empty for numbers of more values than that"
    )
    histogram: list[HistogramBin] | None = Field(description="Of numbers; null for other types")


class TagMember(BaseModel):
    """A user with a value of the tag."""

    user_id: str
    user_no: int
    value: Value
    since: Iso


class MemberPage(BaseModel):
    """Members in order of their numbers."""

    items: list[TagMember]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


def typed(text: str, value_type: str) -> Any:
    """A value written in a query string, in the tag's type. Raises ApiError for text that is no such value."""
    if value_type == "string":
        return text
    pattern, allowed, parse = _WRITTEN[value_type]
    if not pattern.fullmatch(text):
        raise invalid("value", f"the tag's values are of type {value_type}", got=text, allowed=allowed)
    return parse(text)


class Tags:
    """What the routes answer. Counts are kept for a moment, so that a store is asked once for many watchers."""

    def __init__(self, registry: Registry, statistics: TagStatistics, users: UserList) -> None:
        self._registry = registry
        self._statistics = statistics
        self._users = users
        self._kept: MomentCache[Any] = MomentCache(KEPT_SECONDS)

    def find(self, name: str) -> TagDefinition:
        """The live definition. Raises ApiError when there is no such tag."""
        for tag in self._registry.tags():
            if tag.name == name:
                return tag
        raise ApiError(404, "tag_not_found", f"There is no tag {name}; GET /api/v1/tags lists them")

    def _coverage(self) -> tuple[Mapping[tuple[str, int], Coverage], int]:
        return self._kept.get("coverage", lambda: (self._statistics.coverage(), self._users.total()))

    def _summary(self, tag: TagDefinition) -> dict[str, Any]:
        coverage, users_total = self._coverage()
        covered = coverage.get((tag.name, tag.version), _NOTHING)
        return {
            "name": tag.name,
            "title": tag.title,
            "description": tag.description,
            "dimension": tag.dimension,
            "type": tag.value_type,
            "owner": tag.owner,
            "version": tag.version,
            "sensitivity": tag.sensitivity,
            "masked": not sees(tag),
            "users": covered.users,
            # The two counts are read one after the other, and a user may come in between.
            "coverage": min(1.0, covered.users / users_total) if users_total else 0.0,
            "last_changed_at": iso_or_none(covered.last_changed_at_ms),
        }

    def list(self) -> TagList:
        """All tags."""
        items = [TagSummary(**self._summary(tag)) for tag in self._registry.tags()]
        return TagList(items=items, users_total=self._coverage()[1])

    def detail(self, name: str) -> TagDetail:
        """One tag."""
        tag = self.find(name)
        distribution, histogram = (
            self._kept.get((name, tag.version), lambda: self._values(tag)) if sees(tag) else ([], None)
        )
        return TagDetail(
            **self._summary(tag),
            sql=tag.sql,
            compiled_sql=self._registry.compiled_sql(tag),
            distribution=distribution,
            histogram=histogram,
        )

    def _values(self, tag: TagDefinition) -> tuple[list[DistributedValue], list[HistogramBin] | None]:
        numeric = tag.value_type in _NUMERIC
        counts = self._statistics.distribution(tag.name, tag.version, TOP_VALUES + 1)
        shown = [] if numeric and len(counts) > TOP_VALUES else counts[:TOP_VALUES]
        distribution = [DistributedValue(value=count.value, users=count.users) for count in shown]
        if not numeric:
            return distribution, None
        bins = self._statistics.histogram(tag.name, tag.version, BINS)
        return distribution, [HistogramBin(low=found.low, high=found.high, users=found.users) for found in bins]

    def members(self, name: str, query: MemberQuery) -> MemberPage:
        """A page of one tag's users."""
        tag = self.find(name)
        require_sight([tag])
        value = None if query.value is None else typed(query.value, tag.value_type)
        after = cursor.decode_number(query.cursor)
        found = self._statistics.members(tag.name, tag.version, value, after, query.limit + 1)
        items = [
            TagMember(user_id=user.user_id, user_no=user.user_no, value=user.value, since=iso(user.changed_at_ms))
            for user in found[: query.limit]
        ]
        return MemberPage(items=items, next=cursor.encode(items[-1].user_no) if len(found) > query.limit else None)


def blueprint(registry: Registry, statistics: TagStatistics, users: UserList) -> APIBlueprint:
    """The routes that read tags."""
    routes = noun("tags")
    tags = Tags(registry, statistics, users)

    @routes.get("", responses=documented({200: TagList}, 503))
    @requires(Role.VIEWER)
    def list_tags() -> Response:
        """All tags with their coverage"""
        return reply(tags.list())

    @routes.get("/<name>", responses=documented({200: TagDetail}, 404, 503))
    @requires(Role.VIEWER)
    def read_tag(path: TagPath) -> Response:
        """One tag with its SQL and the distribution of its values"""
        return reply(tags.detail(path.name))

    @routes.get("/<name>/users", responses=documented({200: MemberPage}, 404, 503))
    @requires(Role.VIEWER)
    def list_members(path: TagPath, query: MemberQuery) -> Response:
        """The users with a value of a tag, or with one certain value"""
        return reply(tags.members(path.name, query))

    return routes
