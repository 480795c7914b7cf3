"""The rows and bits of one user in ClickHouse: counted and removed, in every table that can have any."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from stores.clickhouse import ClickHouseClient
from tagging.sources import CATALOG, USER_COLUMNS

FOLDER = "clickhouse/erasure"
ROWS = (
    *("tag_values", "tag_changes", "events", "events_by_time", "event_arrivals", "feature_values", "served_vectors"),
    *("dead_letters", "row_changes", "row_lookups", "crowd_deltas", "identities", "users_by_id", "users"),
)
"""Tables with rows of users, in the order in which they are emptied: who a number is, is asked to the last."""
BITS = ("tag_bitmaps", "crowd_bitmaps", "crowd_snapshots", "crowd_watch_members")
"""Tables whose bitmaps hold the numbers of users."""


def names_user(source: str, column: str) -> bool:
    """Whether a column by which rows are found holds users' ids."""
    found = CATALOG[source]
    return column in USER_COLUMNS and column in (found.key, *found.lookups)


def tokens(user_id: str) -> list[str]:
    """How JSON, and a message about it, may write an id."""
    return sorted({orjson.dumps(user_id).decode(), json.dumps(user_id), repr(user_id)})


class ErasedRows:
    """One user at a time, after `open`: `begin` says whom. Every method raises ClickHouseUnavailable; all may be done again."""

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store

    def open(self) -> None:
        """Create the tables where they are missing."""
        self._store.apply_schema()

    def begin(self, user_id: str, user_no: int | None) -> None:
        """Who is meant from now on."""
        self.end()
        columns = {"user_id": [user_id], "user_no": [user_no or 0], "tokens": [tokens(user_id)]}
        self._store.insert_columns("erasing", columns)

    def end(self) -> None:
        """Nobody is."""
        self._store.command(f"{FOLDER}/begin.sql")

    def rows(self) -> Mapping[str, int]:
        """Rows by table, those that others replaced among them."""
        return {row["table"]: row["rows"] for row in self._store.query(f"{FOLDER}/left.sql", _columns())}

    def remove_rows(self) -> None:
        """Remove them all: what parts of tables are rewritten holds no byte of them."""
        for table in ROWS:
            self._store.command(f"{FOLDER}/{table}.sql", _columns() if table in ("row_changes", "row_lookups") else {})

    def bits(self, user_no: int) -> Mapping[str, int]:
        """Bitmaps that hold a number, by table."""
        rows = self._store.query(f"{FOLDER}/left_bits.sql", {"user_no": user_no})
        return {row["table"]: row["bitmaps"] for row in rows}

    def remove_bits(self, user_no: int) -> None:
        """Take the number out of them."""
        for table in BITS:
            self._store.command(f"{FOLDER}/bits_of_{table}.sql", {"user_no": user_no})
        self._store.command(f"{FOLDER}/empty_bitmaps.sql", {"user_no": user_no})

    def told_of(self, user_no: int) -> Mapping[str, int]:
        """By watch, how many deltas told of the user."""
        rows = self._store.query(f"{FOLDER}/told_of.sql", {"user_no": user_no})
        return {row["watch"]: row["deltas"] for row in rows}


def _columns() -> dict[str, Any]:
    return {
        "columns": [(name, column) for name in CATALOG for column in CATALOG[name].lookups if names_user(name, column)],
        "keyed": [name for name in CATALOG if names_user(name, CATALOG[name].key)],
    }
