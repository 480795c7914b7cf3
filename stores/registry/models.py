"""The registry's tables. Times are UTC; a row that a person inserts needs a name, a version and a text, no more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Computed, ForeignKey, Integer, String
from sqlalchemy import text as literal
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NOW = literal("CURRENT_TIMESTAMP(3)")
EMPTY = literal("''")
OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


class Base(DeclarativeBase):
    """All tables of the registry and no others of the database."""


class TagRow(Base):
    """A tag. `live_version` is the pointer that readers follow; `revision` counts the writes."""

    __tablename__ = "tags"
    __table_args__ = OPTIONS

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    owner: Mapped[str] = mapped_column(String(500), server_default=EMPTY)
    dimension: Mapped[str] = mapped_column(String(32), server_default=EMPTY)
    live_version: Mapped[int | None] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer, server_default=literal("1"))


class VersionRow(Base):
    """A version of a tag. The text is never updated; MySQL itself keeps its checksum."""

    __tablename__ = "tag_versions"
    __table_args__ = OPTIONS

    tag: Mapped[str] = mapped_column(String(63), ForeignKey("tags.name"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"))
    checksum: Mapped[str] = mapped_column(String(64), Computed("SHA2(`text`, 256)", persisted=True))
    status: Mapped[str] = mapped_column(String(16), server_default=literal("'draft'"))
    cause: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)
    created_by: Mapped[str] = mapped_column(String(128), server_default=EMPTY)
    approved_by: Mapped[str] = mapped_column(String(128), server_default=EMPTY)
    job: Mapped[str] = mapped_column(String(128), server_default=EMPTY)
    cleaned: Mapped[bool] = mapped_column(Boolean, server_default=literal("0"))
    changed_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3), server_default=NOW)


class AuditRow(Base):
    """Who did what to a tag, and when. Rows are only added."""

    __tablename__ = "tag_audit"
    __table_args__ = OPTIONS

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    tag: Mapped[str] = mapped_column(String(63), ForeignKey("tags.name"), index=True)
    version: Mapped[int | None] = mapped_column(Integer)
    who: Mapped[str] = mapped_column(String(128))
    what: Mapped[str] = mapped_column(String(200))
    done_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))


class RequestRow(Base):
    """A request that may come twice, by its Idempotency-Key, and the version that it made. Forgotten after a day."""

    __tablename__ = "tag_requests"
    __table_args__ = OPTIONS

    who: Mapped[str] = mapped_column(String(128), primary_key=True)
    request_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    tag: Mapped[str] = mapped_column(String(63))
    version: Mapped[int] = mapped_column(Integer)
    asked_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3), index=True)


class PreviewRow(Base):
    """A draft to be tried on a sample of users, and what came of it as JSON. Forgotten after a while."""

    __tablename__ = "tag_previews"
    __table_args__ = OPTIONS

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"))
    who: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16), index=True)
    asked_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    started_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    ended_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    result: Mapped[str | None] = mapped_column(MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"))
    cause: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)
