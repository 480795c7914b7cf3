"""One user's rows and bits in a real ClickHouse: none is left in any table, and no byte of the id on its disk."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.byte_scan import holding
from stores.bitmaps import CrowdBitmaps
from stores.delta_ledger import DeltaLedger
from stores.erased_rows import BITS, ROWS, ErasedRows
from tests.clickhouse_fixture import RunningClickHouse, running_clickhouse

CANARY = "canary-7f3a"
OTHER = "canary"
"""Begins as the canary does: what is only alike must stay."""
CANARY_NO, OTHER_NO, ALONE_NO = 7, 8, 1_048_577 + 9
AT_MS = 1_790_000_000_000
GONE_SECONDS = 300
SETTINGS = {
    "old_parts_lifetime": 1,
    "cleanup_delay_period": 1,
    "max_cleanup_delay_period": 1,
    "cleanup_delay_period_random_add": 0,
}
AT_ONCE = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())


def rows_of(user_id: str, user_no: int, secret: str) -> Mapping[str, Mapping[str, list[Any]]]:
    """A row in every table that can have a user's, values being secrets of the user's own."""
    value = {"tag": ["mail"], "version": [1], "user_no": [user_no], "user_id": [user_id], "present": [True]}
    value |= {"value": [f'"{secret}"'], "number": [None], "changed_at": [AT_MS], "partition": [0], "offset": [user_no]}
    event = {"event_id": [f"e-{user_no}"], "user_id": [user_id], "event_type": ["view"], "item_id": [None]}
    event |= {"properties": [{"mail": secret}], "occurred_at": [AT_MS], "logged_at": [AT_MS]}
    event |= {"partition": [0], "offset": [user_no]}
    letter = {"topic": ["events"], "partition": [0], "offset": [user_no], "reason": ["malformed"], "detail": [""]}
    letter |= {"payload": [orjson.dumps({"user_id": user_id}).decode()], "logged_at": [AT_MS], "seen_at": [AT_MS]}
    order, friend = f"o-{user_no}", f"friend-of-{user_no}"
    sources, keys = ["users", "orders", "users"], [user_id, order, friend]
    row = {"source": sources, "key": keys, "row": [orjson.dumps({"mail": secret, "by": user_id}).decode()] * 3}
    row |= {"deleted": [False] * 3, "changed_at": [AT_MS] * 3, "logged_at": [AT_MS] * 3}
    row |= {"partition": [0] * 3, "offset": [user_no] * 3, "place": [0] * 3}
    lookup = {"source": ["orders", "users"], "column": ["user_id", "referred_by"], "value": [user_id] * 2}
    feature = {"tag": ["mail"], "version": [1], "checksum": ["c"], "as_of": [AT_MS], "sample": ["all"]}
    vector = {"model": ["buys"], "version": [1], "prediction_id": [f"p-{user_no}"], "user_id": [user_id]}
    vector |= {"features": [orjson.dumps({"mail": secret}).decode()], "score": [0.5]}
    vector |= {"predicted_at": [int(time.time() * 1000)], "logged_at": [int(time.time() * 1000)]}
    delta = {"watch": ["w"], "attempt": ["a"], "sequence": [user_no], "user_no": [user_no], "change": ["enter"]}
    return {
        "users": {"user_no": [user_no], "user_id": [user_id]},
        "tag_values": value,
        "tag_changes": value,
        "events": event,
        "dead_letters": letter,
        "row_changes": row,
        "row_lookups": {**lookup, "key": [order, friend]},
        "feature_values": {**feature, "user_id": [user_id], "value": [f'"{secret}"']},
        "served_vectors": vector,
        "crowd_deltas": {**delta, "at": [int(time.time() * 1000)], "tick": [1], "rule_version": [1]},
        "identities": {"user_id": [user_id], "change": [user_no], "canonical": [user_id], "logged_at": [AT_MS]},
        "crowd_batches": {"watch": ["w"], "batch": [1], "attempt": ["a"]},
    }


def bitmaps(clickhouse: RunningClickHouse) -> None:
    """Two users in every bitmap, and of the tag a value that the canary alone has."""
    both = "groupBitmapState(toUInt32(arrayJoin([7, 8])))"
    for statement in (
        f"INSERT INTO tag_bitmaps SELECT 'tier', 1, 0, '\"gold\"', 0, {{generation:UInt64}}, {both}",
        "INSERT INTO tag_bitmaps SELECT 'mail', 1, 0, '\"canary@mail\"', 0, {generation:UInt64}, groupBitmapState(toUInt32(7))",
        "INSERT INTO crowd_bitmaps SELECT 'vip', {generation:UInt64}, 0, groupBitmapState(toUInt32(arrayJoin([7, 8])))",
        "INSERT INTO crowd_snapshots SELECT 's', {generation:UInt64}, 0, groupBitmapState(toUInt32(arrayJoin([7, 8])))",
        "INSERT INTO crowd_watch_members SELECT 'w', 'a', {generation:UInt64}, 0, "
        "groupBitmapState(toUInt32(arrayJoin([8]))), groupBitmapState(toUInt32(arrayJoin([7, 8])))",
    ):
        for generation in (1, 2):
            clickhouse.driver.command(statement, parameters={"generation": generation})


@pytest.fixture
def filled(clickhouse: RunningClickHouse) -> RunningClickHouse:
    for user in ((CANARY, CANARY_NO, f"{CANARY}@mail"), (OTHER, OTHER_NO, "other@mail")):
        for table, columns in rows_of(*user).items():
            clickhouse.client.insert_columns(table, columns)
    bitmaps(clickhouse)
    return clickhouse


def counts(clickhouse: RunningClickHouse) -> Mapping[str, int]:
    """All rows of the tables with rows of users."""
    return {
        table: clickhouse.driver.query(
            "SELECT count() FROM {table:Identifier}", parameters={"table": table}
        ).first_item["count()"]
        for table in ROWS
    }


def test_the_list_of_tables_forgets_none_with_a_column_of_users_or_a_bitmap(clickhouse):
    found = clickhouse.driver.query(
        "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND table IN "
        "(SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%Memory' OR engine LIKE '%MergeTree')"
    ).result_rows
    # Bitmaps of values are told from those of users by nobody: every bitmap there is holds users.
    of_users = {table for table, name, _ in found if name in ("user_id", "user_no")} - {"erasing"}
    with_bits = {table for table, _, kind in found if "groupBitmap" in kind}
    with_texts = {table for table, name, _ in found if name in ("payload", "row")} | {"row_lookups"}
    assert of_users | with_texts == set(ROWS)
    assert with_bits == set(BITS)


def test_every_row_of_the_user_is_counted_and_removed_and_no_row_of_another(filled):
    erased = ErasedRows(filled.client)
    before = counts(filled)
    erased.begin(CANARY, CANARY_NO)
    found = erased.rows()
    assert set(found) == set(ROWS)
    assert min(found.values()) > 0
    erased.remove_rows()
    assert set(erased.rows().values()) == {0}
    after = counts(filled)
    # Half of all rows are the other user's; a delta stays, and is nobody's.
    assert {table: rows * 2 for table, rows in after.items() if table != "crowd_deltas"} == {
        table: rows for table, rows in before.items() if table != "crowd_deltas"
    }
    erased.begin(OTHER, OTHER_NO)
    assert min(erased.rows().values()) > 0
    erased.end()
    assert set(erased.rows().values()) == {0}


def test_removing_twice_or_somebody_whom_nobody_knows_changes_nothing(filled):
    erased = ErasedRows(filled.client)
    erased.begin(CANARY, CANARY_NO)
    erased.remove_rows()
    left = counts(filled)
    erased.remove_rows()
    erased.begin("nobody", None)
    assert set(erased.rows().values()) == {0}
    erased.remove_rows()
    assert counts(filled) == left


def test_the_users_bit_leaves_every_bitmap_of_every_generation_and_no_other_bit_does(filled):
    erased = ErasedRows(filled.client)
    assert erased.bits(CANARY_NO) == {
        "tag_bitmaps": 4,
        "crowd_bitmaps": 2,
        "crowd_snapshots": 2,
        "crowd_watch_members": 2,
    }
    erased.remove_bits(CANARY_NO)
    assert set(erased.bits(CANARY_NO).values()) == {0}
    assert erased.bits(OTHER_NO) == {
        "tag_bitmaps": 2,
        "crowd_bitmaps": 2,
        "crowd_snapshots": 2,
        "crowd_watch_members": 2,
    }
    values = filled.driver.query("SELECT DISTINCT value FROM tag_bitmaps").result_rows
    assert values == [('"gold"',)]
    assert set(erased.bits(ALONE_NO).values()) == {0}


def test_a_watchs_ledger_has_no_gap_where_somebody_was_erased(filled):
    ledger, erased = DeltaLedger(filled.client), ErasedRows(filled.client)
    assert erased.told_of(CANARY_NO) == {"w": 1}
    erased.begin(CANARY, CANARY_NO)
    erased.remove_rows()
    assert [(delta.sequence, delta.user_id) for delta in ledger.page("w", 0, 10)] == [(7, ""), (8, OTHER)]
    assert [(delta.sequence, delta.user_id) for delta in ledger.batch("w", "a", 0, 10)] == [(7, ""), (8, OTHER)]
    assert CANARY.encode() not in ledger.export("w", 0, 100, "csv")
    assert CrowdBitmaps(filled.client).newest().number == 0


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunningClickHouse]:
    """A process of its own: one whose tables had nothing to merge for long looks for what to clear ten minutes apart at most."""
    with running_clickhouse(tmp_path / "data") as running:
        yield running


def test_no_byte_of_the_user_stays_on_the_disk(fresh):
    gone, stays = "scanned-91c4", "scanned-other"
    for user in ((gone, CANARY_NO, f"{gone}@mail"), (stays, OTHER_NO, "other@mail")):
        for table, columns in rows_of(*user).items():
            fresh.client.insert_columns(table, columns)
    bitmaps(fresh)
    erased, data = ErasedRows(fresh.client), fresh.front.path
    assert any(holding(data, gone)), "the scan finds what is there"
    # The server removes parts that a mutation replaced by itself, after some minutes: here at once.
    for table in (*ROWS, *BITS):
        fresh.driver.command(f"ALTER TABLE {table} MODIFY SETTING {AT_ONCE}")
    erased.begin(gone, CANARY_NO)
    erased.remove_rows()
    erased.remove_bits(CANARY_NO)
    erased.end()
    deadline = time.monotonic() + GONE_SECONDS
    while (found := list(holding(data, gone))) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not found
    assert any(holding(data, stays))
