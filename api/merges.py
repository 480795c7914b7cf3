"""User ids merged into one person and taken apart again: GET and POST /users/{user_id}/merges, GET and DELETE of one of them."""

from __future__ import annotations

import uuid
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access.actor import current_actor
from api.access.declared import requires
from api.actor import actor
from api.documented import Iso, documented, noun
from api.erasure_ports import Erasures
from api.errors import ApiError
from api.identity_ports import Identities
from api.ports import Stores
from api.preconditions import fingerprint, idempotency_key, require_json
from api.times import Clock, iso, iso_or_none
from api.users import UserPath
from api.wire import reply
from tagging.access import Role, at_least
from tagging.identity import Merge, MergeMissing, MergeRefused


class MergePath(UserPath):
    """Which merge of which user."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class MergeIn(BaseModel):
    """Whom the user is the same person as."""

    model_config = ConfigDict(extra="forbid")

    into: Annotated[str, StringConstraints(min_length=1, max_length=128)] = Field(
        description="The id that is the same person; tags go by the one that nothing else is merged over"
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)] = Field(
        description="How that is known: whoever unmerges them reads it"
    )


class MergeOut(BaseModel):
    """A merge. `undone_at` is null while it holds."""

    id: str
    user_id: str
    into: str
    reason: str | None = Field(description="null where it is masked")
    masked: bool = Field(description="There is a reason, and it is not for the role of whoever asks")
    merged_by: str
    merged_at: Iso
    undone_by: str | None
    undone_at: Iso | None


class PersonOut(BaseModel):
    """The person that an id belongs to, and the merges that any of its ids had a part in, the newest first."""

    user_id: str
    canonical: str = Field(description="The id that tags, bitmaps and profiles know the person by")
    identities: list[str] = Field(description="All ids of the person, in order")
    items: list[MergeOut]


def _answer(merge: Merge) -> MergeOut:
    # Why two ids are one person may tell of the person more than a tag does.
    is_shown = current_actor().role in at_least(Role.EDITOR)
    return MergeOut(
        id=merge.id,
        user_id=merge.user_id,
        into=merge.into,
        reason=merge.reason if is_shown else None,
        masked=not is_shown,
        merged_by=merge.merged_by,
        merged_at=iso(merge.merged_at_ms),
        undone_by=merge.undone_by,
        undone_at=iso_or_none(merge.undone_at_ms),
    )


def _missing(user_id: str) -> ApiError:
    why = f"{user_id} has no such merge, or it was undone; GET /api/v1/users/.../merges lists them"
    return ApiError(404, "merge_not_found", why)


def _refuse_erased(erasures: Erasures, *user_ids: str) -> None:
    erased = sorted(erasures.among(user_ids))
    if erased:
        raise ApiError(409, "user_erased", f"Erased, or being erased: {', '.join(erased)}; nobody is merged with them")


def _merge(identities: Identities, user_id: str, body: MergeIn, at_ms: int) -> Merge:
    who, key = actor(), idempotency_key()
    asked = (user_id, body.into, body.reason)
    id = fingerprint("merge", who, key, *asked)[:32] if key else uuid.uuid4().hex
    try:
        return identities.merge(Merge(id, *asked, who, at_ms))
    except MergeRefused as error:
        raise ApiError(409, error.code, str(error)) from error


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of merges."""
    routes = noun("users")
    routes.name = "user_merges"
    routes.before_request(require_json)

    @routes.get("/<path:user_id>/merges", responses=documented({200: PersonOut}, 404, 503))
    @requires(Role.VIEWER)
    def list_merges(path: UserPath) -> Response:
        """The ids of a user's person, and how they came together"""
        found = stores.identities.merges(path.user_id)
        person = stores.identities.person(path.user_id)
        items = [_answer(merge) for merge in found]
        ids = list(person.ids)
        return reply(PersonOut(user_id=path.user_id, canonical=person.canonical, identities=ids, items=items))

    @routes.post("/<path:user_id>/merges", responses=documented({201: MergeOut}, 400, 404, 409, 413, 415, 503))
    @requires(Role.APPROVER)
    def merge_user(path: UserPath, body: MergeIn) -> Response:
        """Say that a user is the same person as another. Takes an Idempotency-Key

        The log is told within a second, and tags, bitmaps and history follow as far as jobs have come: the id's values leave it
        and come to the canonical id.
        """
        _refuse_erased(stores.erasures, path.user_id, body.into)
        return reply(_answer(_merge(stores.identities, path.user_id, body, clock())), 201)

    @routes.get("/<path:user_id>/merges/<id>", responses=documented({200: MergeOut}, 404, 503))
    @requires(Role.VIEWER)
    def read_merge(path: MergePath) -> Response:
        """One merge of a user into another, while it holds. The list has those that were undone, too"""
        found = [each for each in stores.identities.merges(path.user_id) if each.id == path.id and each.is_open]
        if not found or found[0].user_id != path.user_id:
            raise _missing(path.user_id)
        return reply(_answer(found[0]))

    @routes.delete("/<path:user_id>/merges/<id>", responses=documented({200: MergeOut}, 404, 503))
    @requires(Role.APPROVER)
    def unmerge_user(path: MergePath) -> Response:
        """Take a user apart again from whom it was merged into. Who was merged into the user stays with it

        One that is undone stays as it is.
        """
        try:
            return reply(_answer(stores.identities.unmerge(path.user_id, path.id, actor(), clock())))
        except MergeMissing as error:
            raise _missing(path.user_id) from error

    return routes
