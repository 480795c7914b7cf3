"""The shop's tables in MySQL: writing what happened, and reading it back when the shop is opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pymysql

import sql
from deploy.demo.catalogue import Product
from deploy.demo.people import User
from deploy.demo.shop_state import Change, Order

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_MS = timedelta(milliseconds=1)
ROWS_A_STATEMENT = 1_000


class Contents(NamedTuple):
    """The shop's rows: all products and users, the orders that may still change, and the number for the next order."""

    products: list[Product]
    users: list[User]
    orders: list[Order]
    next_order: int


class ShopTables:
    """One connection to the shop's database, opened when it is needed and again after it was lost."""

    def __init__(self, connect: Callable[[], pymysql.Connection]) -> None:
        self._connect = connect
        self._connection: pymysql.Connection | None = None

    def apply(self, changes: Iterable[Change]) -> None:
        """Carry out changes in one transaction; rows are written whole, so that doing it twice changes nothing.

        Raises pymysql.OperationalError when the server is not there; nothing is written then.
        """
        upserts: dict[str, list[dict[str, Any]]] = {"products": [], "users": [], "orders": []}
        deletes: list[tuple[str, str]] = []
        for change in changes:
            if change.row is not None:
                upserts[change.table].append(columns(change.row))
            elif change.action == "erase":
                deletes += [("delete_orders_of_user", change.key), ("delete_users", change.key)]
            else:
                deletes.append((f"delete_{change.table}", change.key))
        self._write(upserts, deletes)

    def insert(self, tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Write whole tables (table -> key -> row) in one transaction."""
        self._write({name: [columns(row) for row in rows.values()] for name, rows in tables.items()}, [])

    def _write(self, upserts: Mapping[str, list[dict[str, Any]]], deletes: list[tuple[str, str]]) -> None:
        try:
            connection = self._open()
            with connection.cursor() as cursor:
                for table, rows in upserts.items():
                    statement = sql.text(f"mysql/shop/upsert_{table}.sql")
                    for start in range(0, len(rows), ROWS_A_STATEMENT):
                        cursor.executemany(statement, rows[start : start + ROWS_A_STATEMENT])
                # A key never comes back after its row was deleted, so deletes may follow all the writes.
                for name, key in deletes:
                    cursor.execute(sql.text(f"mysql/shop/{name}.sql"), (key,))
            connection.commit()
        except pymysql.Error:
            self.close()
            raise

    def read(self) -> Contents:
        """What the tables hold of this shop. Raises pymysql.OperationalError when the server is not there."""
        products = [Product(*row[:4], _cents(row[4]), _ms(row[5])) for row in self._rows("products")]
        users = [User(*row[:9], _ms(row[9]), _ms(row[10])) for row in self._rows("users")]
        orders = [
            Order(*row[:4], _cents(row[4]), _cents(row[5]), *row[6:9], _ms(row[9]), _ms(row[10]))
            for row in self._rows("orders")
        ]
        ((last,),) = self._rows("last_order")
        return Contents(products, users, orders, int(last[1:]) + 1 if last else 1)

    def _rows(self, name: str) -> tuple[tuple[Any, ...], ...]:
        connection = self._open()
        with connection.cursor() as cursor:
            cursor.execute(sql.text(f"mysql/shop/read_{name}.sql"))
            rows = cursor.fetchall()
        connection.rollback()
        return rows

    def _open(self) -> pymysql.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def close(self) -> None:
        """Give the connection back; the next use opens another."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            if connection.open:
                connection.close()


def columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its times (epoch ms) as the DATETIME(3) in UTC that they become."""
    return {name: _EPOCH + value * _MS if name.endswith("_at") else value for name, value in row.items()}


def _ms(time: datetime) -> int:
    return (time - _EPOCH) // _MS


def _cents(amount: Any) -> int:
    return int(amount * 100)
