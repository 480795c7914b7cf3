"""The tables of what is done with crowds. Times are UTC."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, String
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT
from sqlalchemy.orm import Mapped, mapped_column

from stores.registry.models import EMPTY, OPTIONS, Base

_TEXT = MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin")


class SnapshotRow(Base):
    """A snapshot of a crowd: what it is of, where it stands, and once it is done, as of when. Its users are in ClickHouse."""

    __tablename__ = "crowd_snapshots"
    __table_args__ = OPTIONS

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    crowd: Mapped[str] = mapped_column(String(63), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    rule: Mapped[str] = mapped_column(_TEXT)
    bound: Mapped[str] = mapped_column(_TEXT)
    who: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16), index=True)
    asked_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    started_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    ended_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    generation: Mapped[int | None] = mapped_column(BigInteger)
    as_of: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    tick: Mapped[int | None] = mapped_column(Integer)
    users: Mapped[int | None] = mapped_column(BigInteger)
    cause: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)


class WatchRow(Base):
    """A crowd that is watched: whom to tell of, and how far the telling has come. `batch` and `published` guard `planned`."""

    __tablename__ = "crowd_watches"
    __table_args__ = OPTIONS

    crowd: Mapped[str] = mapped_column(String(63), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    who: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    policy: Mapped[str] = mapped_column(_TEXT)
    dry_run: Mapped[bool] = mapped_column(Boolean)
    tells_present: Mapped[bool] = mapped_column(Boolean)
    batch: Mapped[int] = mapped_column(BigInteger)
    published: Mapped[bool] = mapped_column(Boolean)
    planned: Mapped[str] = mapped_column(_TEXT)
    problem: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)


class HookRow(Base):
    """Where a watched crowd's deltas are sent, and how far it has taken them."""

    __tablename__ = "crowd_hooks"
    __table_args__ = OPTIONS

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    crowd: Mapped[str] = mapped_column(String(63), index=True)
    url: Mapped[str] = mapped_column(String(1000))
    secret: Mapped[str] = mapped_column(String(200))
    who: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    watch: Mapped[str] = mapped_column(String(64), server_default=EMPTY)
    after: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    cause: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)


class DeliveryRow(Base):
    """Deltas that a hook took, or refused as often as may be. Forgotten after 30 days."""

    __tablename__ = "crowd_deliveries"
    __table_args__ = OPTIONS

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    hook: Mapped[str] = mapped_column(String(64), index=True)
    watch: Mapped[str] = mapped_column(String(64))
    first_sequence: Mapped[int] = mapped_column(BigInteger)
    last_sequence: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer)
    delivered: Mapped[bool] = mapped_column(Boolean)
    cause: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)
    ended_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
