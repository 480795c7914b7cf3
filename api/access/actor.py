"""Who makes the request that is being answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from flask import g, request

from api.errors import ApiError
from api.ports import Registry
from stores.access.accounts import By
from tagging.access import Role, may_change, may_see
from tagging.definition import TagDefinition
from tagging.sight import UNKNOWN


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
    _require_none([tag.name for tag in tags if not sees(tag)])


def sees_versions(registry: Registry, versions: Iterable[tuple[str, int]]) -> bool:
    """Whether who asks may see the values of all these versions, live or not."""
    return not _hidden(registry, versions)


def require_sight_of_versions(registry: Registry, versions: Iterable[tuple[str, int]]) -> None:
    """Raises ApiError unless who asks may see them."""
    _require_none(_hidden(registry, versions))


def _hidden(registry: Registry, versions: Iterable[tuple[str, int]]) -> list[str]:
    role = current_actor().role
    known = [(name, registry.version(name, number)) for name, number in sorted(versions)]
    return [name for name, tag in known if not may_see(role, tag.sensitivity if tag else UNKNOWN)]


def _require_none(hidden: list[str]) -> None:
    if hidden:
        message = f"The values of {', '.join(hidden)} are not for the role {current_actor().role}"
        raise ApiError(403, "values_masked", message)


def changes(owner: str) -> bool:
    """Whether who asks may change what `owner` made."""
    actor = current_actor()
    return may_change(actor.role, actor.name, owner)
