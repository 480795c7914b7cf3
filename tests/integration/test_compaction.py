"""Compaction on a real engine: replaced rows go, answers stay."""

from __future__ import annotations

from datetime import UTC, datetime

from jobs.compact import TABLES, compact
from tests.clickhouse_fixture import RunningClickHouse

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def put_value(store: RunningClickHouse, value: str, offset: int) -> None:
    row = {
        "tag": "city", "version": 1, "user_no": 1, "user_id": "ann", "value": value, "number": None, "present": True,
        "changed_at": AT, "partition": 0, "offset": offset,
    }  # fmt: skip
    store.client.insert_columns("tag_values", {name: [cell] for name, cell in row.items()})


def values(store: RunningClickHouse, final: bool) -> list[str]:
    query = f"SELECT value FROM tag_values {'FINAL' if final else ''} ORDER BY offset"
    return [row[0] for row in store.driver.query(query).result_rows]


def test_a_value_that_was_replaced_is_gone_and_the_newest_stays(clickhouse: RunningClickHouse):
    clickhouse.driver.command("SYSTEM STOP MERGES tag_values")
    for value, offset in (('"Oslo"', 1), ('"Rome"', 3), ('"Bern"', 2)):
        put_value(clickhouse, value, offset)
    assert values(clickhouse, final=False) == ['"Oslo"', '"Bern"', '"Rome"']
    clickhouse.driver.command("SYSTEM START MERGES tag_values")
    done = {table.table: table for table in compact(clickhouse.client)}
    assert values(clickhouse, final=False) == values(clickhouse, final=True) == ['"Rome"']
    assert done.keys() == set(TABLES)
    assert (done["tag_values"].before, done["tag_values"].after) == (3, 1)


def test_compacting_again_rewrites_nothing(clickhouse: RunningClickHouse):
    put_value(clickhouse, '"Oslo"', 1)
    list(compact(clickhouse.client))
    named = "SELECT name FROM system.parts WHERE active AND table = 'tag_values'"
    before = clickhouse.driver.query(named).result_rows
    list(compact(clickhouse.client))
    assert clickhouse.driver.query(named).result_rows == before


def test_every_table_that_replaces_or_folds_rows_is_compacted(clickhouse: RunningClickHouse):
    query = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%ingMergeTree'"
    found = {row[0] for row in clickhouse.driver.query(query).result_rows}
    assert found - set(TABLES) == {"bitmap_places", "bitmap_buckets"}, "jobs.bitmaps keeps these small"
