"""Who may do what: the roles in order, what each sees and changes, and what is asked of names and passwords."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

MIN_PASSWORD = 12
MAX_PASSWORD = 256
USER_NAME = re.compile(r"[a-z][a-z0-9._@-]{1,62}")
"""Lower case alone: two names that differ in case would be one person to a reader of the audit log."""


class Role(StrEnum):
    """What an account is for. A service sends events, and reads nothing."""

    VIEWER = "viewer"
    EDITOR = "editor"
    APPROVER = "approver"
    ADMIN = "admin"
    SERVICE = "service"


PEOPLE = (Role.VIEWER, Role.EDITOR, Role.APPROVER, Role.ADMIN)
"""Each may do what those before it may."""


def at_least(role: Role) -> frozenset[Role]:
    """The roles that may do what `role` may. A service stands beside the others."""
    return frozenset(PEOPLE[PEOPLE.index(role) :]) if role in PEOPLE else frozenset({role})


# From the least strict on.
_SEES = {
    "public": at_least(Role.VIEWER),
    "personal": at_least(Role.EDITOR),
    "restricted": at_least(Role.APPROVER),
}


def may_see(role: Role, sensitivity: str) -> bool:
    """Whether a role sees the values of a tag of this sensitivity."""
    return role in _SEES[sensitivity]


def seen_by(role: Role) -> tuple[str, ...]:
    """The sensitivities whose values a role sees."""
    return tuple(sensitivity for sensitivity, roles in _SEES.items() if role in roles)


def strictest(sensitivities: Iterable[str]) -> str:
    """What holds for something that tells values of all of these."""
    order = list(_SEES)
    return max(sensitivities, key=order.index, default=order[0])


def may_change(role: Role, name: str, owner: str) -> bool:
    """Whether somebody may change or remove what `owner` made: the owner, while an editor, and approvers."""
    return role in at_least(Role.APPROVER) or (role is Role.EDITOR and name == owner)


def password_problem(name: str, password: str) -> str | None:
    """What is wrong with a new password; None for a good one. Length counts, a mix of kinds of characters doesn't."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters; this one has {len(password)}"
    if name in password.lower():
        return "a password doesn't hold the user's name"
    if len(set(password)) < 5:
        return "a password has at least 5 different characters"
    return None
