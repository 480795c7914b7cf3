"""A history's rows as an explanation reads them: the sources of README.md in plain Python, as known at some time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tagging.explaining.rows import Found, SourceRow, Wanted
from tagging.sources import Source
from tests.shop_history import History, Row

AHEAD_MS = 5 * 60_000


class HistoryRows:
    """The rows that were logged until `known_at_ms`. `read_rows` counts what was given out."""

    def __init__(self, history: History, known_at_ms: int | None = None) -> None:
        self._history = history
        self._known_at_ms = known_at_ms
        self.read_rows = 0

    def read(self, source: Source, wanted: Wanted) -> Found:
        """See `tagging.explaining.rows.Rows`."""
        logged = [
            row
            for row in self._history.rows[source.name]
            if self._known_at_ms is None or row["logged_at"] <= self._known_at_ms
        ]
        current = _events(logged) if source.name == "events" else _newest(logged, source.key)
        chosen = [row for row in current if all(row[name] in values for name, values in wanted.items())]
        chosen.sort(key=lambda row: row[source.time_column] or 0, reverse=True)
        self.read_rows += len(chosen)
        return Found(tuple(SourceRow(_typed(row, source), row["logged_at"], row["offset"]) for row in chosen))


def _events(rows: list[Row]) -> list[Row]:
    first: dict[str, Row] = {}
    for row in rows:
        named = row["event_id"] and row["user_id"] and row["event_type"]
        if named and 0 < row["occurred_at"] <= row["logged_at"] + AHEAD_MS:
            held = first.get(row["event_id"])
            first[row["event_id"]] = row if held is None or row["offset"] < held["offset"] else held
    return list(first.values())


def _newest(rows: list[Row], key: str) -> list[Row]:
    newest: dict[str, Row] = {}
    for row in rows:
        held = newest.get(row[key])
        newest[row[key]] = row if held is None or row["offset"] > held["offset"] else held
    return [row for row in newest.values() if row["op"] != "d"]


def _typed(row: Row, source: Source) -> dict[str, Any]:
    return {
        name: Decimal(row[name]) if kind.startswith("DECIMAL") and row[name] is not None else row[name]
        for name, kind in source.columns.items()
    }
