"""Who makes the request that is being answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from flask import g, request

from api.errors import ApiError
from stores.access.accounts import By
from tagging.access import Role, may_change, may_see
from tagging.definition import TagDefinition


@dataclass(frozen=True)
class Actor:
    """A user, an API key, or everyone while access is open. `csrf_token` and `expires_at_ms` are a session's."""

    name: str
    role: Role
    kind: Literal["local", "user", "key"]
    csrf_token: str | None = None
    expires_at_ms: int | None = None


LOCAL = Actor("local", Role.ADMIN, "local")
NOBODY = "anonymous"


def current_actor() -> Actor:
    """Who asks now. Raises LookupError in a route that everyone may use, where nobody was asked who they are."""
    actor = g.get("actor")
    if actor is None:
        raise LookupError(f"{request.endpoint} is public: it has no actor")
    return actor


def by(actor: Actor | None = None) -> By:
    """The same for the audit log, with the request and where it came from."""
    found = actor or g.get("actor")
    name, role = (found.name, found.role.value) if found else (NOBODY, "")
    return By(name, role, g.get("request_id", ""), request.remote_addr or "")


def sees(tag: TagDefinition) -> bool:
    """Whether who asks may see a tag's values."""
    return may_see(current_actor().role, tag.sensitivity)


def require_sight(tags: Iterable[TagDefinition]) -> None:
    """Raises ApiError unless who asks may see the values of all of these: whom a value takes tells the value."""
    hidden = [tag.name for tag in tags if not sees(tag)]
    if hidden:
        message = f"The values of {', '.join(hidden)} are not for the role {current_actor().role}"
        raise ApiError(403, "values_masked", message)


def changes(owner: str) -> bool:
    """Whether who asks may change what `owner` made."""
    actor = current_actor()
    return may_change(actor.role, actor.name, owner)
