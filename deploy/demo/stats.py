"""What went in: counts of everything that the demo sent, kept in one file over all of its runs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from deploy.demo.shop_state import Batch, Change, Message


class HistoryProgress(BaseModel):
    """The past that is to be made or was made. Fixed at the first start, so that a second attempt makes the same."""

    ends_ms: int
    days: int
    messages: int
    users: int
    messages_sent: int = 0
    done: bool = False


class Stats(BaseModel):
    """Totals since the demo's data began; messages count once the log has them, changes once MySQL has them.

    `messages` counts by kind (valid, late, duplicate, malformed), `malformed` by expected reason.
    """

    seed: int
    history: HistoryProgress | None = None
    messages: Counter[str] = Field(default_factory=Counter)
    malformed: Counter[str] = Field(default_factory=Counter)
    changes: Counter[str] = Field(default_factory=Counter)
    next_user: int = 1
    next_order: int = 1
    runs: int = 0
    pid: int = 0
    rate: float = 0
    messages_per_second: float = 0
    updated_ms: int = 0

    @property
    def unique_total(self) -> int:
        """Events that the log holds, each counted once whatever was sent twice."""
        return self.messages["valid"] + self.messages["late"]

    def count_messages(self, messages: Iterable[Message]) -> None:
        """Add messages that the log has taken."""
        for message in messages:
            self.messages[message.kind] += 1
            if message.reason:
                self.malformed[message.reason] += 1

    def count_changes(self, changes: Iterable[Change]) -> None:
        """Add row changes that MySQL has committed."""
        for change in changes:
            self.changes[f"{change.table}.{change.action}"] += 1

    def count(self, batch: Batch) -> None:
        """Add both."""
        self.count_messages(batch.messages)
        self.count_changes(batch.changes)

    def save(self, file: Path) -> None:
        """Write the file at once or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        fresh.replace(file)

    @classmethod
    def load(cls, file: Path, seed: int) -> Stats:
        """The file's contents, or empty stats where there is no file.

        Raises ValueError when the file is damaged, or belongs to another seed than the one asked for.
        """
        if not file.is_file():
            return cls(seed=seed)
        try:
            found = cls.model_validate_json(file.read_bytes())
        except ValueError as problem:
            raise ValueError(
                f"{file} is damaged: {_first_line(problem)}; remove it together with the stack's data"
            ) from problem
        if found.seed != seed:
            raise ValueError(
                f"{file} belongs to seed {found.seed}, got {seed}; use --seed {found.seed}, or reset the stack's data"
            )
        return found


def _first_line(problem: Any) -> str:
    return str(problem).splitlines()[0]
