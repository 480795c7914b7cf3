"""The tables of access. Times are UTC; no secret is stored, only hashes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String
from sqlalchemy import text as literal
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from stores.registry.models import EMPTY, OPTIONS


class AccessBase(DeclarativeBase):
    """All tables of access and no others of the database."""


class UserRow(AccessBase):
    """A person."""

    __tablename__ = "access_users"
    __table_args__ = OPTIONS

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(255), server_default=EMPTY)
    subject: Mapped[str | None] = mapped_column(String(500), unique=True)
    disabled: Mapped[bool] = mapped_column(Boolean, server_default=literal("0"))
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    last_login_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))


class KeyRow(AccessBase):
    """An API key. Keys that were revoked stay: the audit log names them."""

    __tablename__ = "access_keys"
    __table_args__ = OPTIONS

    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(63))
    role: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    expires_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    last_used_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    revoked_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))


class SessionRow(AccessBase):
    """A browser that signed in."""

    __tablename__ = "access_sessions"
    __table_args__ = OPTIONS

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user: Mapped[str] = mapped_column(String(63), ForeignKey("access_users.name"), index=True)
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    expires_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3), index=True)


class DeedRow(AccessBase):
    """A line of the audit log. Rows are only added; `outcome` alone is filled in later."""

    __tablename__ = "access_audit"
    __table_args__ = (
        Index("ix_access_audit_actor", "actor", "id"),
        Index("ix_access_audit_what", "what", "id"),
        OPTIONS,
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    actor: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(16))
    what: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(300))
    detail: Mapped[str] = mapped_column(String(1000))
    outcome: Mapped[int | None] = mapped_column(Integer)
    request_id: Mapped[str] = mapped_column(String(64))
    client: Mapped[str] = mapped_column(String(64))
