"""Dead letters that were sent again: who did it and where the message lies now, so that each is sent once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import sql
from stores.mysql import transaction
from stores.settings import Settings


@dataclass(frozen=True)
class Place:
    """Where a message lies in the log."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Replay:
    """A dead letter that is sent again. `sha256`: of what is sent. `sent_to`: where it lies now."""

    letter: Place
    sha256: str
    who: str
    asked_at_ms: int
    sent_to: Place | None


class ReplayTable:
    """Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def once(self, letter: Place, sha256: str, who: str, send: Callable[[], Place]) -> Replay:
        """Send a letter again unless it was; the stored replay, which may be of other bytes and by somebody else.

        Others wait for the same letter meanwhile. Where `send` raises nothing is stored: the message may be in the log all
        the same, and once more after the next attempt; an event counts once by its id.
        """
        with transaction(self._settings) as cursor:
            _run(cursor, "begin", letter, sha256=sha256, who=who)
            found = _read(cursor, letter)
            if found is not None and found.sent_to is not None:
                return found
            to = send()
            _run(cursor, "sent", letter, sent_part=to.partition, sent_place=to.offset)
            found = _read(cursor, letter)
            if found is None:
                raise LookupError(f"the replay of {letter} was written and is not there")
            return found

    def read(self, letter: Place) -> Replay | None:
        """What became of one."""
        with transaction(self._settings) as cursor:
            return _read(cursor, letter)


def _run(cursor: Any, file: str, letter: Place, **values: Any) -> None:
    key = {"topic": letter.topic, "part": letter.partition, "place": letter.offset}
    cursor.execute(sql.text(f"mysql/dead_letter_replays/{file}.sql"), {**key, **values})


def _read(cursor: Any, letter: Place) -> Replay | None:
    _run(cursor, "read", letter)
    row = cursor.fetchone()
    if row is None:
        return None
    sent = None if row["sent_place"] is None else Place(letter.topic, row["sent_part"], row["sent_place"])
    asked_at_ms = round(row["asked_at"].replace(tzinfo=UTC).timestamp() * 1000)
    return Replay(letter, row["sha256"], row["who"], asked_at_ms, sent)
