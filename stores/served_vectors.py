"""Served vectors in ClickHouse, each with what was known of its features when it was served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from stores.clickhouse import ClickHouseClient

MOST_VECTORS = 10_000
"""How many vectors one report reads, the newest of its period."""
MOST_CHANGES = 8
"""How many changes of a tag version are read for a vector."""

Vector = tuple[str, str, int, Mapping[str, Any], Mapping[tuple[str, int], Sequence[tuple[Any, int]]]]
"""prediction_id, user_id, served_at_ms, tag -> value, (tag, version) -> [(value or None, changed_at_ms)], newest first."""


class ServedVectors:
    """Every method raises ClickHouseUnavailable."""

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store

    def asked(self, from_ms: int, until_ms: int) -> set[tuple[str, int]]:
        """The (model, version) that were asked from `from_ms` up to `until_ms` (epoch ms)."""
        rows = self._store.query("clickhouse/models/served_versions.sql", {"from_ms": from_ms, "until_ms": until_ms})
        return {(row["model"], row["version"]) for row in rows}

    def read(
        self, model: str, version: int, tags: Sequence[str], from_ms: int, until_ms: int, limit: int = MOST_VECTORS
    ) -> list[Vector]:
        """The vectors served from `from_ms` up to `until_ms` (epoch ms), the newest first, at most `limit`."""
        rows = self._store.query(
            "clickhouse/models/served_vectors.sql",
            {
                "model": model,
                "version": version,
                "tags": list(tags),
                "from_ms": from_ms,
                "until_ms": until_ms,
                "limit": limit,
                "changes": MOST_CHANGES,
            },
        )
        return [
            (
                row["prediction_id"],
                row["user_id"],
                row["served_ms"],
                orjson.loads(row["features"]),
                {
                    (tag, of): [
                        (orjson.loads(value) if present else None, at_ms) for _, value, present, at_ms in newest
                    ]
                    for tag, of, newest in row["known"]
                },
            )
            for row in rows
        ]
