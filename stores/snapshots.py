"""Snapshots of crowds in MySQL: the API asks for one or gives it up, a job makes or removes it. Their users are in ClickHouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

import orjson
from sqlalchemy import Row, Select, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from stores.crowd_tables import SnapshotRow
from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, naming_failures
from stores.registry.times import ms_of, time_of
from stores.settings import Settings

MOST_OF_A_CROWD = 100
LONGEST_CAUSE = 1_000


class State(StrEnum):
    """Where a snapshot stands. One that is given up is no longer seen; its users are still to be removed."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GIVEN_UP = "given_up"


@dataclass(frozen=True)
class Taken:
    """What a snapshot is as of: a generation of bitmaps and its time, the clock's newest tick then (epoch minutes), the users."""

    generation: int
    as_of_ms: int
    tick: int | None
    users: int


@dataclass(frozen=True)
class Snapshot:
    """A crowd's rule as it was written and as it was bound (see `tagging.bound_rules`). `taken` once it is done."""

    id: str
    crowd: str
    revision: int
    rule: Mapping[str, Any]
    bound: str
    who: str
    asked_at_ms: int
    state: State = State.ASKED
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    taken: Taken | None = None
    cause: str = ""


class TooManySnapshots(Exception):
    """The crowd has as many snapshots as a crowd may have."""


class Snapshots(Protocol):
    """What is asked of the table."""

    def ask(self, snapshot: Snapshot) -> Snapshot:
        """Add one; the stored one when there is one of this id. Raises TooManySnapshots."""

    def of(self, crowd: str) -> Sequence[Snapshot]:
        """A crowd's, the newest first; those that were given up are left out."""

    def read(self, id: str) -> Snapshot | None:
        """One; None where there is none, or it was given up."""

    def give_up(self, id: str) -> bool:
        """Have one removed; False where there is none any more."""

    def take(self, at_ms: int, stale_ms: int) -> Snapshot | None:
        """The oldest that waits, from now on running; one that has run for longer than `stale_ms` waits again.

        Each is given to one taker.
        """

    def finish(self, snapshot: Snapshot, at_ms: int, taken: Taken | None, cause: str = "") -> bool:
        """Write what came of one that was taken. False when another has taken it since, or it was given up."""

    def release(self, snapshot: Snapshot) -> None:
        """Let one that was taken wait again."""

    def given_up(self) -> Sequence[str]:
        """The ids of those whose users are to be removed."""

    def forget(self, id: str) -> None:
        """One that was given up is removed."""


class SnapshotTable:
    """See `Snapshots`. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def ask(self, snapshot: Snapshot) -> Snapshot:
        """See `Snapshots`."""
        held = self.read(snapshot.id)
        if held:
            return held
        names = ("id", "crowd", "revision", "bound", "who")
        values = {name: getattr(snapshot, name) for name in names} | {"state": State.ASKED.value}
        values |= {"rule": orjson.dumps(snapshot.rule).decode(), "asked_at": time_of(snapshot.asked_at_ms)}
        there = select(func.count()).select_from(SnapshotRow)
        there = there.where(SnapshotRow.crowd == snapshot.crowd, SnapshotRow.state != State.GIVEN_UP.value)
        try:
            with naming_failures(self._settings), self._engine.begin() as connection:
                if connection.execute(there).scalar_one() >= MOST_OF_A_CROWD:
                    raise TooManySnapshots(f"the crowd {snapshot.crowd} has {MOST_OF_A_CROWD} snapshots")
                connection.execute(insert(SnapshotRow).values(**values))
        except IntegrityError:
            # Another request of the same id came between: its snapshot is the one.
            return self.read(snapshot.id) or snapshot
        return replace(snapshot, state=State.ASKED)

    def of(self, crowd: str) -> Sequence[Snapshot]:
        """See `Snapshots`."""
        query = _seen().where(SnapshotRow.crowd == crowd)
        with naming_failures(self._settings), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(SnapshotRow.asked_at.desc(), SnapshotRow.id)).all()
        return [_snapshot(row) for row in rows]

    def read(self, id: str) -> Snapshot | None:
        """See `Snapshots`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            row = connection.execute(_seen().where(SnapshotRow.id == id)).one_or_none()
        return _snapshot(row) if row else None

    def give_up(self, id: str) -> bool:
        """See `Snapshots`."""
        there = (SnapshotRow.id == id, SnapshotRow.state != State.GIVEN_UP.value)
        return self._change(*there, state=State.GIVEN_UP.value)

    def take(self, at_ms: int, stale_ms: int) -> Snapshot | None:
        """See `Snapshots`."""
        stale = (SnapshotRow.state == State.RUNNING.value) & (SnapshotRow.started_at < time_of(at_ms - stale_ms))
        waits = or_(SnapshotRow.state == State.ASKED.value, stale)
        query = select(SnapshotRow.__table__).where(waits).order_by(SnapshotRow.asked_at, SnapshotRow.id).limit(1)
        with naming_failures(self._settings), self._engine.begin() as connection:
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None:
                return None
            taken = {"state": State.RUNNING.value, "started_at": time_of(at_ms)}
            connection.execute(update(SnapshotRow).where(SnapshotRow.id == row.id).values(**taken))
        return replace(_snapshot(row), state=State.RUNNING, started_at_ms=at_ms)

    def finish(self, snapshot: Snapshot, at_ms: int, taken: Taken | None, cause: str = "") -> bool:
        """See `Snapshots`."""
        ended = {"ended_at": time_of(at_ms), "cause": cause[:LONGEST_CAUSE]}
        if taken is None:
            return self._change(*_mine(snapshot), state=State.FAILED.value, **ended)
        return self._change(
            *_mine(snapshot),
            state=State.DONE.value,
            generation=taken.generation,
            as_of=time_of(taken.as_of_ms),
            tick=taken.tick,
            users=taken.users,
            **ended,
        )

    def release(self, snapshot: Snapshot) -> None:
        """See `Snapshots`."""
        self._change(*_mine(snapshot), state=State.ASKED.value, started_at=None)

    def given_up(self) -> Sequence[str]:
        """See `Snapshots`."""
        query = select(SnapshotRow.id).where(SnapshotRow.state == State.GIVEN_UP.value).order_by(SnapshotRow.id)
        with naming_failures(self._settings), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def forget(self, id: str) -> None:
        """See `Snapshots`."""
        gone = (SnapshotRow.id == id, SnapshotRow.state == State.GIVEN_UP.value)
        with naming_failures(self._settings), self._engine.begin() as connection:
            connection.execute(delete(SnapshotRow).where(*gone))

    def _change(self, *where: Any, **values: Any) -> bool:
        with naming_failures(self._settings), self._engine.begin() as connection:
            return connection.execute(update(SnapshotRow).where(*where).values(**values)).rowcount == 1


def _seen() -> Select[Any]:
    return select(SnapshotRow.__table__).where(SnapshotRow.state != State.GIVEN_UP.value)


def _mine(snapshot: Snapshot) -> tuple[Any, ...]:
    started_at = time_of(snapshot.started_at_ms or 0)
    return (
        SnapshotRow.id == snapshot.id,
        SnapshotRow.state == State.RUNNING.value,
        SnapshotRow.started_at == started_at,
    )


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(
        id=row.id,
        crowd=row.crowd,
        revision=row.revision,
        rule=orjson.loads(row.rule),
        bound=row.bound,
        who=row.who,
        asked_at_ms=ms_of(row.asked_at),
        state=State(row.state),
        started_at_ms=ms_of(row.started_at) if row.started_at else None,
        ended_at_ms=ms_of(row.ended_at) if row.ended_at else None,
        taken=Taken(row.generation, ms_of(row.as_of), row.tick, row.users) if row.as_of else None,
        cause=row.cause,
    )
