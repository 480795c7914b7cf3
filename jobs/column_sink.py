"""What sinks share that write one table of ClickHouse, each row of it a user's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from jobs import dead_letters
from jobs.sink import DeadLetter
from stores.clickhouse import ClickHouseClient, ClickHouseUnavailable

Columns = Mapping[str, list[Any]]


class ColumnSink:
    """Writes columns, one of them `user_id`, into `table`, and what was refused to `dead_letters`. Subclasses decode."""

    table: str
    away = (ClickHouseUnavailable,)

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store

    def open(self) -> None:
        """Create the tables where they are missing."""
        self._store.apply_schema()

    def write(self, batch: Columns, dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """Write the rows, then dead letters."""
        written = self._store.insert_columns(self.table, batch) if batch else 0
        if dead:
            written += self._store.insert_columns("dead_letters", dead_letters.columns(dead))
        return {"clickhouse": written}

    def users(self, batch: Columns) -> Iterable[str]:
        """See `jobs.suppression.Suppressible`."""
        return batch.get("user_id", ())

    def without(self, batch: Columns, users: AbstractSet[str]) -> tuple[Columns, int]:
        """See `jobs.suppression.Suppressible`."""
        named = batch.get("user_id", [])
        kept = [place for place, user_id in enumerate(named) if user_id not in users]
        columns = {name: [values[place] for place in kept] for name, values in batch.items()} if kept else {}
        return columns, len(named) - len(kept)
