"""Erasures in MySQL: the API asks for one, a job carries it out and writes its certificate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import ProgrammingError

from stores.erasure_tables import ErasureRow, ErasureStepRow
from stores.mysql import ANSWER_SECONDS, MySQLUnavailable
from stores.registry.engine import engine, naming_failures
from stores.registry.times import ms_of, time_of
from stores.settings import Settings
from tagging.erasure import Erasure, State, Step, StepState, Subjects

LONGEST_CAUSE = 1_000
LOOK_SECONDS = 1.0
OVERLAP = 1_000
"""Numbers are given before a transaction ends: the last ones are read again, lest one that came later is missed."""


class Erasures(Protocol):
    """What is asked of the table."""

    def subject_of(self, user_id: str) -> bytes:
        """What stands for a user. Raises WrongSecret."""

    def ask(self, erasure: Erasure) -> Erasure:
        """Add one; the stored one of this id, or the one of this subject that is not complete yet, where there is one."""

    def read(self, id: str) -> Erasure | None:
        """One with its steps."""

    def page(self, after: str | None, limit: int) -> Sequence[Erasure]:
        """At most `limit`, the newest first, after the one of an id; with their steps."""

    def next(self, at_ms: int) -> Erasure | None:
        """The oldest that is not complete and may go on now."""

    def write(self, erasure: Erasure) -> None:
        """Where one stands now, its steps too. One that is complete stays so: who lost the lead must not name the user again."""

    def among(self, user_ids: Iterable[str]) -> Set[str]:
        """Those of the users that are erased, or are to be."""

    def open(self) -> tuple[int, int | None]:
        """How many are not complete, and when the oldest of them was asked for."""


class ErasureTable:
    """See `Erasures`. Every method raises MySQLUnavailable while MySQL is away; `among` then goes by what it read last."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)
        self._subjects = Subjects(settings.erasure.secret.get_secret_value())
        self._lock = Lock()
        # 32 bytes a subject, about 130 with Python's own: a million erased users take 130 MB.
        self._erased: set[bytes] = set()
        self._read_to = 0
        self._read_at = float("-inf")

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def subject_of(self, user_id: str) -> bytes:
        """See `Erasures`."""
        return self._subjects.of(user_id)

    def ask(self, erasure: Erasure) -> Erasure:
        """See `Erasures`."""
        same = (ErasureRow.subject == erasure.subject) & (ErasureRow.state != State.COMPLETE.value)
        waiting = select(ErasureRow.__table__).where(same | (ErasureRow.id == erasure.id))
        with naming_failures(self._settings), self._engine.begin() as connection:
            # Of two that ask at once the second finds the first one's row, or adds its own: to erase twice harms nobody.
            held = connection.execute(waiting.with_for_update()).first()
            if held is None:
                values = {"id": erasure.id, "subject": erasure.subject, "asked_by": erasure.asked_by}
                values |= {"asked_at": time_of(erasure.asked_at_ms), **_progress(erasure)}
                connection.execute(insert(ErasureRow).values(**values))
                _write_steps(connection, erasure)
        with self._lock:
            self._erased.add(bytes.fromhex(erasure.subject))
        return self.read(held.id if held else erasure.id) or erasure

    def read(self, id: str) -> Erasure | None:
        """See `Erasures`."""
        found = self._all(select(ErasureRow.__table__).where(ErasureRow.id == id))
        return found[0] if found else None

    def page(self, after: str | None, limit: int) -> Sequence[Erasure]:
        """See `Erasures`."""
        query = select(ErasureRow.__table__).order_by(ErasureRow.number.desc()).limit(limit)
        if after is not None:
            number = select(ErasureRow.number).where(ErasureRow.id == after).scalar_subquery()
            query = query.where(ErasureRow.number < number)
        return self._all(query)

    def next(self, at_ms: int) -> Erasure | None:
        """See `Erasures`."""
        waits = (ErasureRow.state != State.COMPLETE.value, ErasureRow.next_at <= time_of(at_ms))
        found = self._all(select(ErasureRow.__table__).where(*waits).order_by(ErasureRow.number).limit(1))
        return found[0] if found else None

    def write(self, erasure: Erasure) -> None:
        """See `Erasures`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            waits = (ErasureRow.id == erasure.id, ErasureRow.state != State.COMPLETE.value)
            if connection.execute(update(ErasureRow).where(*waits).values(**_progress(erasure))).rowcount:
                _write_steps(connection, erasure)

    def among(self, user_ids: Iterable[str]) -> Set[str]:
        """See `Erasures`."""
        with self._lock:
            if monotonic() - self._read_at > LOOK_SECONDS:
                # Reads and events go on without MySQL, and before it has the table: sinks drop who was erased lately all the same.
                with suppress(MySQLUnavailable, ProgrammingError):
                    self._catch_up()
                self._read_at = monotonic()
            return self._subjects.among(user_ids, self._erased)

    def open(self) -> tuple[int, int | None]:
        """See `Erasures`."""
        query = select(ErasureRow.asked_at).where(ErasureRow.state != State.COMPLETE.value)
        with naming_failures(self._settings), self._engine.connect() as connection:
            asked = [ms_of(at) for at in connection.execute(query).scalars()]
        return len(asked), min(asked, default=None)

    def _catch_up(self) -> None:
        query = select(ErasureRow.number, ErasureRow.subject).where(ErasureRow.number > self._read_to - OVERLAP)
        with naming_failures(self._settings), self._engine.connect() as connection:
            for number, subject in connection.execute(query):
                self._erased.add(bytes.fromhex(subject))
                self._read_to = max(self._read_to, number)

    def _all(self, query: Any) -> list[Erasure]:
        with naming_failures(self._settings), self._engine.connect() as connection:
            rows = connection.execute(query).all()
            of = select(ErasureStepRow.__table__).where(ErasureStepRow.erasure.in_([row.id for row in rows]))
            steps = connection.execute(of.order_by(ErasureStepRow.place)).all() if rows else []
        return [_erasure(row, [step for step in steps if step.erasure == row.id]) for row in rows]


def _write_steps(connection: Connection, erasure: Erasure) -> None:
    connection.execute(delete(ErasureStepRow).where(ErasureStepRow.erasure == erasure.id))
    rows = [
        {
            "erasure": erasure.id,
            "store": step.store,
            "place": place,
            "state": step.state.value,
            "removed": step.removed,
            "finished_at": _time(step.finished_at_ms),
            "kept_until": _time(step.kept_until_ms),
            "detail": step.detail[:LONGEST_CAUSE],
        }
        for place, step in enumerate(erasure.steps.values())
    ]
    if rows:
        connection.execute(insert(ErasureStepRow), rows)


def _time(at_ms: int | None) -> Any:
    return None if at_ms is None else time_of(at_ms)


def _ms(at: Any) -> int | None:
    return None if at is None else ms_of(at)


def _progress(erasure: Erasure) -> dict[str, Any]:
    return {
        "user_id": None if erasure.user_id is None else erasure.user_id.encode(),
        "user_no": erasure.user_no,
        "state": erasure.state.value,
        "published_at": _time(erasure.published_at_ms),
        "swept_at": _time(erasure.swept_at_ms),
        "completed_at": _time(erasure.completed_at_ms),
        "next_at": time_of(erasure.next_at_ms),
        "cause": erasure.cause[:LONGEST_CAUSE],
    }


def _erasure(row: Row[Any], steps: Sequence[Row[Any]]) -> Erasure:
    found = Erasure(
        id=row.id,
        subject=row.subject,
        user_id=None if row.user_id is None else row.user_id.decode(),
        asked_by=row.asked_by,
        asked_at_ms=ms_of(row.asked_at),
        state=State(row.state),
        user_no=row.user_no,
        published_at_ms=_ms(row.published_at),
        swept_at_ms=_ms(row.swept_at),
        completed_at_ms=_ms(row.completed_at),
        next_at_ms=ms_of(row.next_at),
        cause=row.cause,
    )
    return replace(
        found,
        steps={
            step.store: Step(
                step.store,
                StepState(step.state),
                step.removed,
                _ms(step.finished_at),
                _ms(step.kept_until),
                step.detail,
            )
            for step in steps
        },
    )
