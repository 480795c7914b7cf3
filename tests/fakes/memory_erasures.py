"""Erasures in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from tagging.erasure import Erasure, State, Subjects
from tests.fakes.breakable import Breakable

SECRET = "of a test"


class MemoryErasures(Breakable):
    """They pass tests/contract/test_erasures.py."""

    def __init__(self, secret: str = SECRET) -> None:
        super().__init__("mysql")
        self.subjects = Subjects(secret)
        self.rows: dict[str, Erasure] = {}

    def subject_of(self, user_id: str) -> bytes:
        return self.subjects.of(user_id)

    def ask(self, erasure: Erasure | None = None) -> Erasure:  # type: ignore[override]
        super().ask()
        assert erasure is not None
        for held in self.rows.values():
            if held.id == erasure.id:
                return held
            if held.subject == erasure.subject and held.state is not State.COMPLETE:
                return held
        self.rows[erasure.id] = erasure
        return erasure

    def read(self, id: str) -> Erasure | None:
        super().ask()
        return self.rows.get(id)

    def page(self, after: str | None, limit: int) -> Sequence[Erasure]:
        super().ask()
        newest = list(reversed(self.rows.values()))
        begin = (
            0 if after is None else [row.id for row in newest].index(after) + 1 if after in self.rows else len(newest)
        )
        return newest[begin : begin + limit]

    def next(self, at_ms: int) -> Erasure | None:
        super().ask()
        waiting = (row for row in self.rows.values() if row.state is not State.COMPLETE and row.next_at_ms <= at_ms)
        return next(waiting, None)

    def write(self, erasure: Erasure) -> None:
        super().ask()
        if self.rows[erasure.id].state is not State.COMPLETE:
            self.rows[erasure.id] = erasure

    def among(self, user_ids: Iterable[str]) -> Set[str]:
        return self.subjects.among(user_ids, {bytes.fromhex(row.subject) for row in self.rows.values()})

    def open(self) -> tuple[int, int | None]:
        super().ask()
        asked = [row.asked_at_ms for row in self.rows.values() if row.state is not State.COMPLETE]
        return len(asked), min(asked, default=None)
