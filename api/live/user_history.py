"""A user's past from ClickHouse, by the named queries of sql/clickhouse/history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from api.live.clickhouse import Queries
from api.user_history import PastChange, PastEvent, PastValue, Tick
from tagging.explaining.rows import Found, Rows, SourceRow, TagValue, TooWide, Wanted
from tagging.row_changes import row_values
from tagging.sources import EVENTS, Source
from tagging.tag_reads import TagRead, value_of_text

MOST_ROWS = 5_000
"""Of one source: more would take too long to be worked through, and no person would look at them."""
MOST_VALUES = 5_000
AT_ONCE = 250
"""Values in one query: they travel in its address."""


class ClickHouseUserHistory:
    """Every query reads by the beginning of a table's order, so that it takes milliseconds whatever the table's size."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def tick(self, at_ms: int) -> Tick:
        """See `api.user_history.UserHistory`."""
        row = self._queries.rows("history/newest_tick", at_ms=at_ms)[0]
        return Tick(row["minute"], row["newest_minute"], row["first_at_ms"])

    def rows(self, at_ms: int, hindsight: bool) -> Rows:
        """See `api.user_history.UserHistory`."""
        return ClickHouseRows(self._queries, at_ms, hindsight)

    def values(self, user_id: str, versions: Mapping[str, int], at_ms: int) -> Mapping[str, PastValue]:
        """See `api.user_history.UserHistory`."""
        rows = self._queries.rows(
            "history/values_at", user=user_id, tags=list(versions), versions=list(versions.values()), at_ms=at_ms
        )
        return {row["tag"]: PastValue(_value(row), row["changed_at_ms"], row["changes"]) for row in rows}

    def changes(self, user_id: str, tag: str, version: int, before: int, limit: int) -> Sequence[PastChange]:
        """See `api.user_history.UserHistory`."""
        rows = self._queries.rows("history/changes", user=user_id, tag=tag, version=version, before=before, limit=limit)
        return [PastChange(_value(row), row["changed_at_ms"], row["offset"]) for row in rows]

    def events(self, user_ids: Sequence[str], before: tuple[int, str], limit: int) -> Sequence[PastEvent]:
        """See `api.user_history.UserHistory`."""
        rows = self._queries.rows(
            "history/timeline", users=list(user_ids), before_ms=before[0], before_id=before[1], limit=limit
        )
        return [PastEvent(**row) for row in rows]


def _value(row: Mapping[str, Any]) -> Any:
    return orjson.loads(row["value"]) if row["present"] else None


class ClickHouseRows:
    """The sources at one time. What was read once is kept: a tag reads the same rows in several windows."""

    def __init__(self, queries: Queries, at_ms: int, hindsight: bool) -> None:
        self._queries = queries
        self._at_ms = at_ms
        self._hindsight = hindsight
        self._read: dict[tuple[str, str, frozenset[Any]], Found] = {}

    def read(self, source: Source, wanted: Wanted) -> Found:
        """See `tagging.explaining.rows.Rows`."""
        usable = [name for name in (*_own_key(source), *source.lookups) if name in wanted]
        if not usable:
            raise TooWide(f"nothing says which {source.name} concern one user: {_wanted_text(source)}")
        column = min(usable, key=lambda name: len(wanted[name]))
        values = wanted[column]
        if len(values) > MOST_VALUES:
            raise TooWide(f"{len(values)} values of {source.name}.{column} concern the user, more than {MOST_VALUES}")
        place = (source.name, column, values)
        if place not in self._read:
            ask = self._events if source is EVENTS else self._rows
            self._read[place] = _together(source, [ask(source, column, part) for part in _parts(values)])
        return self._read[place]

    def values(self, tag: TagRead, users: frozenset[str]) -> Mapping[str, TagValue]:
        """See `tagging.explaining.rows.Rows`."""
        if len(users) > MOST_VALUES:
            raise TooWide(f"{len(users)} users' values of tag {tag.tag} concern the user, more than {MOST_VALUES}")
        asked = {"tag": tag.tag, "version": tag.version, "at_ms": self._at_ms}
        rows = [
            row for part in _parts(users) for row in self._queries.rows("history/tag_values_at", **asked, users=part)
        ]
        return {
            row["user_id"]: TagValue(
                value_of_text(row["value"], tag.value_type) if row["present"] else None, row["changed_at_ms"]
            )
            for row in rows
        }

    def _events(self, source: Source, column: str, values: list[str]) -> Found:
        name = "history/events_until" if self._hindsight else "history/events_known"
        rows = self._queries.rows(name, users=values, at_ms=self._at_ms, limit=MOST_ROWS)
        return self._found(
            rows,
            lambda row: {name: row["occurred_at_ms" if name == "occurred_at" else name] for name in source.columns},
        )

    def _rows(self, source: Source, column: str, values: list[str]) -> Found:
        name = f"history/rows_{'until' if self._hindsight else 'known'}_by_{'key' if column == source.key else 'value'}"
        by_value = {} if column == source.key else {"column": column}
        asked = {"source": source.name, "values": values, "time_column": source.time_column or "", **by_value}
        rows = self._queries.rows(name, **asked, at_ms=self._at_ms, limit=MOST_ROWS)
        return self._found(rows, lambda row: row_values(orjson.loads(row["row"]), source))

    def _found(
        self, rows: Sequence[Mapping[str, Any]], values: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Found:
        # What came too late is judged as if it had been logged in time: that is what hindsight asks.
        latest = self._at_ms if self._hindsight else None
        found = tuple(
            SourceRow(values(row), min(row["logged_at_ms"], latest or row["logged_at_ms"]), row["offset"])
            for row in rows
        )
        return Found(found, rows[0]["total"] - len(rows) if rows else 0)


def _own_key(source: Source) -> Sequence[str]:
    # Events lie in ClickHouse by user, not by id.
    return () if source is EVENTS else (source.key,)


def _wanted_text(source: Source) -> str:
    names = ", ".join((*_own_key(source), *source.lookups))
    return f"a tag must narrow it by {names}"


def _parts(values: frozenset[Any]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for begin in range(0, len(ordered), AT_ONCE):
        yield ordered[begin : begin + AT_ONCE]


def _together(source: Source, parts: Sequence[Found]) -> Found:
    """The newest rows of all parts, and how many are left out."""
    rows = [row for part in parts for row in part.rows]
    rows.sort(key=lambda row: row.values[source.time_column or source.key] or 0, reverse=True)
    left_out = sum(part.left_out for part in parts) + max(0, len(rows) - MOST_ROWS)
    return Found(tuple(rows[:MOST_ROWS]), left_out)
