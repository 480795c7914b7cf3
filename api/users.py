"""GET /users: who there is, and one user's profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api import cursor
from api.access.actor import sees
from api.access.declared import requires
from api.cursor import Cursor
from api.documented import Iso, Value, ValueType, documented, noun
from api.errors import ApiError
from api.identity_ports import Identities
from api.people import merged_into
from api.ports import NumberedUser, Profiles, Registry, Stores, Unavailable, UserNumbers
from api.times import Clock, iso
from api.wire import reply
from stores import logs
from tagging.access import Role
from tagging.definition import TagDefinition
from tagging.identity import Person

MAX_PAGE = 500
log = logs.get("api.users")


class UserPath(BaseModel):
    """Which user."""

    user_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class UserSearch(BaseModel):
    """Which users."""

    model_config = ConfigDict(extra="forbid")

    search: Annotated[str, StringConstraints(max_length=128)] = Field("", description="What the user id begins with")
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class UserSummary(BaseModel):
    """A user and its dense number."""

    user_id: str
    user_no: int
    merged_into: str | None = Field(description="The person's canonical id, where that is another: it has the tags")


class UserPage(BaseModel):
    """Users in order of id."""

    items: list[UserSummary]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


class ProfileTag(BaseModel):
    """A user's value of the live version of one tag."""

    tag: str
    title: str
    dimension: str
    version: int
    type: ValueType
    value: Value | None = Field(description="null where it is masked")
    masked: bool = Field(description="There is a value, and it is not for the role of whoever asks")
    since: Iso = Field(description="When the value came to be")


class Profile(BaseModel):
    """One person's tags now. A tag that gives no value is absent."""

    user_id: str = Field(description="As it was asked for")
    merged_into: str | None = Field(
        description="The person's canonical id, where that is another: whose tags these are"
    )
    identities: list[str] = Field(description="All ids of the person, in order; as a rule one")
    user_no: int | None
    tags: list[ProfileTag]
    read_at: Iso


Shown = Callable[[TagDefinition], bool]
"""Whether a tag's values are for whoever asks."""


def profile_tags(
    profiles: Profiles, registry: Registry, user_id: str, shown: Shown = sees
) -> tuple[list[ProfileTag], bool]:
    """The user's live values in order of tag, and whether the user has a profile at all."""
    values = profiles.read(user_id)
    by_version = {(value.tag, value.version): value for value in values if not value.absent}
    found = []
    for tag in registry.tags():
        value = by_version.get((tag.name, tag.version))
        if value is not None:
            is_shown = shown(tag)
            found.append(
                ProfileTag(
                    tag=tag.name,
                    title=tag.title,
                    dimension=tag.dimension,
                    version=tag.version,
                    type=tag.value_type,
                    value=value.value if is_shown else None,
                    masked=not is_shown,
                    since=iso(value.changed_at_ms),
                )
            )
    return found, bool(values)


def profile_of(user_id: str, person: Person, user_no: int | None, tags: list[ProfileTag], read_at: str) -> Profile:
    """The profile of a person, as asked for under one of its ids."""
    return Profile(
        user_id=user_id,
        merged_into=merged_into(person, user_id),
        identities=list(person.ids),
        user_no=user_no,
        tags=tags,
        read_at=read_at,
    )


def _number(numbers: UserNumbers, user_id: str, has_profile: bool) -> int | None:
    try:
        return numbers.number_of(user_id)
    except Unavailable as error:
        if not has_profile:
            raise
        # The profile is the answer; its number is not worth failing for.
        log.warning("user_no_unknown", reason=error.reason)
        return None


def _page(found: list[NumberedUser], limit: int, identities: Identities) -> UserPage:
    into = identities.canonicals(user.user_id for user in found)
    items = [
        UserSummary(user_id=user.user_id, user_no=user.user_no, merged_into=into.get(user.user_id))
        for user in found[:limit]
    ]
    return UserPage(items=items, next=cursor.encode(items[-1].user_id) if len(found) > limit else None)


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes that read users."""
    routes = noun("users")

    @routes.get("", responses=documented({200: UserPage}, 503))
    @requires(Role.VIEWER)
    def search_users(query: UserSearch) -> Response:
        """Find users by the beginning of their id"""
        after = cursor.decode_text(query.cursor)
        found = list(stores.users.search(query.search, after, query.limit + 1))
        return reply(_page(found, query.limit, stores.identities))

    # `path`: an id may hold a slash, which arrives decoded.
    @routes.get("/<path:user_id>", responses=documented({200: Profile}, 404, 503))
    @requires(Role.VIEWER)
    def read_profile(path: UserPath) -> Response:
        """The profile of a user's person: the live version of every tag that gives a value"""
        tags, has_profile = profile_tags(stores.profiles, stores.registry, path.user_id)
        user_no = _number(stores.numbers, path.user_id, has_profile)
        person = stores.identities.person(path.user_id)
        if user_no is None and not has_profile and not person.is_merged:
            raise ApiError(404, "user_not_found", "Nobody of this id has ever had a tag value")
        return reply(profile_of(path.user_id, person, user_no, tags, iso(clock())))

    return routes
