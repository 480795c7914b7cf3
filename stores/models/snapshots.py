"""Snapshots of models that learn, in MySQL: a file and how far in the log it has learned are written together or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from stores.models import files
from stores.models.tables import ModelFileRow, ModelSnapshotRow, ModelVersionRow
from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, naming_failures
from stores.registry.times import ms_of, time_of
from stores.settings import Settings

KEPT = 20
"""Snapshots of a model, the newest, and beside them the newest good one. A learner needs one; the rest is for looking back."""


class SnapshotState(StrEnum):
    """What a snapshot is for. good: scorers use the newest of these. held: nobody knows yet whether it is good. withdrawn: it was
    good until something bad was found in what it has learned. frozen: the learner learns nothing more, and notes how far it is.
    """

    GOOD = "good"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    FROZEN = "frozen"


@dataclass(frozen=True)
class Snapshot:
    """A learner's state, by its file. `offsets`: of each partition the first that is not in it; `reason`: why it is not good."""

    model: str
    number: int
    sha256: str
    offsets: Mapping[int, int]
    examples: int
    state: SnapshotState
    reason: str
    created_at_ms: int


@dataclass(frozen=True)
class NewSnapshot:
    """A snapshot to keep. `number`: one more than the newest. `withdraw_above`: good ones with more examples are withdrawn."""

    model: str
    number: int
    content: bytes
    offsets: Mapping[int, int]
    examples: int
    state: SnapshotState
    reason: str = ""
    withdraw_above: int | None = None


class Overtaken(Exception):
    """Somebody else has written the next snapshot of a model: what this learner has learned since the one before is void."""


class ModelSnapshots:
    """All snapshots. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def newest(self) -> Sequence[tuple[Snapshot, bytes]]:
        """The newest snapshot of every model, whatever its state, with its file. Raises DamagedFile."""
        newest = select(ModelSnapshotRow.model, func.max(ModelSnapshotRow.number).label("number"))
        last = newest.group_by(ModelSnapshotRow.model).subquery()
        query = select(ModelSnapshotRow.__table__).join(
            last, (last.c.model == ModelSnapshotRow.model) & (last.c.number == ModelSnapshotRow.number)
        )
        with naming_failures(self._settings), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(ModelSnapshotRow.model)).all()
            return [(_snapshot(row), files.get(connection, row.sha256)) for row in rows]

    def good(self, model: str) -> Snapshot | None:
        """The snapshot that scorers use."""
        mine = (ModelSnapshotRow.model == model, ModelSnapshotRow.state == SnapshotState.GOOD.value)
        query = select(ModelSnapshotRow.__table__).where(*mine).order_by(ModelSnapshotRow.number.desc()).limit(1)
        with naming_failures(self._settings), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return _snapshot(row) if row else None

    def listed(self, model: str, limit: int = KEPT) -> Sequence[Snapshot]:
        """A model's snapshots, the newest first."""
        query = select(ModelSnapshotRow.__table__).where(ModelSnapshotRow.model == model)
        query = query.order_by(ModelSnapshotRow.number.desc()).limit(limit)
        with naming_failures(self._settings), self._engine.connect() as connection:
            return [_snapshot(row) for row in connection.execute(query)]

    def file(self, sha256: str) -> bytes:
        """A snapshot's file. Raises LookupError, and `stores.models.files.DamagedFile`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            return files.get(connection, sha256)

    def save(self, snapshots: Sequence[NewSnapshot], at_ms: int) -> None:
        """Keep all of these or none. Raises Overtaken when there is one of the same model and number, ValueError for its size."""
        try:
            with naming_failures(self._settings), self._engine.begin() as connection:
                for each in snapshots:
                    _save(connection, each, at_ms)
        except IntegrityError as error:
            names = ", ".join(f"{each.model} {each.number}" for each in snapshots)
            raise Overtaken(f"another learner has written one of the snapshots {names}") from error


def _save(connection: Connection, new: NewSnapshot, at_ms: int) -> None:
    if new.withdraw_above is not None:
        better = (ModelSnapshotRow.model == new.model, ModelSnapshotRow.examples > new.withdraw_above)
        withdrawn = update(ModelSnapshotRow).where(*better, ModelSnapshotRow.state == SnapshotState.GOOD.value)
        connection.execute(withdrawn.values(state=SnapshotState.WITHDRAWN.value, reason=new.reason[:1000]))
    connection.execute(
        insert(ModelSnapshotRow).values(
            model=new.model,
            number=new.number,
            sha256=files.put(connection, new.content),
            offsets=orjson.dumps({str(partition): offset for partition, offset in new.offsets.items()}).decode(),
            examples=new.examples,
            state=new.state.value,
            reason=new.reason[:1000],
            created_at=time_of(at_ms),
        )
    )
    _forget(connection, new.model, new.number - KEPT)


def _forget(connection: Connection, model: str, up_to: int) -> None:
    """Remove a model's snapshots up to this number, but for the newest good one, and the files that nobody names any more."""
    good = select(func.max(ModelSnapshotRow.number)).where(
        ModelSnapshotRow.model == model, ModelSnapshotRow.state == SnapshotState.GOOD.value
    )
    kept = connection.execute(good).scalar()
    old = (ModelSnapshotRow.model == model, ModelSnapshotRow.number <= up_to, ModelSnapshotRow.number != (kept or 0))
    hashes = connection.execute(select(ModelSnapshotRow.sha256).where(*old)).scalars().all()
    if not hashes:
        return
    connection.execute(delete(ModelSnapshotRow).where(*old))
    unused = delete(ModelFileRow).where(
        ModelFileRow.sha256.in_(hashes),
        ~exists().where(ModelSnapshotRow.sha256 == ModelFileRow.sha256),
        ~exists().where(ModelVersionRow.sha256 == ModelFileRow.sha256),
    )
    connection.execute(unused)


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(
        model=row.model,
        number=row.number,
        sha256=row.sha256,
        offsets={int(partition): offset for partition, offset in orjson.loads(row.offsets).items()},
        examples=row.examples,
        state=SnapshotState(row.state),
        reason=row.reason,
        created_at_ms=ms_of(row.created_at),
    )
