"""In which order a database wrote the rows of a message, Debezium's or Canal's: evidence, which never refuses a message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CANAL_OPS = {"INSERT": "c", "UPDATE": "u", "DELETE": "d"}
_FILE_NUMBER = re.compile(r"(\d+)$")


class RowChange(NamedTuple):
    """One row's change. `op`: c, r, u or d; `row`: as it is then, for d as it was, which may be its key alone.

    `written`: its place in the database's own order of writes, as far as the message tells.
    """

    op: str
    row: Mapping[str, Any]
    written: tuple[int, ...]


def read_row_changes(message: bytes | None, cdc_format: str) -> Sequence[RowChange]:
    """The row changes of one message of a source table's topic; none of what is no row change. Never raises."""
    try:
        found = orjson.loads(message or b"null")
    except orjson.JSONDecodeError:
        return ()
    if type(found) is not dict:
        return ()
    return _debezium(found) if cdc_format == "debezium" else _canal(found)


def _debezium(found: Mapping[str, Any]) -> Sequence[RowChange]:
    row = found.get("after") or found.get("before")
    if found.get("op") not in ("c", "r", "u", "d") or type(row) is not dict:
        return ()
    source = found.get("source") or {}
    # Not its time: a transaction that began earlier may be written later.
    file = _FILE_NUMBER.search(str(source.get("file") or ""))
    written = (int(file[1]), source.get("pos") or 0, source.get("row") or 0) if file else ()
    return (RowChange(found["op"], row, written),)


def _canal(found: Mapping[str, Any]) -> Sequence[RowChange]:
    op, rows = _CANAL_OPS.get(str(found.get("type"))), found.get("data")
    if op is None or type(rows) is not list:
        return ()
    at = found.get("es")
    return [RowChange(op, row, (at,) if type(at) is int else ()) for row in rows if type(row) is dict]


def time_ms(value: Any) -> int | None:
    """A row's time in epoch milliseconds: Debezium's number, or Canal's text in UTC; None for anything else."""
    if type(value) is int:
        return value
    try:
        return (datetime.fromisoformat(value).replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
    except (TypeError, ValueError):
        return None
