"""The messages that stand for MySQL's row changes in tests have the form that sources are read in, in both formats."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

DATA = Path(__file__).parent.parent / "data"
KEYS = {"users": "user_id", "products": "product_id", "orders": "order_id"}
NUMBERS = {"quantity", "birth_year"}
DECIMALS = {"price", "amount", "discount"}
TYPES = {"c": "INSERT", "u": "UPDATE", "d": "DELETE"}


def lines(name):
    messages = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
    return [{**message, "value": json.loads(message["value"])} for message in messages]


@pytest.fixture(scope="module")
def debezium():
    return lines("cdc_debezium.jsonl")


@pytest.fixture(scope="module")
def canal():
    return lines("cdc_canal.jsonl")


def test_every_table_and_kind_of_change_is_there(debezium):
    found = {(message["topic"], message["value"]["op"]) for message in debezium}
    assert {("cdc.shop.users", op) for op in "cud"} <= found
    assert {("cdc.shop.orders", op) for op in "cud"} <= found
    assert {("cdc.shop.products", op) for op in "cu"} <= found


def test_debezium_writes_the_envelope_without_schemas_and_with_the_key_of_the_row(debezium):
    for message in debezium:
        value, table = message["value"], message["topic"].rpartition(".")[2]
        assert {"before", "after", "op", "source", "ts_ms"} <= value.keys()
        row = value["after"] or value["before"]
        assert json.loads(message["key"]) == {KEYS[table]: row[KEYS[table]]}
        assert (value["before"] is None) == (value["op"] == "c")
        assert (value["after"] is None) == (value["op"] == "d")


def test_debezium_writes_decimals_as_text_and_times_as_milliseconds(debezium):
    for message in debezium:
        for row in filter(None, (message["value"]["before"], message["value"]["after"])):
            for column, value in row.items():
                if column.endswith("_at"):
                    assert isinstance(value, int) and 10**12 < value < 10**13
                elif column in NUMBERS:
                    assert value is None or isinstance(value, int)
                else:
                    assert value is None or isinstance(value, str)
                if column in DECIMALS:
                    assert Decimal(value).as_tuple().exponent == -2


def test_changes_of_one_row_share_a_partition_in_order(debezium):
    seen = {}
    for message in debezium:
        partition, offset = seen.get((message["topic"], message["key"]), (message["partition"], -1))
        assert message["partition"] == partition
        assert message["offset"] > offset
        seen[message["topic"], message["key"]] = (partition, message["offset"])


def test_canal_says_the_same_of_every_row(debezium, canal):
    assert len(debezium) == len(canal)
    for recorded, derived in zip(debezium, canal, strict=True):
        envelope, flat = recorded["value"], derived["value"]
        assert [derived[name] for name in ("topic", "partition", "offset")] == [
            recorded[name] for name in ("topic", "partition", "offset")
        ]
        assert flat["type"] == TYPES[envelope["op"]]
        assert flat["table"] == envelope["source"]["table"] and flat["isDdl"] is False
        assert flat["pkNames"] == [KEYS[flat["table"]]]
        (row,) = flat["data"]
        wanted = envelope["after"] or envelope["before"]
        assert {column: read(column, text) for column, text in row.items()} == wanted
        if flat["type"] == "UPDATE":
            (old,) = flat["old"]
            assert {**row, **old} == {column: write(column, value) for column, value in envelope["before"].items()}
        else:
            assert flat["old"] is None


def read(column, text):
    if text is None:
        return None
    if column.endswith("_at"):
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    return int(text) if column in NUMBERS else text


def write(column, value):
    if value is None:
        return None
    if column.endswith("_at"):
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{value % 1000:03d}"
    return str(value)
