"""A shop's log, made up for tests that look at every row of it: as messages for Flink, and as plain rows for an oracle."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tagging.sources import CATALOG
from tests.flink_local import Log, Message

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
SHARDS = 64
PARTITIONS = 3
TABLES = ("users", "products", "orders")

Row = dict[str, Any]
"""A row with what the log says of it: `offset` and `logged_at`, and for a row change `op`. Times are epoch milliseconds."""


@dataclass
class History:
    """Everything that was logged. The clock ticked each minute from `first_minute` to `now_minute`."""

    first_minute: int
    now_minute: int
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in CATALOG})
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    identities: list[Row] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        """The newest tick."""
        return self.now_minute * MINUTE_MS

    def event(self, event_id: str, user_id: str, event_type: str, occurred_at: int, **more: Any) -> None:
        """Log an event; `more`: item_id, properties, and logged_at (as a rule, when it occurred)."""
        row = {"event_id": event_id, "user_id": user_id, "event_type": event_type, "occurred_at": occurred_at}
        logged_at = more.pop("logged_at", max(occurred_at, self.first_minute * MINUTE_MS))
        self._log("events", user_id, {"item_id": None, "properties": {}, **row, **more, "logged_at": logged_at})

    def change(self, table: str, op: str, row: Mapping[str, Any], logged_at: int | None = None) -> None:
        """Log a row change: `c`, `u` or `d`, with the row as it is then (for `d`, as it was). Columns left out are NULL."""
        filled = {**dict.fromkeys(CATALOG[table].columns), **row, "op": op}
        filled["logged_at"] = self.first_minute * MINUTE_MS if logged_at is None else logged_at
        self._log(table, filled[CATALOG[table].key], filled)

    def identity(self, user_id: str, canonical: str, change: int, logged_at: int | None = None) -> None:
        """Log that an id belongs to a person since a change."""
        at = self.first_minute * MINUTE_MS if logged_at is None else logged_at
        row = {"user_id": user_id, "canonical": canonical, "change": change}
        self.identities.append({**row, "offset": len(self.identities), "logged_at": at})

    def _log(self, source: str, key: str, row: Row) -> None:
        place = (source, zlib.crc32(key.encode()) % PARTITIONS)
        row["offset"] = self.ends[place] = self.ends.get(place, -1) + 1
        self.rows[source].append(row)

    def log(self) -> Log:
        """The messages of all topics, row changes as Debezium writes them."""
        found = {f"{name}_log": [_message(name, row) for row in rows] for name, rows in self.rows.items()}
        found["identities_log"] = [
            Message({name: row[name] for name in ("user_id", "canonical", "change")}, row["offset"], row["logged_at"])
            for row in self.identities
        ]
        found["clock"] = list(ticks(self.first_minute, self.now_minute))
        return found


def ticks(first_minute: int, now_minute: int) -> Iterable[Message]:
    """The clock's messages."""
    for minute in range(first_minute, now_minute + 1):
        for shard in range(SHARDS):
            yield Message({"minute": minute, "shard": shard})


def _message(source: str, row: Row) -> Message:
    columns = {column: row[column] for column in CATALOG[source].columns}
    if source != "events":
        key = {CATALOG[source].key: row[CATALOG[source].key]}
        is_delete = row["op"] == "d"
        columns = {
            "before": None if row["op"] == "c" else key,
            "after": None if is_delete else columns,
            "op": row["op"],
        }
    return Message(columns, row["offset"], row["logged_at"])
