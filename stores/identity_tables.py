"""The tables of merges and identities. Times are UTC; ids of users are bytes: in MySQL's text types 'a' and 'a ' are the same."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, String
from sqlalchemy.dialects.mysql import DATETIME, VARBINARY
from sqlalchemy.orm import Mapped, mapped_column

from stores.registry.models import OPTIONS, Base


class MergeRow(Base):
    """One merge; `undone_at` is NULL while it holds."""

    __tablename__ = "identity_merges"
    __table_args__ = OPTIONS

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[bytes] = mapped_column(VARBINARY(512), index=True)
    into_id: Mapped[bytes] = mapped_column(VARBINARY(512), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    merged_by: Mapped[str] = mapped_column(String(128))
    merged_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    undone_by: Mapped[str | None] = mapped_column(String(128))
    undone_at: Mapped[datetime | None] = mapped_column(DATETIME(fsp=3))


class IdentityRow(Base):
    """To which person an id belongs since its newest change. Ids that were never merged have none."""

    __tablename__ = "identities"
    __table_args__ = OPTIONS

    user_id: Mapped[bytes] = mapped_column(VARBINARY(512), primary_key=True)
    canonical: Mapped[bytes] = mapped_column(VARBINARY(512), index=True)
    merge_id: Mapped[str] = mapped_column(String(64))
    change_no: Mapped[int] = mapped_column(BigInteger, index=True)
    changed_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    published: Mapped[bool] = mapped_column(Boolean, index=True)


class IdentityCounterRow(Base):
    """The number of the newest change, in one row: who holds its lock changes identities alone."""

    __tablename__ = "identity_counter"
    __table_args__ = OPTIONS

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    change_no: Mapped[int] = mapped_column(BigInteger)
