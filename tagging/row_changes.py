"""Row changes: what one message of a table's topic says, as Debezium or Canal writes it, in one form.

A row's values are what JSON can hold: text, whole numbers, decimals as text, times as epoch milliseconds. `row_values` makes
them a tag's values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import orjson

from tagging.sources import Source

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEBEZIUM = frozenset("crud")
_CANAL = frozenset(("INSERT", "UPDATE", "DELETE"))


class RowChange(NamedTuple):
    """One row as a change left it. `place`: its number among the rows of one message. `changed_at_ms`: when the database did it."""

    source: str
    key: str
    row: Mapping[str, Any]
    deleted: bool
    changed_at_ms: int
    place: int


class NotARowChange(ValueError):
    """A message of a table's topic that says nothing we understand. The text says what was found and what was expected."""


def decode(message: bytes | None, source: Source, cdc_format: str, logged_at_ms: int) -> list[RowChange]:
    """The row changes in one message; none in a tombstone or a message that changes no row. Raises NotARowChange."""
    if message is None:
        return []
    try:
        found = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise NotARowChange(f"the message is not JSON: {error}") from error
    if type(found) is not dict:
        raise NotARowChange(f"a row change is a JSON object, got {type(found).__name__}")
    read = _debezium if cdc_format == "debezium" else _canal
    return read(found, source, logged_at_ms)


def _debezium(found: Mapping[str, Any], source: Source, logged_at_ms: int) -> list[RowChange]:
    operation = found.get("op")
    if operation not in _DEBEZIUM:
        return []
    deleted = operation == "d"
    row = found.get("before" if deleted else "after")
    at_ms = (found.get("source") or {}).get("ts_ms")
    return [_change(row, source, deleted, at_ms, logged_at_ms, 0)]


def _canal(found: Mapping[str, Any], source: Source, logged_at_ms: int) -> list[RowChange]:
    if found.get("type") not in _CANAL:
        return []
    rows = found.get("data")
    if type(rows) is not list:
        raise NotARowChange(f"data is a list of rows, got {type(rows).__name__}")
    deleted = found["type"] == "DELETE"
    return [_change(row, source, deleted, found.get("es"), logged_at_ms, place) for place, row in enumerate(rows)]


def _change(row: Any, source: Source, deleted: bool, at_ms: Any, logged_at_ms: int, place: int) -> RowChange:
    if type(row) is not dict:
        raise NotARowChange(f"a row of {source.name} is a JSON object, got {type(row).__name__}")
    # Of a deleted row the key alone is certain to be there.
    wanted = [source.key] if deleted else list(source.columns)
    missing = [name for name in wanted if name not in row]
    if missing:
        raise NotARowChange(f"a row of {source.name} without {', '.join(missing)}")
    values = {name: _wire(name, source.columns[name], row[name]) for name in source.columns if name in row}
    key = values[source.key]
    if type(key) is not str:
        raise NotARowChange(f"the key {source.key} of {source.name} is a text, got {type(key).__name__}")
    changed_at_ms = at_ms if type(at_ms) is int and at_ms > 0 else logged_at_ms
    return RowChange(source.name, key, values, deleted, changed_at_ms, place)


def _wire(name: str, flink_type: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        return _WIRE[flink_type.split("(")[0]](value)
    except (ValueError, InvalidOperation, KeyError) as error:
        raise NotARowChange(f"{name} is {flink_type}, got {str(value)[:80]!r}") from error


def _text(value: Any) -> str:
    # A table's own key, or its user, may be a whole number; Flink's JSON format writes the same digits.
    if type(value) not in (str, int):
        raise ValueError(value)
    return str(value)


def _whole(value: Any) -> int:
    if type(value) not in (int, str):
        raise ValueError(value)
    return int(value)


def _time(value: Any) -> int:
    if type(value) is int:
        return value
    # Canal writes MySQL's own text of a DATETIME, which Tagstream keeps in UTC.
    return (datetime.fromisoformat(_text(value)).replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


_WIRE: Mapping[str, Callable[[Any], Any]] = {
    "STRING": _text,
    "INT": _whole,
    "BIGINT": _whole,
    "DECIMAL": lambda value: str(Decimal(_text(value))),
    "TIMESTAMP_LTZ": _time,
}


def row_values(row: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """A stored row as a tag's values: decimals as Decimal. A column that the row was stored without is NULL."""
    return {
        name: Decimal(row[name]) if kind.startswith("DECIMAL") and row.get(name) is not None else row.get(name)
        for name, kind in source.columns.items()
    }


def looked_up_by(change: RowChange, source: Source) -> Sequence[tuple[str, str]]:
    """(column, value) by which a change's row is found again, besides its key."""
    return [(name, value) for name in source.lookups if (value := change.row.get(name)) is not None]
