"""Previews: a draft tried on a sample of users. The request is kept in the registry, and the controller's process answers it."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field, StringConstraints

from api.access.actor import require_sight, require_sight_of_versions
from api.access.declared import requires
from api.actor import actor
from api.documented import Iso, Value, ValueType, documented, noun
from api.errors import ApiError
from api.ports import Stores
from api.preconditions import fingerprint, idempotency_key, require_json
from api.tag_texts import TextIn, accepted
from api.times import Clock, iso, iso_or_none
from api.wire import reply
from stores.registry.previews import Preview, State, TooManyPreviews
from tagging.access import Role
from tagging.definition import TagDefinition, parse_definition
from tagging.synchronise import file_text

POLL_SECONDS = "1"


class PreviewPath(BaseModel):
    """Which preview."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32,64}$")]


class PreviewValue(BaseModel):
    """A value, and how many of the sampled users have it by the draft and by the live version."""

    value: Value
    users: int
    live_users: int


class PreviewBin(BaseModel):
    """How many sampled users have a number from `low` to below `high`; the last bin holds `high` as well."""

    low: float
    high: float
    users: int
    live_users: int


class Held(BaseModel):
    """What a job would have to keep of one source or window, counted in the whole log."""

    relation: str
    rows: int
    bytes: int = Field(description="Characters of the columns that the tag reads; Flink adds its own per row")


class PreviewResult(BaseModel):
    """What a draft says of the sampled users, against the live version at the same moment of the log."""

    tag: str
    type: ValueType
    live_version: int | None = Field(description="null where the tag is not live: then every user is gained")
    users_total: int
    sampled_share: float = Field(description="The part of all users that was sampled, by a hash of their ids")
    users: int = Field(description="Sampled users with a value by the draft")
    live_users: int = Field(description="Sampled users with a value by the live version")
    gained: int
    lost: int
    changed: int = Field(description="Sampled users who have another value")
    gained_examples: list[str]
    lost_examples: list[str]
    values: list[PreviewValue]
    values_left_out: int = Field(description="How many less frequent values are not listed")
    bins: list[PreviewBin] | None = Field(description="Of numbers; null for other types")
    rows_read: int
    seconds: float = Field(description="How long the run took")
    state: list[Held]


class PreviewAnswer(BaseModel):
    """A preview, with its result once it is done."""

    id: str
    state: Literal["asked", "running", "done", "failed"]
    asked_at: Iso
    started_at: Iso | None
    ended_at: Iso | None
    cause: str = Field(description="Why it failed; empty otherwise")
    result: PreviewResult | None


def _answer(preview: Preview) -> Response:
    """202 while there is nothing to see yet, 200 when it is done or has failed."""
    waits = preview.state in (State.ASKED, State.RUNNING)
    result: dict[str, Any] | None = None if preview.result is None else dict(preview.result)
    response = reply(
        PreviewAnswer(
            id=preview.id,
            state=preview.state.value,
            asked_at=iso(preview.asked_at_ms),
            started_at=iso_or_none(preview.started_at_ms),
            ended_at=iso_or_none(preview.ended_at_ms),
            cause=preview.cause,
            result=None if result is None else PreviewResult(**result),
        ),
        202 if waits else 200,
    )
    if waits:
        response.headers["Location"] = f"/api/v1/tag-previews/{preview.id}"
        response.headers["Retry-After"] = POLL_SECONDS
    return response


def _require_sight(stores: Stores, draft: TagDefinition) -> None:
    """Raises ApiError unless who asks may see the draft's values, and those of the live version that it is compared with."""
    live = [tag for tag in stores.registry.tags() if tag.name == draft.name]
    require_sight([draft, *live])
    require_sight_of_versions(stores.registry, ((read.tag, read.version) for read in draft.reads))


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of previews."""
    routes = noun("tag-previews")
    routes.before_request(require_json)
    previews = stores.publishing.previews

    @routes.post("", responses=documented({202: PreviewAnswer, 200: PreviewAnswer}, 400, 409, 413, 415, 503))
    @requires(Role.EDITOR)
    def ask_preview(body: TextIn) -> Response:
        """Try a draft on a sample of users; poll where Location says. Takes an Idempotency-Key"""
        definition = accepted(body, stores.publishing.versions)
        _require_sight(stores, definition)
        text = file_text(definition)
        who, key = actor(), idempotency_key()
        preview_id = fingerprint("preview", who, key) if key else uuid.uuid4().hex
        try:
            preview = previews.ask(Preview(preview_id, text, who, clock()))
        except TooManyPreviews as error:
            message = f"{error}; try again when some are done"
            raise ApiError(409, "too_many_previews", message, headers={"Retry-After": POLL_SECONDS}) from error
        if preview.text != text:
            message = "This Idempotency-Key was used for another request; use a new one"
            raise ApiError(409, "idempotency_key_used", message)
        return _answer(preview)

    @routes.get("/<id>", responses=documented({200: PreviewAnswer, 202: PreviewAnswer}, 404, 503))
    @requires(Role.EDITOR)
    def read_preview(path: PreviewPath) -> Response:
        """What came of a preview; 202 while it is under way"""
        preview = previews.read(path.id)
        if preview is None:
            raise ApiError(404, "preview_not_found", "There is no such preview; old ones are forgotten: ask again")
        _require_sight(stores, parse_definition(preview.text))
        return _answer(preview)

    return routes
