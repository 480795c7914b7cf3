"""Row changes out of both formats, and the sink that keeps them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from jobs.sink_rows import RowSink
from stores.kafka_reader import Record
from tagging.identity import Identity, identity_message
from tagging.names import CLOCK_TOPIC, IDENTITIES_TOPIC, cdc_topic
from tagging.row_changes import NotARowChange, decode, row_values
from tagging.sources import CATALOG
from tests.fakes.memory_stores import MemoryTables

DATA = Path(__file__).parent.parent / "data"
ORDERS = CATALOG["orders"]
ROW = {**dict.fromkeys(ORDERS.columns), "order_id": "o1", "user_id": "ann", "amount": "10.50", "ordered_at": 7}


def recorded(name: str) -> list[Record]:
    """The recorded messages as records."""
    found = []
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        place = (message["topic"], message["partition"], message["offset"])
        found.append(Record(*place, None, message["value"].encode(), message["timestamp"]))
    return found


def changes(name: str, cdc_format: str) -> list:
    return [
        change
        for record in recorded(name)
        for change in decode(record.value, CATALOG[record.topic.rpartition(".")[2]], cdc_format, record.timestamp_ms)
    ]


def debezium(op: str = "c", **envelope) -> bytes:
    return orjson.dumps({"before": None, "after": ROW, "op": op, "source": {"ts_ms": 5}, **envelope})


def test_both_formats_tell_the_same_row_changes():
    found = changes("cdc_debezium.jsonl", "debezium")
    assert found == changes("cdc_canal.jsonl", "canal")
    assert {change.source for change in found} == {"users", "products", "orders"}
    assert {change.deleted for change in found} == {True, False}


def test_a_row_has_the_values_that_a_tag_reads():
    (change,) = decode(debezium(), ORDERS, "debezium", 9)
    assert row_values(json.loads(json.dumps(change.row)), ORDERS) == {**ROW, "amount": Decimal("10.50")}
    assert (change.key, change.deleted, change.changed_at_ms) == ("o1", False, 5)


def test_of_a_deleted_row_the_key_is_enough():
    (change,) = decode(debezium("d", before={"order_id": "o1"}, after=None), ORDERS, "debezium", 9)
    assert (change.key, change.deleted, change.row) == ("o1", True, {"order_id": "o1"})


def test_a_change_without_a_time_of_its_own_has_that_of_the_log():
    assert decode(debezium(source=None), ORDERS, "debezium", 9)[0].changed_at_ms == 9


@pytest.mark.parametrize("message", [None, debezium("t"), orjson.dumps({"op": None})])
def test_a_message_that_changes_no_row_tells_nothing(message):
    assert decode(message, ORDERS, "debezium", 9) == []


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"{", "not JSON"),
        (b"[1]", "a row change is a JSON object, got list"),
        (debezium(after=None), "a row of orders is a JSON object, got NoneType"),
        (debezium(after={"order_id": "o1"}), "a row of orders without user_id, product_id"),
        (debezium(after={**ROW, "quantity": "many"}), "quantity is INT, got 'many'"),
        (debezium(after={**ROW, "amount": 10.5}), r"amount is DECIMAL\(12, 2\), got '10.5'"),
        (debezium(after={**ROW, "order_id": None}), "the key order_id of orders is a text, got NoneType"),
    ],
)
def test_what_cannot_be_read_says_what_was_found_and_what_belongs_there(message, why):
    with pytest.raises(NotARowChange, match=why):
        decode(message, ORDERS, "debezium", 9)


def test_canal_puts_several_rows_in_a_message_and_their_place_orders_them():
    rows = [{**ROW, "ordered_at": "2026-07-27 06:52:46.813"}, {**ROW, "order_id": "o2", "ordered_at": None}]
    message = orjson.dumps({"type": "UPDATE", "data": rows, "es": 5})
    found = decode(message, ORDERS, "canal", 9)
    assert [(change.key, change.place) for change in found] == [("o1", 0), ("o2", 1)]
    assert found[0].row["ordered_at"] == 1785135166813


def test_the_sink_keeps_row_changes_what_they_are_found_by_and_the_first_tick_of_each_minute():
    tables = MemoryTables()
    sink = RowSink(tables, "shop", "debezium")
    orders = cdc_topic("orders")
    records = [
        Record(orders, 2, 7, None, debezium(), 100),
        Record(orders, 2, 8, None, b"{", 101),
        Record(orders, 2, 9, None, debezium("u", after={**ROW, "user_id": "bob"}), 102),
        Record(CLOCK_TOPIC, 0, 1, None, b'{"minute": 3, "shard": 5}', 203),
        Record(CLOCK_TOPIC, 1, 1, None, b'{"minute": 3, "shard": 6}', 201),
        Record(CLOCK_TOPIC, 1, 2, None, b'{"shard": 6}', 202),
        Record(IDENTITIES_TOPIC, 0, 4, None, identity_message(Identity("ann", "bob", "m1", 17, 90)), 95),
        Record(IDENTITIES_TOPIC, 0, 5, None, b"{}", 96),
    ]
    batch, dead = sink.decode(records)
    sink.write(batch, dead)
    assert [(row["key"], row["offset"], row["logged_at"]) for row in tables.rows["row_changes"]] == [
        ("o1", 7, 100),
        ("o1", 9, 102),
    ]
    assert tables.rows["row_lookups"] == [
        {"source": "orders", "column": "user_id", "value": user, "key": "o1"} for user in ("ann", "bob")
    ]
    assert tables.rows["identities"] == [{"user_id": "ann", "change": 17, "canonical": "bob", "logged_at": 95}]
    assert set(sink.users(batch)) >= {"ann", "bob"}
    assert sink.without(batch, {"bob"})[0].identities == []
    assert tables.rows["clock_ticks"] == [{"minute": 3, "ticked_at": 201}]
    assert [(row["offset"], row["reason"]) for row in tables.rows["dead_letters"]] == [
        (8, "malformed"),
        (2, "malformed"),
        (5, "malformed"),
    ]
    assert list(tables.rows).index("clock_ticks") > list(tables.rows).index("row_changes")


def test_a_recorded_log_goes_through_the_sink_without_a_dead_letter():
    batch, dead = RowSink(MemoryTables(), "shop", "canal").decode(recorded("cdc_canal.jsonl"))
    assert dead == [] and len(batch.changes) >= 18
