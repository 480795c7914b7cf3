"""Previews of drafts in MySQL: the API asks, a worker takes and answers, and old ones are forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

import orjson
from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, naming_failures
from stores.registry.models import PreviewRow
from stores.registry.times import ms_of, time_of
from stores.settings import Settings

MOST_WAITING = 20
LONGEST_CAUSE = 1_000


class State(StrEnum):
    """Where a preview stands."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Preview:
    """A draft's text to be tried. `result` is there when it is done, `cause` when it failed."""

    id: str
    text: str
    who: str
    asked_at_ms: int
    state: State = State.ASKED
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    result: Mapping[str, Any] | None = None
    cause: str = ""


class TooManyPreviews(Exception):
    """As many previews wait as may wait."""


class Previews(Protocol):
    """What is asked of the table."""

    def ask(self, preview: Preview) -> Preview:
        """Add a preview; the stored one when there is one of this id. Raises TooManyPreviews."""

    def read(self, id: str) -> Preview | None:
        """A preview, or None when there is none, or none any more."""

    def take(self, at_ms: int, stale_ms: int) -> Preview | None:
        """The oldest that waits, from now on running; one that has run for longer than `stale_ms` waits again.

        Each is given to one taker.
        """

    def finish(self, preview: Preview, at_ms: int, result: Mapping[str, Any] | None, cause: str = "") -> bool:
        """Write what came of a taken preview: a result, or the cause of its failure. False when another has taken it since."""

    def forget(self, before_ms: int) -> int:
        """Remove those that were asked for before this; how many there were."""


class PreviewTable:
    """See `Previews`. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def ask(self, preview: Preview) -> Preview:
        """See `Previews`."""
        held = self.read(preview.id)
        if held:
            return held
        values = {"id": preview.id, "text": preview.text, "who": preview.who, "state": State.ASKED.value}
        values["asked_at"] = time_of(preview.asked_at_ms)
        waiting = select(func.count()).select_from(PreviewRow).where(PreviewRow.state == State.ASKED.value)
        try:
            with naming_failures(self._settings), self._engine.begin() as connection:
                if connection.execute(waiting).scalar_one() >= MOST_WAITING:
                    raise TooManyPreviews(f"{MOST_WAITING} previews wait already")
                connection.execute(insert(PreviewRow).values(**values))
        except IntegrityError:
            # Another request of the same id came between: its preview is the one.
            return self.read(preview.id) or preview
        return replace(preview, state=State.ASKED)

    def read(self, id: str) -> Preview | None:
        """See `Previews`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            row = connection.execute(select(PreviewRow.__table__).where(PreviewRow.id == id)).one_or_none()
        return _preview(row) if row else None

    def take(self, at_ms: int, stale_ms: int) -> Preview | None:
        """See `Previews`."""
        stale = (PreviewRow.state == State.RUNNING.value) & (PreviewRow.started_at < time_of(at_ms - stale_ms))
        waits = or_(PreviewRow.state == State.ASKED.value, stale)
        query = select(PreviewRow.__table__).where(waits).order_by(PreviewRow.asked_at, PreviewRow.id).limit(1)
        with naming_failures(self._settings), self._engine.begin() as connection:
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None:
                return None
            taken = {"state": State.RUNNING.value, "started_at": time_of(at_ms)}
            connection.execute(update(PreviewRow).where(PreviewRow.id == row.id).values(**taken))
        return replace(_preview(row), state=State.RUNNING, started_at_ms=at_ms)

    def finish(self, preview: Preview, at_ms: int, result: Mapping[str, Any] | None, cause: str = "") -> bool:
        """See `Previews`."""
        ended = {
            "state": (State.FAILED if result is None else State.DONE).value,
            "ended_at": time_of(at_ms),
            "result": None if result is None else orjson.dumps(result).decode(),
            "cause": cause[:LONGEST_CAUSE],
        }
        mine = (
            PreviewRow.id == preview.id,
            PreviewRow.state == State.RUNNING.value,
            PreviewRow.started_at == time_of(preview.started_at_ms or 0),
        )
        with naming_failures(self._settings), self._engine.begin() as connection:
            return connection.execute(update(PreviewRow).where(*mine).values(**ended)).rowcount == 1

    def forget(self, before_ms: int) -> int:
        """See `Previews`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            return connection.execute(delete(PreviewRow).where(PreviewRow.asked_at < time_of(before_ms))).rowcount


def _preview(row: Row[Any]) -> Preview:
    return Preview(
        id=row.id,
        text=row.text,
        who=row.who,
        asked_at_ms=ms_of(row.asked_at),
        state=State(row.state),
        started_at_ms=ms_of(row.started_at) if row.started_at else None,
        ended_at_ms=ms_of(row.ended_at) if row.ended_at else None,
        result=orjson.loads(row.result) if row.result else None,
        cause=row.cause,
    )
