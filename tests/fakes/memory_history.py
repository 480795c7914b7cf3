"""Users' pasts in memory: the sources of README.md in plain Python, ticks and tag changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from api.user_history import PastChange, PastEvent, PastValue, Tick
from tagging.explaining.rows import Found, SourceRow, TagValue, Wanted
from tagging.sources import CATALOG, Source
from tagging.tag_reads import TagRead
from tests.fakes.breakable import Breakable

AHEAD_MS = 5 * 60_000
Row = dict[str, Any]
"""A row with what the log says of it: `offset`, `logged_at`, for a row change `op` and perhaps `changed_at`. Times in epoch ms."""


class MemoryRows:
    """The rows of a log as they were known at a time, or with hindsight, as they were. Without a time, all there are."""

    def __init__(
        self,
        rows: Mapping[str, Sequence[Row]],
        at_ms: int | None = None,
        hindsight: bool = False,
        stored: Sequence[StoredChange] = (),
    ) -> None:
        self._rows = rows
        self._at_ms = at_ms
        self._hindsight = hindsight
        self._stored = stored

    def read(self, source: Source, wanted: Wanted) -> Found:
        logged = [row for row in self._rows[source.name] if self._counts(row, source)]
        current = _events(logged) if source.name == "events" else _newest(logged, source.key)
        if source.name == "events" and self._at_ms is not None:
            current = [row for row in current if min(row["occurred_at"], row["logged_at"]) <= self._at_ms]
        chosen = [row for row in current if all(row[name] in values for name, values in wanted.items())]
        chosen.sort(key=lambda row: row[source.time_column] or 0, reverse=True)
        return Found(tuple(SourceRow(_typed(row, source), self._logged_at(row), row["offset"]) for row in chosen))

    def values(self, tag: TagRead, users: frozenset[str]) -> Mapping[str, TagValue]:
        found: dict[str, TagValue] = {}
        for change in sorted(self._stored, key=lambda change: change.offset):
            known = self._at_ms is None or change.changed_at_ms <= self._at_ms
            if known and change.user_id in users and (change.tag, change.version) == (tag.tag, tag.version):
                is_money = tag.value_type == "decimal" and change.value is not None
                value = Decimal(f"{change.value:.4f}") if is_money else change.value
                found[change.user_id] = TagValue(value, change.changed_at_ms)
        return found

    def _counts(self, row: Row, source: Source) -> bool:
        if self._at_ms is None or (self._hindsight and source.name == "events"):
            return True
        return (row.get("changed_at", row["logged_at"]) if self._hindsight else row["logged_at"]) <= self._at_ms

    def _logged_at(self, row: Row) -> int:
        if self._hindsight and self._at_ms is not None:
            return min(row["logged_at"], self._at_ms)
        return row["logged_at"]


def _events(rows: Sequence[Row]) -> list[Row]:
    first: dict[str, Row] = {}
    for row in rows:
        named = row["event_id"] and row["user_id"] and row["event_type"]
        if named and 0 < row["occurred_at"] <= row["logged_at"] + AHEAD_MS:
            held = first.get(row["event_id"])
            first[row["event_id"]] = row if held is None or row["offset"] < held["offset"] else held
    return list(first.values())


def _newest(rows: Sequence[Row], key: str) -> list[Row]:
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


@dataclass(frozen=True)
class StoredChange:
    """A row of tag changes."""

    user_id: str
    tag: str
    version: int
    value: Any
    changed_at_ms: int
    offset: int


@dataclass
class MemoryUserHistory(Breakable):
    """A log's rows, the time at which each minute's first tick was logged, and tag changes."""

    log: Mapping[str, list[Row]]
    ticks: Mapping[int, int]
    stored: list[StoredChange] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__("clickhouse")

    def tick(self, at_ms: int) -> Tick:
        self.ask()
        begun = [minute for minute, ticked_at in self.ticks.items() if ticked_at <= at_ms]
        return Tick(max(begun, default=None), max(self.ticks, default=None), min(self.ticks.values(), default=None))

    def rows(self, at_ms: int, hindsight: bool) -> MemoryRows:
        self.ask()
        return MemoryRows(self.log, at_ms, hindsight, self.stored)

    def values(self, user_id: str, versions: Mapping[str, int], at_ms: int) -> Mapping[str, PastValue]:
        self.ask()
        found: dict[str, PastValue] = {}
        for change in sorted(self.stored, key=lambda change: change.offset):
            asked = change.user_id == user_id and versions.get(change.tag) == change.version
            if asked and change.changed_at_ms <= at_ms:
                before = found[change.tag].changes if change.tag in found else 0
                found[change.tag] = PastValue(change.value, change.changed_at_ms, before + 1)
        return found

    def changes(self, user_id: str, tag: str, version: int, before: int, limit: int) -> Sequence[PastChange]:
        self.ask()
        mine = [
            PastChange(change.value, change.changed_at_ms, change.offset)
            for change in self.stored
            if (change.user_id, change.tag, change.version) == (user_id, tag, version) and change.offset < before
        ]
        return sorted(mine, key=lambda change: -change.place)[:limit]

    def events(self, user_ids: Sequence[str], before: tuple[int, str], limit: int) -> Sequence[PastEvent]:
        self.ask()
        mine = [
            PastEvent(
                row["event_id"],
                row["user_id"],
                row["event_type"],
                row["item_id"],
                row["properties"] or {},
                row["occurred_at"],
                row["logged_at"],
            )
            for row in _events(self.log["events"])
            if row["user_id"] in user_ids and (row["occurred_at"], row["event_id"]) < before
        ]
        return sorted(mine, key=lambda event: (event.occurred_at_ms, event.event_id), reverse=True)[:limit]


def seeded_history(at_ms: int) -> MemoryUserHistory:
    """u1 lives in Aix and is gold since the start; three events in the last minutes. A tick a minute for an hour."""
    began = at_ms - 3_600_000
    log: dict[str, list[Row]] = {name: [] for name in CATALOG}
    blank = dict.fromkeys(CATALOG["users"].columns)
    log["users"].append({**blank, "user_id": "u1", "city": "gold", "op": "c", "offset": 0, "logged_at": began})
    for number in range(3):
        occurred_at = at_ms - number * 60_000
        log["events"].append(
            {
                "event_id": f"e{number}",
                "user_id": "u1",
                "event_type": "cart",
                "item_id": f"p{number}",
                "properties": {"campaign": "spring"},
                "occurred_at": occurred_at,
                "logged_at": occurred_at,
                "offset": 3 - number,
            }
        )
    ticks = {minute: minute * 60_000 for minute in range(began // 60_000 + 1, at_ms // 60_000 + 1)}
    stored = [
        StoredChange("u1", "tier", 1, "silver", began, 4),
        StoredChange("u1", "tier", 1, "gold", began + 1000, 7),
    ]
    return MemoryUserHistory(log, ticks, stored)
