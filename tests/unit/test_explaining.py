"""What an explanation says: every function is known, few rows are read, and the steps tell what happened."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tagging.definition import TagDefinition
from tagging.explaining.explain import explain
from tagging.explaining.rows import Found
from tagging.functions import FUNCTIONS
from tagging.sources import CATALOG
from tests.fakes.memory_history import MemoryRows

MINUTE, DAY = 60_000, 86_400_000
TICK = 29_800_000
NOW = TICK * MINUTE
AT = 1_785_135_166_813
"""2026-07-27 06:52:46.813, a Monday."""


def row(source: str, offset: int = 0, **values) -> dict:
    blank = dict.fromkeys(CATALOG[source].columns)
    return {**blank, "op": "c", "offset": offset, "logged_at": NOW, **values}


ANN = row("users", user_id="ann", city=" Köln ", birth_year=1981, registered_at=AT)
ORDERS = [
    row(
        "orders",
        order_id="o1",
        user_id="ann",
        product_id="p1",
        quantity=7,
        amount="10.00",
        discount="0.35",
        ordered_at=AT,
    ),
    row("orders", order_id="o2", user_id="ann", product_id="p2", quantity=-2, amount="20.01", ordered_at=AT + DAY),
    row("orders", order_id="o3", user_id="bob", product_id="p1", quantity=1, amount="5.00", ordered_at=AT),
]
LOG = {
    "users": [ANN, row("users", 1, user_id="bob", city="Aix", referred_by="ann")],
    "orders": ORDERS,
    "products": [row("products", product_id="p1", category="books"), row("products", product_id="p2")],
    "events": [],
}


def tag(sql: str, value_type: str = "string") -> TagDefinition:
    return TagDefinition("t", "", "", value_type, "basic", "tests", sql)


def of_ann(value: str, value_type: str = "string", source: str = "users") -> object:
    group = "" if source == "users" else "GROUP BY user_id"
    found = explain(
        tag(f"SELECT user_id, {value} AS value FROM {source} {group}", value_type), "ann", MemoryRows(LOG), TICK
    )
    return found.value


CALLS = [
    ("UPPER(city)", "string", " KÖLN "),
    ("LOWER(city)", "string", " köln "),
    ("TRIM(city)", "string", "Köln"),
    ("LTRIM(city)", "string", "Köln "),
    ("RTRIM(city)", "string", " Köln"),
    ("CHAR_LENGTH(city)", "integer", 6),
    ("LEFT(city, 2)", "string", " K"),
    ("RIGHT(city, 2)", "string", "n "),
    ("SUBSTRING(city, 2, 3)", "string", "Köl"),
    ("SUBSTRING(city, 4)", "string", "ln "),
    ("SPLIT_INDEX(city, 'l', 1)", "string", "n "),
    ("SPLIT_INDEX(city, 'l', 2)", "string", None),
    ("CONCAT(user_id, '/', TRIM(city))", "string", "ann/Köln"),
    ("CONCAT(user_id, phone)", "string", None),
    ("COALESCE(phone, city, 'x')", "string", " Köln "),
    ("NULLIF(user_id, 'ann')", "string", None),
    ("GREATEST(user_id, 'abc', 'b')", "string", "b"),
    ("LEAST(birth_year, 1980)", "integer", 1980),
    ("ABS(-birth_year)", "integer", 1981),
    ("SIGN(birth_year)", "integer", 1),
    ("MOD(-7, 4)", "integer", -3),
    ("MOD(7, birth_year - 1981)", "integer", None),
    ("CEIL(CAST('1.2' AS DECIMAL(8, 2)))", "decimal", Decimal("2.0000")),
    ("FLOOR(CAST('-1.2' AS DECIMAL(8, 2)))", "decimal", Decimal("-2.0000")),
    ("ROUND(CAST('1.25' AS DECIMAL(8, 2)), 1)", "decimal", Decimal("1.3000")),
    ("ROUND(CAST('-1.5' AS DECIMAL(8, 2)))", "decimal", Decimal("-2.0000")),
    ("YEAR(registered_at)", "integer", 2026),
    ("QUARTER(registered_at)", "integer", 3),
    ("MONTH(registered_at)", "integer", 7),
    ("WEEK(registered_at)", "integer", 31),
    ("DAYOFMONTH(registered_at)", "integer", 27),
    ("DAYOFWEEK(registered_at)", "integer", 2),
    ("HOUR(registered_at)", "integer", 6),
    ("EXTRACT(MINUTE FROM registered_at)", "integer", 52),
    ("TIMESTAMPDIFF(HOUR, registered_at, registered_at + INTERVAL '90' MINUTE)", "integer", 1),
    ("TIMESTAMPDIFF(DAY, registered_at, CAST('2026-07-25 00:00:00' AS TIMESTAMP))", "integer", -2),
    ("DATE_FORMAT(registered_at, 'yyyy-MM-dd HH:mm')", "string", "2026-07-27 06:52"),
    ("CAST(TRUE AS STRING)", "string", "TRUE"),
    ("CAST(CAST(registered_at AS DATE) AS STRING)", "string", "2026-07-27"),
    ("CAST('1.9' AS INT)", "integer", 1),
    ("CAST('one' AS INT)", "integer", None),
    ("CAST('99999999999' AS INT)", "integer", None),
    ("city LIKE '_K%'", "boolean", True),
    ("phone IN ('1') OR city IS NULL", "boolean", None),
    ("birth_year NOT BETWEEN 1 AND 1980", "boolean", True),
]
AGGREGATES = [
    ("COUNT(*)", "integer", 2),
    ("COUNT(discount)", "integer", 1),
    ("SUM(amount)", "decimal", Decimal("30.0100")),
    ("AVG(amount)", "decimal", Decimal("15.0050")),
    ("MIN(quantity)", "integer", -2),
    ("MAX(product_id)", "string", "p2"),
    ("SUM(discount) / SUM(amount)", "decimal", Decimal("0.0117")),
    # Six decimals are kept on the way: 0.0000498 is 0.000050, and that is 0.0001.
    ("SUM(amount) / 603000", "decimal", Decimal("0.0001")),
    ("SUM(amount) / (COUNT(*) - 2)", "decimal", None),
]


@pytest.mark.parametrize(("value", "value_type", "wanted"), CALLS)
def test_an_expression_gives_for_one_user_what_the_engine_gives(value, value_type, wanted):
    found = of_ann(value, value_type)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize(("value", "value_type", "wanted"), AGGREGATES)
def test_an_aggregate_gives_for_one_user_what_the_engine_gives(value, value_type, wanted):
    found = of_ann(value, value_type, "orders")
    assert (found, type(found)) == (wanted, type(wanted))


def test_every_function_of_tags_is_explained():
    text = " ".join(value for value, _, _ in (*CALLS, *AGGREGATES))
    assert [name for name in FUNCTIONS if f"{name}(" not in text] == []


class Counted:
    """Rows, and what was asked for."""

    def __init__(self, left_out: int = 0) -> None:
        self.asked: list[tuple[str, dict]] = []
        self._left_out = left_out

    def read(self, source, wanted) -> Found:
        self.asked.append((source.name, {name: set(values) for name, values in wanted.items()}))
        return Found(MemoryRows(LOG).read(source, wanted).rows, self._left_out)


def test_only_rows_that_concern_the_user_are_asked_for():
    rows = Counted()
    sql = (
        "SELECT u.referred_by AS user_id, MAX(p.category) AS value FROM LAST(orders, INTERVAL '300' DAY) AS o"
        " JOIN users AS u ON u.user_id = o.user_id JOIN products AS p ON p.product_id = o.product_id GROUP BY u.referred_by"
    )
    assert explain(tag(sql), "ann", rows, AT // MINUTE).value == "books"
    assert rows.asked == [
        ("users", {"referred_by": {"ann"}}),
        ("orders", {"user_id": {"bob"}}),
        ("products", {"product_id": {"p1"}}),
    ]


def test_a_join_says_which_row_found_no_partner():
    sql = (
        "SELECT o.user_id, COUNT(*) AS value FROM orders AS o"
        " JOIN products AS p ON p.product_id = o.product_id AND p.category = 'books' GROUP BY o.user_id"
    )
    found = explain(tag(sql, "integer"), "ann", MemoryRows(LOG), TICK)
    (join,) = [step for step in found.steps if step.kind == "join"]
    assert [(shown.cells["o.order_id"], shown.kept, shown.note) for shown in join.rows] == [
        ("o1", True, ""),
        ("o2", False, "nothing in p is equal"),
    ]


def test_conditions_say_for_how_many_rows_they_held_failed_or_stayed_open():
    sql = "SELECT user_id, COUNT(*) AS value FROM orders WHERE quantity > 0 AND discount < 1 GROUP BY user_id"
    found = explain(tag(sql, "integer"), "ann", MemoryRows(LOG), TICK)
    (where,) = [step for step in found.steps if step.kind == "where"]
    assert [(part.text, part.held, part.failed, part.unknown) for part in where.conditions] == [
        ("orders.quantity > 0", 1, 1, 0),
        ("orders.discount < 1", 1, 0, 1),
    ]


def test_rows_that_were_left_out_are_named_unless_they_had_left_the_window_anyway():
    everything = tag("SELECT user_id, COUNT(*) AS value FROM orders GROUP BY user_id", "integer")
    assert explain(everything, "ann", Counted(left_out=3), TICK).cut == ("orders",)
    day = tag("SELECT user_id, COUNT(*) AS value FROM LAST(orders, INTERVAL '1' DAY) GROUP BY user_id", "integer")
    assert explain(day, "ann", Counted(left_out=3), (AT + DAY) // MINUTE + 60).cut == ()


@pytest.mark.parametrize(
    ("window", "told"),
    [
        ("LAST(orders, INTERVAL '30' DAY)", "LAST(orders, INTERVAL '30' DAY, INTERVAL '1' HOUR)"),
        ("LAST(orders, INTERVAL '48' HOUR)", "LAST(orders, INTERVAL '2' DAY, INTERVAL '15' MINUTE)"),
        ("LAST(orders, INTERVAL '90' MINUTE)", "LAST(orders, INTERVAL '90' MINUTE, INTERVAL '1' MINUTE)"),
    ],
)
def test_a_window_is_told_in_its_largest_units_with_its_pane(window, told):
    sql = f"SELECT user_id, COUNT(*) AS value FROM {window} GROUP BY user_id"
    found = explain(tag(sql, "integer"), "ann", MemoryRows(LOG), TICK)
    assert [step.text for step in found.steps if step.kind == "window"] == [told]


def test_the_steps_show_at_most_thirty_rows_and_say_how_many_there_are_more():
    orders = [row("orders", order_id=f"o{n}", user_id="ann", quantity=n % 2, ordered_at=AT + n) for n in range(100)]
    sql = "SELECT user_id, COUNT(*) AS value FROM orders WHERE quantity = 1 GROUP BY user_id"
    found = explain(tag(sql, "integer"), "ann", MemoryRows({**LOG, "orders": orders}), TICK)
    where = next(step for step in found.steps if step.kind == "where")
    assert (len(where.rows), where.rows_left_out, where.rows_in, where.rows_out) == (30, 70, 100, 50)
