"""Which messages of the log are about a user, in both formats of row changes."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from jobs.parity_inputs import MOST_ROWS_A_USER, UserRows, emitted_by_user
from tagging.parity_cause import Emitted
from tagging.people import KnownPeople
from tagging.written_rows import read_row_changes, time_ms

DATA = Path(__file__).parent.parent / "data"
AT_MS = 1_790_000_000_000


class Message:
    def __init__(self, value, offset=0, key=b"", partition=0, at_ms=AT_MS):
        self.held = (key, value, partition, offset, (1, at_ms))

    def key(self):
        return self.held[0]

    def value(self):
        return self.held[1]

    def partition(self):
        return self.held[2]

    def offset(self):
        return self.held[3]

    def timestamp(self):
        return self.held[4]


def recorded(name: str, table: str) -> list[Message]:
    lines = map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines())
    return [
        Message(line["value"].encode(), line["offset"], partition=line["partition"], at_ms=line["timestamp"])
        for line in lines
        if line["topic"] == f"cdc.shop.{table}"
    ]


def event(user_id: str, event_id: str = "e1", **more) -> bytes:
    return orjson.dumps(
        {"event_id": event_id, "user_id": user_id, "event_type": "cart", "occurred_at": AT_MS - 5} | more
    )


@pytest.mark.parametrize("user_id", ["u1", "u 1", 'q"uote', "back\\slash", "a/b", "用户", "x"])
def test_a_users_events_are_found_whatever_the_id_looks_like_and_nobody_elses(user_id):
    rows = UserRows({user_id}, "debezium")
    wrong = [b"no json", b"", None, event("somebody"), orjson.dumps({"user_id": user_id})]
    escaped = json.dumps(json.loads(event(user_id, "e2"))).encode()
    rows.read("events", [*map(Message, wrong), Message(event(user_id), 7, at_ms=AT_MS), Message(escaped, 8)])
    found = rows.of(user_id)
    assert [(row.key, row.offset, row.at_ms, row.logged_at_ms, row.op) for row in found] == [
        ("e1", 7, AT_MS - 5, AT_MS, "event"),
        ("e2", 8, AT_MS - 5, AT_MS, "event"),
    ]
    assert rows.of("somebody") == []


def test_rows_of_every_id_of_a_person_are_the_persons_and_an_id_that_is_merged_has_none():
    people = KnownPeople.of({"phone": "u1"})
    rows = UserRows({"u1", "phone"}, "debezium", people)
    rows.read("events", [Message(event("phone"), 1), Message(event("u1", "e2"), 2), Message(event("u2", "e3"), 3)])
    row = {"user_id": "phone", "city": "Aix", "registered_at": None}
    change = {"before": None, "after": row, "op": "c", "source": {"table": "users"}, "ts_ms": AT_MS}
    rows.read("users", [Message(orjson.dumps(change), 4)])
    assert [(found.key, found.offset) for found in rows.of("u1")] == [("e1", 1), ("e2", 2)]
    assert rows.of("phone") == []


def test_of_very_many_rows_the_newest_are_kept():
    rows = UserRows({"u1"}, "debezium")
    rows.read("events", [Message(event("u1", f"e{n}"), n) for n in range(MOST_ROWS_A_USER + 10)])
    assert [row.offset for row in rows.of("u1")] == list(range(10, MOST_ROWS_A_USER + 10))


@pytest.mark.parametrize("cdc_format", ["debezium", "canal"])
def test_all_changes_of_a_users_orders_are_found_to_their_deletion(cdc_format):
    messages = recorded(f"cdc_{cdc_format}.jsonl", "orders")
    deleted = next(
        change.row
        for message in messages
        for change in read_row_changes(message.value(), cdc_format)
        if change.op == "d"
    )
    rows = UserRows({deleted["user_id"]}, cdc_format)
    rows.read("orders", messages)
    of_order = [row for row in rows.of(deleted["user_id"]) if row.key == deleted["order_id"]]
    assert of_order[0].op == "c" and of_order[-1].op == "d"
    assert all(row.written and row.at_ms for row in of_order)
    assert [row.written for row in of_order] == sorted(row.written for row in of_order)


def test_both_formats_give_the_same_rows_but_for_their_place_in_the_database():
    found = []
    for cdc_format in ("debezium", "canal"):
        messages = recorded(f"cdc_{cdc_format}.jsonl", "orders")
        user_id = str(read_row_changes(messages[0].value(), cdc_format)[0].row["user_id"])
        rows = UserRows({user_id}, cdc_format)
        rows.read("orders", messages)
        found.append(
            [(r.source, r.key, r.partition, r.offset, r.at_ms, r.logged_at_ms, r.op) for r in rows.of(user_id)]
        )
    assert found[0] and found[0] == found[1]


def test_a_delete_that_holds_the_key_alone_is_its_owners():
    change = {"op": "c", "before": None, "after": {"order_id": "o1", "user_id": "u1", "ordered_at": 5}}
    delete = {"op": "d", "before": {"order_id": "o1"}, "after": None}
    rows = UserRows({"u1"}, "debezium")
    rows.read("orders", [Message(orjson.dumps(change), 1), Message(orjson.dumps(delete), 2)])
    assert [(row.op, row.offset, row.at_ms) for row in rows.of("u1")] == [("c", 1, 5), ("d", 2, None)]


@pytest.mark.parametrize(
    "message",
    [None, b"", b"x", b"1", b"[]", b'{"op": "c"}', b'{"op": "x", "after": {}}', b'{"type": "QUERY", "data": null}'],
)
def test_what_is_no_row_change_gives_none(message):
    assert list(read_row_changes(message, "debezium")) == [] == list(read_row_changes(message, "canal"))


def test_times_are_read_in_both_forms():
    assert time_ms(1785135166813) == time_ms("2026-07-27 06:52:46.813") == 1785135166813
    assert time_ms(None) is None and time_ms("soon") is None


def test_what_a_topic_says_of_a_user_comes_in_order_tombstones_too():
    messages = [
        Message(b'{"user_id":"u1","value":3}', 4, b"u1"),
        Message(b'{"user_id":"u2","value":9}', 5, b"u2"),
        Message(None, 6, b"u1", at_ms=AT_MS + 1),
    ]
    assert emitted_by_user({"u1", "u3"}, messages) == {
        "u1": [Emitted(3, 4, AT_MS), Emitted(None, 6, AT_MS + 1)],
        "u3": [],
    }
