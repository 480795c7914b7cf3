"""Merges what ClickHouse keeps of replaced rows, so that reads with FINAL stay quick. Run by `python -m jobs.compact`.

ClickHouse merges by itself too, but promises no time. No answer changes by it. Run it when few people read: it rewrites
every partition that was written to since.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from stores.clickhouse import ClickHouseClient, connect
from stores.settings import load

TABLES = (
    *("users", "users_by_id", "tag_values", "tag_changes", "events", "events_by_time", "dead_letters", "identities"),
    *("event_places", "event_arrivals", "row_changes", "row_arrivals", "row_lookups", "clock_ticks"),
    *("feature_values", "feature_moments", "model_quality", "model_drift", "served_vectors"),
    *("live_tags", "crowd_bitmaps", "crowd_states"),
    *("crowd_snapshots", "crowd_deltas", "crowd_watch_members", "crowd_batches"),
)
"""Those that replace or fold rows. Of bitmaps, what is replaced is removed by the process that builds them."""

MERGE_SECONDS = 3600.0


@dataclass(frozen=True)
class Compacted:
    """A table and the rows that it kept before and after."""

    table: str
    before: int
    after: int


def compact(store: ClickHouseClient) -> Iterator[Compacted]:
    """Merge one table after the other. Raises ClickHouseUnavailable and ClickHouseRefused."""
    for table in TABLES:
        before = _stored(store).get(table, 0)
        store.command("clickhouse/compact/merge.sql", {"table": table})
        yield Compacted(table, before, _stored(store).get(table, 0))


def _stored(store: ClickHouseClient) -> dict[str, int]:
    return {row["table"]: row["stored"] for row in store.query("clickhouse/compact/stored_rows.sql")}


def main(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Merge ClickHouse's tables and say how many rows that were replaced are gone."""
    store = connect(load(), answer_seconds=MERGE_SECONDS)
    done = []
    for table in compact(store):
        done.append(table)
        if not as_json:
            typer.echo(f"{table.table}: {table.before:,} rows kept before, {table.after:,} now")
    if as_json:
        typer.echo(json.dumps({"tables": [asdict(table) for table in done]}))


if __name__ == "__main__":
    typer.run(main)
