"""The recorded row changes, read by the real views in either format, are the same table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.mode import Mode
from stores.settings import Settings
from tagging.sources import CATALOG
from tests.flink_local import LocalFlink, Message

DATA = Path(__file__).parent.parent / "data"
TABLES = ("users", "products", "orders")


def recorded(cdc_format: str) -> dict[str, list[Message]]:
    """table of Flink -> the recorded messages of its topic, as they were in the log."""
    found: dict[str, list[Message]] = {}
    for line in (DATA / f"cdc_{cdc_format}.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        message = Message(json.loads(record["value"]), record["offset"], record["timestamp"])
        found.setdefault(f"{record['topic'].rpartition('.')[2]}_log", []).append(message)
    return found


def read(flink: LocalFlink, table: str, log: dict[str, list[Message]]) -> list[tuple[str | None, ...]]:
    return flink.table(table, [*CATALOG[table].columns, "__shard", "__logged_at"], log)


@pytest.fixture(scope="module")
def readers():
    return {name: LocalFlink(Mode.BATCH, Settings(cdc_format=name)) for name in ("debezium", "canal")}


@pytest.mark.parametrize("table", TABLES)
def test_both_formats_give_the_same_rows(table, readers):
    debezium, canal = (read(readers[name], table, recorded(name)) for name in ("debezium", "canal"))
    assert debezium == canal


@pytest.mark.parametrize("table", TABLES)
def test_the_rows_are_those_of_the_newest_change_of_each_key(table, readers):
    key = CATALOG[table].key
    newest: dict[str, tuple[int, dict]] = {}
    for message in recorded("debezium")[f"{table}_log"]:
        row = message.value["after"] or message.value["before"]
        newest[row[key]] = max(newest.get(row[key], (-1, {})), (message.offset, message.value), key=lambda at: at[0])
    kept = {value["after"][key]: value["after"] for _, value in newest.values() if value["op"] != "d"}
    found = {row[0]: row for row in readers["canal"].table(table, [key, *TEXTS[table]], recorded("canal"))}
    assert kept and found == {name: (name, *(row[column] for column in TEXTS[table])) for name, row in kept.items()}


TEXTS = {
    "users": ("gender", "city", "referred_by"),
    "products": ("title", "category", "price"),
    "orders": ("status", "amount", "coupon", "shipping_address"),
}


def test_of_two_rows_of_a_key_in_one_canal_message_the_later_counts(readers):
    (first, *_) = recorded("canal")["orders_log"]
    row = first.value["data"][0]
    message = Message(
        {**first.value, "type": "UPDATE", "data": [{**row, "status": status} for status in ("b", "c", "a")]}
    )
    assert readers["canal"].table("orders", ["status"], {"orders_log": [message]}) == [("a",)]
