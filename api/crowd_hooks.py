"""Webhooks of watched crowds: where deltas are sent, what each took or refused, and sending again from a sequence."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from api import cursor
from api.access.declared import requires
from api.actor import actor
from api.crowd_book import Book
from api.crowd_models import CrowdPath, Name, PageQuery
from api.crowd_sight import require_sight_of_deltas
from api.crowds import require_ownership
from api.documented import Iso, documented, noun
from api.errors import ApiError, invalid
from api.ports import Stores
from api.preconditions import require_json
from api.times import Clock, iso
from api.wire import reply
from tagging.access import Role
from tagging.webhooks import MAX_SECRET, MAX_URL, MIN_SECRET, Hook, TooManyHooks, problem_of_url

MOST_SEQUENCE = 2**53
_NO_CONTENT = {"description": "Removed"}


class HookIn(BaseModel):
    """Where to send, and what to sign with."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL)]
    secret: SecretStr = Field(
        min_length=MIN_SECRET, max_length=MAX_SECRET, description="Both sides know it; no answer ever holds it"
    )
    after: int = Field(0, strict=True, ge=0, le=MOST_SEQUENCE, description="A sequence: deltas after it are sent")


class HookPath(BaseModel):
    """Which hook of which crowd."""

    name: Name
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class ReplayIn(BaseModel):
    """From where."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(
        strict=True, ge=0, le=MOST_SEQUENCE, description="Deltas after this sequence are sent, again where they were"
    )


class HookAnswer(BaseModel):
    """A hook, without its secret."""

    id: str
    url: str
    who: str
    created_at: Iso
    state: Literal["active", "dead"] = Field(description="dead: refused as often as may be; replay it")
    after: int = Field(description="The last sequence that it took")
    attempts: int = Field(description="How often the next deltas were refused so far")
    cause: str = Field(description="Why, the last time; empty otherwise")


class HookList(BaseModel):
    """A crowd's hooks, the oldest first."""

    items: list[HookAnswer]


class DeliveryOut(BaseModel):
    """Deltas that a hook took, or that were dead-lettered."""

    first_sequence: int
    last_sequence: int
    attempts: int
    delivered: bool
    cause: str
    ended_at: Iso


class DeliveryList(BaseModel):
    """A hook's deliveries of the last 30 days, the newest first."""

    items: list[DeliveryOut]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


class CrowdHooks:
    """What the routes answer."""

    def __init__(self, stores: Stores, clock: Clock, allow_private: bool) -> None:
        self._stores = stores
        self._hooks = stores.crowd_times.hooks
        self._clock = clock
        self._allow_private = allow_private

    def list(self, name: str) -> HookList:
        """All of a crowd."""
        Book.open(self._stores).find(name)
        return HookList(items=[_answer(hook) for hook in self._hooks.of(name)])

    def add(self, name: str, wanted: HookIn) -> HookAnswer:
        """Another hook."""
        book = Book.open(self._stores)
        require_ownership(book.find(name))
        book.rule_of(name)
        require_sight_of_deltas(self._stores, name)
        problem = problem_of_url(wanted.url, self._allow_private)
        if problem:
            raise invalid("url", problem, wanted.url, "https:// and a public host")
        hook = Hook(
            id=uuid.uuid4().hex,
            crowd=name,
            url=wanted.url,
            secret=wanted.secret.get_secret_value(),
            who=actor(),
            created_at_ms=self._clock(),
            watch=self._watch(name),
            after=wanted.after,
        )
        try:
            self._hooks.add(hook)
        except TooManyHooks as error:
            raise ApiError(409, "too_many_hooks", f"{error}; remove one first") from error
        return _answer(hook)

    def remove(self, path: HookPath) -> None:
        """Send to a hook no more."""
        self._hooks.remove(self._changeable(path).id)

    def replay(self, path: HookPath, after: int) -> HookAnswer:
        """Send again."""
        hook = self._changeable(path)
        require_sight_of_deltas(self._stores, path.name)
        self._hooks.replay(hook, after)
        return _answer(self.find(path))

    def deliveries(self, path: HookPath, query: PageQuery) -> DeliveryList:
        """What became of what was sent."""
        require_sight_of_deltas(self._stores, path.name)
        before = cursor.decode_number(query.cursor) or None
        found = self._hooks.deliveries(self.find(path).id, before, query.limit + 1)
        page = found[: query.limit]
        items = [
            DeliveryOut(
                first_sequence=each.first_sequence,
                last_sequence=each.last_sequence,
                attempts=each.attempts,
                delivered=each.delivered,
                cause=each.cause,
                ended_at=iso(each.ended_at_ms),
            )
            for each in page
        ]
        return DeliveryList(items=items, next=cursor.encode(page[-1].number) if len(found) > query.limit else None)

    def find(self, path: HookPath) -> Hook:
        """One of them. Raises ApiError."""
        found = next((hook for hook in self._hooks.of(path.name) if hook.id == path.id), None)
        if found is None:
            message = f"The crowd {path.name} has no such hook; GET /api/v1/crowds/{path.name}/hooks lists them"
            raise ApiError(404, "hook_not_found", message)
        return found

    def _watch(self, name: str) -> str:
        watch = self._stores.crowd_times.watches.of(name)
        return watch.id if watch else ""

    def _changeable(self, path: HookPath) -> Hook:
        found = self.find(path)
        saved = self._stores.crowds.all().get(path.name)
        if saved is not None:
            require_ownership(saved)
        return found


def _answer(hook: Hook) -> HookAnswer:
    return HookAnswer(
        id=hook.id,
        url=hook.url,
        who=hook.who,
        created_at=iso(hook.created_at_ms),
        state=hook.state.value,
        after=hook.after,
        attempts=hook.attempts,
        cause=hook.cause,
    )


def blueprint(stores: Stores, clock: Clock, allow_private: bool) -> APIBlueprint:
    """The routes of webhooks."""
    routes = noun("crowds")
    routes.name = "crowd_hooks"
    routes.before_request(require_json)
    hooks = CrowdHooks(stores, clock, allow_private)

    @routes.get("/<name>/hooks", responses=documented({200: HookList}, 404, 503))
    @requires(Role.EDITOR)
    def list_hooks(path: CrowdPath) -> Response:
        """Where a crowd's deltas are sent"""
        return reply(hooks.list(path.name))

    @routes.post("/<name>/hooks", responses=documented({201: HookAnswer}, 400, 404, 409, 413, 415, 503))
    @requires(Role.EDITOR)
    def add_hook(path: CrowdPath, body: HookIn) -> Response:
        """Send a watched crowd's deltas to a web address too

        A POST of {"crowd", "deltas"} with Tagstream-Signature: t=<seconds>,v1=<hex>, where hex is HMAC-SHA256 by the secret of
        the seconds, a dot and the body. Any 2xx takes it; all else is tried again, later each time."""
        return reply(hooks.add(path.name, body), 201)

    @routes.delete("/<name>/hooks/<id>", responses=documented({204: _NO_CONTENT}, 404, 503))
    @requires(Role.EDITOR)
    def remove_hook(path: HookPath) -> Response:
        """Send to an address no more; what it took is forgotten"""
        hooks.remove(path)
        return Response(status=204)

    @routes.post("/<name>/hooks/<id>/replay", responses=documented({200: HookAnswer}, 400, 404, 413, 415, 503))
    @requires(Role.EDITOR)
    def replay_hook(path: HookPath, body: ReplayIn) -> Response:
        """Send what comes after a sequence, again where it was taken; a dead hook is active again"""
        return reply(hooks.replay(path, body.after))

    @routes.get("/<name>/hooks/<id>/deliveries", responses=documented({200: DeliveryList}, 404, 503))
    @requires(Role.EDITOR)
    def list_deliveries(path: HookPath, query: PageQuery) -> Response:
        """What became of what was sent, the newest first"""
        return reply(hooks.deliveries(path, query))

    return routes
