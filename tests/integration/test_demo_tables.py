"""The shop's tables: the same behaviour in memory and in MySQL."""

from collections.abc import Iterator
from dataclasses import replace

import pymysql
import pytest

import sql
from deploy.demo.catalogue import build_catalogue
from deploy.demo.generate import connect
from deploy.demo.generator import Rows
from deploy.demo.history import History, Tables
from deploy.demo.memory import MemoryRows
from deploy.demo.people import User
from deploy.demo.shop import Shop
from deploy.demo.shop_state import Change, Order, ShopConfig, ShopState, row_of
from deploy.demo.tables import ShopTables
from stores.settings import Settings
from tests.conftest import RunningStack

NOW_MS = 1_790_000_000_123
USER = User("u0000001", None, 1990, "Łódź", "PL", "organic", None, "zoë@example.com", None, NOW_MS, NOW_MS)
ORDER = Order(
    "o00000001", "u0000001", "p0001", 2, 123_456, 100, None, "placed", "中山路 1", NOW_MS, NOW_MS
)  # fmt: skip
PRODUCT = build_catalogue(1, NOW_MS, 1)[0]


@pytest.fixture(scope="module")
def own_shop(stack: RunningStack) -> Iterator[Settings]:
    """Shop tables of this test's own, in the other database of the stack: the shop's row changes are read by others."""
    mysql = stack.settings.mysql
    settings = stack.settings.model_copy(
        update={"mysql": mysql.model_copy(update={"shop_database": mysql.tagging_database})}
    )
    with connect(settings.mysql) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS users, products, orders")
        for statement in sql.text("mysql/shop.sql").split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        yield settings
        cursor.execute("DROP TABLE users, products, orders")


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def rows(request: pytest.FixtureRequest) -> Iterator[Rows]:
    """Empty tables."""
    if request.param == "memory":
        yield MemoryRows()
        return
    settings: Settings = request.getfixturevalue("own_shop")
    with connect(settings.mysql) as connection, connection.cursor() as cursor:
        for statement in ("TRUNCATE users", "TRUNCATE products", "TRUNCATE orders"):
            cursor.execute(statement)
    tables = ShopTables(lambda: connect(settings.mysql))
    yield tables
    tables.close()


def insert(*entities: User | Order) -> list[Change]:
    return [
        Change("users", "insert", entity.user_id, row_of(entity))
        if isinstance(entity, User)
        else Change("orders", "insert", entity.order_id, row_of(entity))
        for entity in entities
    ]


def test_empty_tables_hold_nothing_and_the_first_order_gets_number_one(rows: Rows) -> None:
    assert rows.read() == ([], [], [], 1)


def test_rows_are_read_back_as_they_were_written(rows: Rows) -> None:
    rows.apply([Change("products", "insert", PRODUCT.product_id, row_of(PRODUCT)), *insert(USER, ORDER)])
    assert rows.read() == ([PRODUCT], [USER], [ORDER], 2)


def test_an_update_replaces_the_row(rows: Rows) -> None:
    rows.apply(insert(USER, ORDER))
    paid = replace(ORDER, status="paid", updated_ms=NOW_MS + 1)
    rows.apply([Change("orders", "update", paid.order_id, row_of(paid))])
    assert rows.read().orders == [paid]


def test_doing_the_same_again_changes_nothing(rows: Rows) -> None:
    for _ in range(2):
        rows.apply(insert(USER, ORDER))
    assert rows.read() == ([], [USER], [ORDER], 2)


def test_several_changes_of_one_row_in_one_batch_end_with_the_last(rows: Rows) -> None:
    later = [replace(ORDER, status=status) for status in ("paid", "shipped", "delivered")]
    rows.apply([*insert(USER, ORDER), *(Change("orders", "update", o.order_id, row_of(o)) for o in later)])
    assert rows.read().orders == [later[-1]]


def test_a_refunded_order_is_over_and_not_read_back_but_its_number_is_taken(rows: Rows) -> None:
    rows.apply(insert(USER, replace(ORDER, status="refunded")))
    assert rows.read() == ([], [USER], [], 2)


def test_an_erased_user_goes_with_their_orders_and_nobody_elses(rows: Rows) -> None:
    other = replace(USER, user_id="u0000002", referred_by="u0000001")
    kept = replace(ORDER, order_id="o00000002", user_id="u0000002")
    rows.apply(insert(USER, other, ORDER, kept))
    rows.apply([Change("users", "erase", "u0000001", None)])
    assert rows.read() == ([], [other], [kept], 3)


def test_a_deleted_order_is_gone(rows: Rows) -> None:
    rows.apply(insert(USER, ORDER))
    rows.apply([Change("orders", "delete", ORDER.order_id, None)])
    assert rows.read().orders == []


def test_a_whole_past_is_read_back(rows: Rows) -> None:
    history = History(NOW_MS, days=5, messages=3_000, users=300)
    config = history.config(ShopConfig())
    shop = Shop(config, ShopState(config, "h", history.begins_ms))
    tables = Tables()
    for change in shop.open(history.first_users).changes:
        tables.apply(change)
    for now_ms, count in history.ticks():
        for change in shop.advance(now_ms, count, NOW_MS).changes:
            tables.apply(change)
    rows.insert(tables.rows)
    found = rows.read()
    state = shop.state
    assert {user.user_id: user for user in found.users} == state.users
    assert {product.product_id: product for product in found.products} == state.products
    assert {order.order_id: order for order in found.orders}.items() >= state.orders.items()
    assert len(state.orders) > 10


@pytest.mark.stack
def test_a_connection_that_was_lost_is_opened_again_and_nothing_is_half_written(own_shop: Settings) -> None:
    opened = []

    def open_one() -> pymysql.Connection:
        opened.append(connect(own_shop.mysql))
        return opened[-1]

    tables = ShopTables(open_one)
    tables.apply(insert(USER))
    with connect(own_shop.mysql) as other, other.cursor() as cursor:
        cursor.execute("TRUNCATE users")
        cursor.execute("KILL %s", (opened[0].thread_id(),))
    with pytest.raises(pymysql.Error):
        tables.apply(insert(USER, ORDER))
    tables.apply(insert(USER))
    assert tables.read().users == [USER] and len(opened) == 2
    tables.close()
