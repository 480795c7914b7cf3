"""Users erased: DELETE of one asks for it, and the erasure is its certificate, store by store."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api import cursor
from api.access.declared import requires
from api.actor import actor
from api.cursor import Cursor
from api.documented import Iso, documented, noun
from api.erasure_ports import Erasures
from api.errors import ApiError
from api.ports import Stores
from api.preconditions import fingerprint, idempotency_key
from api.times import Clock, iso, iso_or_none
from api.users import UserPath
from api.wire import reply
from tagging.access import Role
from tagging.erasure import Erasure, Step, WrongSecret

MAX_PAGE = 200


class ErasurePath(BaseModel):
    """Which erasure."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class ErasureQuery(BaseModel):
    """Which erasures."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class ErasureStep(BaseModel):
    """One store: what was removed there, or what is left, and until when."""

    store: str
    state: Literal["waiting", "done", "kept"] = Field(
        description="kept: something stays there, and `detail` says what and why"
    )
    removed: int = Field(description="Rows, cells, tombstones or bitmaps")
    finished_at: Iso | None
    kept_until: Iso | None = Field(description="Of what is kept; null where nobody can say")
    detail: str


class ErasureOut(BaseModel):
    """An erasure, and once it is complete its certificate."""

    id: str
    subject: str = Field(
        description="HMAC-SHA256 of the user's id: who has the secret can tell whose certificate it is"
    )
    user_id: str | None = Field(description="Until it is complete; then nobody is named")
    state: Literal["asked", "running", "complete", "failed"] = Field(description="failed: it is tried again")
    asked_by: str
    asked_at: Iso
    completed_at: Iso | None
    cause: str = Field(description="Why it failed last; empty otherwise")
    steps: list[ErasureStep]


class ErasurePage(BaseModel):
    """Erasures, the newest first."""

    items: list[ErasureOut]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


def _step(step: Step) -> ErasureStep:
    return ErasureStep(
        store=step.store,
        state=step.state.value,
        removed=step.removed,
        finished_at=iso_or_none(step.finished_at_ms),
        kept_until=iso_or_none(step.kept_until_ms),
        detail=step.detail,
    )


def _answer(erasure: Erasure) -> ErasureOut:
    return ErasureOut(
        id=erasure.id,
        subject=erasure.subject,
        user_id=erasure.user_id,
        state=erasure.state.value,
        asked_by=erasure.asked_by,
        asked_at=iso(erasure.asked_at_ms),
        completed_at=iso_or_none(erasure.completed_at_ms),
        cause=erasure.cause,
        steps=[_step(step) for step in erasure.steps.values()],
    )


def _ask(erasures: Erasures, user_id: str, at_ms: int) -> Erasure:
    who, key = actor(), idempotency_key()
    try:
        subject = erasures.subject_of(user_id).hex()
    except WrongSecret as error:
        raise ApiError(503, "erasure_not_configured", str(error)) from error
    id = fingerprint("erase", who, key, user_id)[:32] if key else uuid.uuid4().hex
    return erasures.ask(Erasure(id, subject, user_id, who, at_ms))


def blueprints(users: APIBlueprint, stores: Stores, clock: Clock) -> tuple[APIBlueprint, APIBlueprint]:
    """The routes of users, with the one that erases, and those that say how far that has come."""
    routes, erasures = noun("erasures"), stores.erasures

    @users.delete("/<path:user_id>", responses=documented({202: ErasureOut}, 409, 503))
    @requires(Role.ADMIN)
    def erase_user(path: UserPath) -> Response:
        """Erase a user from every store, for ever; poll where Location says. Takes an Idempotency-Key

        Nobody sees the user from now on, and events of the user are refused. A replay of the log brings nobody back. Of a person
        with several ids none is erased before it is unmerged.
        """
        if problem := stores.identities.why_not_erased(path.user_id):
            raise ApiError(409, "user_merged", problem)
        asked = _ask(erasures, path.user_id, clock())
        response = reply(_answer(asked), 202)
        response.headers["Location"] = f"/api/v1/erasures/{asked.id}"
        return response

    @routes.get("", responses=documented({200: ErasurePage}, 503))
    @requires(Role.ADMIN)
    def list_erasures(query: ErasureQuery) -> Response:
        """Erasures, the newest first"""
        after = cursor.decode_text(query.cursor) or None
        found = list(erasures.page(after, query.limit + 1))
        more = len(found) > query.limit
        items = [_answer(erasure) for erasure in found[: query.limit]]
        return reply(ErasurePage(items=items, next=cursor.encode(items[-1].id) if more else None))

    @routes.get("/<id>", responses=documented({200: ErasureOut}, 404, 503))
    @requires(Role.ADMIN)
    def read_erasure(path: ErasurePath) -> Response:
        """One erasure: its certificate, with each store, what was removed, and what is left until when"""
        found = erasures.read(path.id)
        if found is None:
            raise ApiError(404, "erasure_not_found", "There is no such erasure")
        return reply(_answer(found))

    return users, routes
