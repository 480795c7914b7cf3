"""The tables of models. Times are UTC."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy import text as literal
from sqlalchemy.dialects.mysql import DATETIME, LONGBLOB, MEDIUMTEXT, VARBINARY
from sqlalchemy.orm import Mapped, mapped_column

from stores.registry.models import EMPTY, OPTIONS, Base

_TEXT = MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin")


class ModelRow(Base):
    """A model. `live_version` is the pointer that scorers follow; `revision` counts the writes."""

    __tablename__ = "models"
    __table_args__ = OPTIONS

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    definition: Mapped[str] = mapped_column(_TEXT)
    live_version: Mapped[int | None] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer, server_default=literal("1"))


class ModelVersionRow(Base):
    """One training of a model: its file by hash, what it was trained on and how well it does, as JSON."""

    __tablename__ = "model_versions"
    __table_args__ = OPTIONS

    model: Mapped[str] = mapped_column(String(63), ForeignKey("models.name"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64), ForeignKey("model_files.sha256"))
    metrics: Mapped[str] = mapped_column(_TEXT)
    lineage: Mapped[str] = mapped_column(_TEXT)
    created_by: Mapped[str] = mapped_column(String(128), server_default=EMPTY)
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    changed_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))


class ModelFileRow(Base):
    """A file by the hash of its content. Written once and never changed."""

    __tablename__ = "model_files"
    __table_args__ = OPTIONS

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb"))


class ModelSnapshotRow(Base):
    """A learner's state: the weights' file and how far in the log they have learned, one atomic unit.

    `state`: good, or withdrawn, with the `reason`.
    """

    __tablename__ = "model_snapshots"
    __table_args__ = OPTIONS

    model: Mapped[str] = mapped_column(String(63), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(String(64), ForeignKey("model_files.sha256"))
    offsets: Mapped[str] = mapped_column(_TEXT)
    examples: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), server_default=literal("'good'"))
    reason: Mapped[str] = mapped_column(String(1000), server_default=EMPTY)
    created_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))


class FeatureReportRow(Base):
    """What a model version was asked with in a period, against what was known. `features`: counts as JSON; it names no user."""

    __tablename__ = "model_feature_reports"
    __table_args__ = (UniqueConstraint("model", "version", "until_at", name="uq_model_feature_reports"), OPTIONS)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    model: Mapped[str] = mapped_column(String(63))
    version: Mapped[int] = mapped_column(Integer)
    from_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    until_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    made_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
    vectors: Mapped[int] = mapped_column(Integer)
    whole: Mapped[bool] = mapped_column(Boolean)
    features: Mapped[str] = mapped_column(_TEXT)


class FeatureFindingRow(Base):
    """A value of a report that is not equal, by user: whoever is erased is erased here."""

    __tablename__ = "model_feature_findings"
    __table_args__ = OPTIONS

    report: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[bytes] = mapped_column(VARBINARY(512), index=True)
    finding: Mapped[str] = mapped_column(_TEXT)


class ModelAuditRow(Base):
    """Who did what to a model, and when. Rows are only added."""

    __tablename__ = "model_audit"
    __table_args__ = OPTIONS

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    model: Mapped[str] = mapped_column(String(63), ForeignKey("models.name"), index=True)
    version: Mapped[int | None] = mapped_column(Integer)
    who: Mapped[str] = mapped_column(String(128))
    what: Mapped[str] = mapped_column(String(200))
    done_at: Mapped[datetime] = mapped_column(DATETIME(fsp=3))
