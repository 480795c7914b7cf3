"""The tables of erasures. Times are UTC. A user is named until its erasure is complete, and then by its subject alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.dialects.mysql import DATETIME, VARBINARY
from sqlalchemy.orm import Mapped, mapped_column

from stores.registry.models import EMPTY, OPTIONS, Base


class ErasureRow(Base):
    """One request. Ids of users are bytes: in MySQL's text types 'a' and 'a ' are the same."""

    __tablename__ = "erasures"
    __table_args__ = OPTIONS

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    subject: Mapped[str] = mapped_column(String(64), index=True)
    user_id: Mapped[bytes | None] = mapped_column(VARBINARY(512))
    user_no: Mapped[int | None] = mapped_column(BigInteger)
    asked_by: Mapped[str] = mapped_column(String(128))
    asked_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    state: Mapped[str] = mapped_column(String(16), index=True)
    published_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    swept_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    completed_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    next_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    cause: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)


class ErasureStepRow(Base):
    """What is known of one store."""

    __tablename__ = "erasure_steps"
    __table_args__ = OPTIONS

    erasure: Mapped[str] = mapped_column(String(64), primary_key=True)
    store: Mapped[str] = mapped_column(String(32), primary_key=True)
    place: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    removed: Mapped[int] = mapped_column(BigInteger)
    finished_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    kept_until: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))
    detail: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)
