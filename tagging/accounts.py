"""Accounts as they are kept, what is recorded of their deeds, and why a change to them is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tagging.access import Role


@dataclass(frozen=True)
class User:
    """A person. Without `password_hash` there is no password sign-in; `subject` is the person at the identity provider."""

    name: str
    role: Role
    password_hash: str = ""
    subject: str | None = None
    disabled: bool = False
    created_at_ms: int = 0
    last_login_at_ms: int | None = None


@dataclass(frozen=True)
class Key:
    """An API key: of its secret the hash alone. `prefix` names it."""

    prefix: str
    name: str
    role: Role
    secret_hash: str
    created_by: str
    created_at_ms: int
    expires_at_ms: int | None = None
    last_used_at_ms: int | None = None
    revoked_at_ms: int | None = None

    def valid(self, at_ms: int) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at_ms is None and (self.expires_at_ms is None or at_ms < self.expires_at_ms)


@dataclass(frozen=True)
class Session:
    """A browser that signed in: of its token the hash alone."""

    token_hash: str
    user: str
    created_at_ms: int
    expires_at_ms: int


@dataclass(frozen=True)
class Deed:
    """A line of the audit log. `outcome` is the answer's HTTP status; None while it is under way, or if it broke off."""

    at_ms: int
    actor: str
    role: str
    what: str
    subject: str = ""
    detail: str = ""
    outcome: int | None = None
    request_id: str = ""
    client: str = ""
    id: int = 0


@dataclass(frozen=True)
class DeedFilter:
    """Which lines: all that is given must fit. `what` is the beginning of the word."""

    actor: str | None = None
    what: str | None = None
    subject: str | None = None
    from_ms: int | None = None
    until_ms: int | None = None


class AccessRefused(Exception):
    """A change to accounts that is not made. `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def missing(kind: str, name: str) -> AccessRefused:
    """There is no such user or key."""
    return AccessRefused(f"{kind}_not_found", f"there is no {kind} {name}")


def keep_an_admin(users: Iterable[User], changed: User) -> None:
    """Raises AccessRefused for a change that takes the last admin away: nobody could manage access any more."""
    admins = {user.name for user in users if _is_admin(user)}
    if admins == {changed.name} and not _is_admin(changed):
        raise AccessRefused("last_admin", f"{changed.name} is the last admin: make somebody else one first")


def _is_admin(user: User) -> bool:
    return user.role is Role.ADMIN and not user.disabled
