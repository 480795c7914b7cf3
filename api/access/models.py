"""What the routes that manage access take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from api.cursor import Cursor
from api.documented import Iso
from api.times import iso, iso_or_none
from tagging.access import MAX_PASSWORD, MIN_PASSWORD, Role
from tagging.accounts import Deed, Key, User

MAX_PAGE = 500
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._@-]{1,62}$")]
Password = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
PersonRole = Literal["viewer", "editor", "approver", "admin"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class UserPath(BaseModel):
    """Which user."""

    name: Name


class KeyPath(BaseModel):
    """Which API key."""

    prefix: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]


class UserIn(BaseModel):
    """A new user."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: PersonRole
    password: Password


class UserChange(BaseModel):
    """What becomes of a user; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    role: PersonRole | None = None
    disabled: StrictBool | None = None
    password: Password | None = None


class UserOut(BaseModel):
    """A user."""

    name: str
    role: Role
    disabled: bool
    sign_in: Literal["password", "provider"]
    created_at: Iso
    last_login_at: Iso | None


class UserList(BaseModel):
    """All users in order of name."""

    items: list[UserOut]


class KeyIn(BaseModel):
    """A new API key."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role
    expires_in_days: int | None = Field(90, strict=True, ge=1, le=3_650, description="null: never")


class KeyOut(BaseModel):
    """An API key, without its secret."""

    prefix: str = Field(description="Names the key")
    name: str
    role: Role
    created_by: str
    created_at: Iso
    expires_at: Iso | None
    last_used_at: Iso | None = Field(description="To the minute")
    revoked_at: Iso | None


class KeyList(BaseModel):
    """All API keys, the newest first, the revoked ones too."""

    items: list[KeyOut]


class KeyMade(KeyOut):
    """A new API key."""

    key: str = Field(description="The whole key: only this answer has it")


class AuditQuery(BaseModel):
    """Which lines of the audit log."""

    model_config = ConfigDict(extra="forbid")

    actor: Text | None = Field(None, description="Who did it")
    what: Text | None = Field(None, description="How the deed begins, such as users or crowds.change")
    subject: Text | None = Field(None, description="What it was done to")
    since: Text | None = Field(None, description="From this time on, ISO 8601 with a zone")
    until: Text | None = Field(None, description="Before this time")
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class AuditLine(BaseModel):
    """Who did what."""

    id: int
    at: Iso
    actor: str
    role: str
    what: str
    subject: str
    detail: str
    outcome: int | None = Field(description="The answer's HTTP status; null while it is under way, or if it broke off")
    request_id: str
    client: str


class AuditPage(BaseModel):
    """Lines, the newest first."""

    items: list[AuditLine]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


def user_out(user: User) -> UserOut:
    """A user as it is answered."""
    return UserOut(
        name=user.name,
        role=user.role,
        disabled=user.disabled,
        sign_in="provider" if user.subject else "password",
        created_at=iso(user.created_at_ms),
        last_login_at=iso_or_none(user.last_login_at_ms),
    )


def key_out(key: Key) -> KeyOut:
    """An API key as it is answered."""
    return KeyOut(
        prefix=key.prefix,
        name=key.name,
        role=key.role,
        created_by=key.created_by,
        created_at=iso(key.created_at_ms),
        expires_at=iso_or_none(key.expires_at_ms),
        last_used_at=iso_or_none(key.last_used_at_ms),
        revoked_at=iso_or_none(key.revoked_at_ms),
    )


def line_out(deed: Deed) -> AuditLine:
    """A line as it is answered."""
    return AuditLine(
        id=deed.id,
        at=iso(deed.at_ms),
        actor=deed.actor,
        role=deed.role,
        what=deed.what,
        subject=deed.subject,
        detail=deed.detail,
        outcome=deed.outcome,
        request_id=deed.request_id,
        client=deed.client,
    )
