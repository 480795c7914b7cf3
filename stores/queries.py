"""Analysts' queries on ClickHouse: bounded in time, memory and size, and reading alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from stores.clickhouse import ClickHouseClient, ClickHouseRefused, ClickHouseUnavailable
from tagging.queries.rewriting import SEES, Query

SECONDS = 15
MEMORY_BYTES = 1 << 30
ANSWER_BYTES = 32 << 20
LONGEST_MESSAGE = 500
LARGEST_EXACT = 2**53
"""JSON's readers in browsers know no larger whole number exactly."""
_FORMAT = "JSONCompactEachRowWithNamesAndTypes"
_TOO_SLOW, _TOO_MUCH_MEMORY, _TOO_LARGE = 159, 241, frozenset({158, 307, 396})
_SAID = re.compile(
    r"DB::Exception: (.*?)(?: in scope |[:.] In scope |: While |\.? \([A-Z_]+\)| \(version |$)", re.DOTALL
)
_SETTINGS: Mapping[str, Any] = {
    # 2: reads alone, and these settings may still be given.
    "readonly": 2,
    "timeout_overflow_mode": "throw",
    "max_result_bytes": ANSWER_BYTES,
    "result_overflow_mode": "throw",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 1,
    "output_format_json_quote_denormals": 0,
}


@dataclass(frozen=True)
class Rows:
    """An answer. `columns`: (name, ClickHouse type); whole numbers that JSON may not hold exactly, and decimals, are text."""

    columns: tuple[tuple[str, str], ...]
    rows: list[list[Any]]


class QueryRefused(Exception):
    """ClickHouse does not take the query: a column that is not there, types that don't fit. The text is for its author."""


class QueryStopped(Exception):
    """The query needs more than it may have. The text says of what."""


class QueryRunner:
    """Runs what `tagging.queries.rewriting` wrote. Raises ClickHouseUnavailable, QueryRefused and QueryStopped."""

    def __init__(self, store: ClickHouseClient, seconds: int = SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._store = store
        self._seconds = seconds
        self._memory_bytes = memory_bytes

    def run(self, query: Query, sees: Sequence[str], most_rows: int) -> Rows:
        """The rows, of tags' values those of the sensitivities in `sees` alone."""
        settings = {
            **_SETTINGS,
            "max_result_rows": most_rows,
            "max_execution_time": self._seconds,
            "max_memory_usage": self._memory_bytes,
        }
        # The driver takes a text without a parameter of the server's for one with parameters of its own.
        bound = {SEES: list(sees)} if query.is_bound else {}
        try:
            body = self._store.answer("an analyst's query", query.text, bound, settings, _FORMAT)
        except (ClickHouseUnavailable, ClickHouseRefused) as error:
            self._stopped(error)
            if isinstance(error, ClickHouseUnavailable):
                raise
            raise QueryRefused(_said(str(error))) from error
        return _rows(body)

    def _stopped(self, error: ClickHouseUnavailable | ClickHouseRefused) -> None:
        code = int(error.code) if error.code is not None else 0
        if code == _TOO_SLOW:
            raise QueryStopped(f"it takes longer than {self._seconds} s") from error
        if code == _TOO_MUCH_MEMORY:
            limit = f"{self._memory_bytes >> 20} MiB"
            raise QueryStopped(f"it needs more memory than the {limit} that a query may have") from error
        if code in _TOO_LARGE:
            raise QueryStopped(f"its answer is larger than {ANSWER_BYTES >> 20} MiB") from error


def _said(text: str) -> str:
    """What ClickHouse says, without the text that was sent and where it was sent to."""
    found = _SAID.search(text)
    return (found[1] if found else "ClickHouse did not take the query").strip()[:LONGEST_MESSAGE]


def _rows(body: bytes) -> Rows:
    lines = body.splitlines()
    if len(lines) < 2:
        return Rows((), [])
    names, types = orjson.loads(lines[0]), orjson.loads(lines[1])
    rows = [[_cell(value) for value in orjson.loads(line)] for line in lines[2:]]
    return Rows(tuple(zip(names, types, strict=True)), rows)


def _cell(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT:
        return str(value)
    if isinstance(value, list):
        return [_cell(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _cell(inner) for name, inner in value.items()}
    return value
