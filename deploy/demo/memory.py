"""A log and tables held in memory, for tests and for trying out the shop without any service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import pymysql

from deploy.demo.catalogue import Product
from deploy.demo.people import User
from deploy.demo.shop_state import Change, Order
from deploy.demo.tables import Contents


class MemoryLog:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes]] = []

    def send(self, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Take all of them."""
        self.messages += messages


class MemoryRows:
    """Tables as dictionaries; while `away` is set, every use fails as a server that is not there."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"products": {}, "users": {}, "orders": {}}
        self.away = False

    def apply(self, changes: Iterable[Change]) -> None:
        """Carry out changes; doing it twice changes nothing."""
        self._reach()
        for change in changes:
            if change.row is not None:
                self.rows[change.table][change.key] = dict(change.row)
                continue
            self.rows[change.table].pop(change.key, None)
            if change.action == "erase":
                orders = self.rows["orders"]
                self.rows["orders"] = {key: row for key, row in orders.items() if row["user_id"] != change.key}

    def insert(self, tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Write whole tables."""
        self._reach()
        for name, rows in tables.items():
            self.rows[name].update(deepcopy(dict(rows)))

    def read(self) -> Contents:
        """What the tables hold of this shop."""
        self._reach()
        orders = self.rows["orders"]
        return Contents(
            [Product(**_fields(row)) for _, row in sorted(self.rows["products"].items())],
            [User(**_fields(row)) for _, row in sorted(self.rows["users"].items())],
            [Order(**_fields(row)) for _, row in sorted(orders.items()) if row["status"] != "refunded"],
            int(max(orders)[1:]) + 1 if orders else 1,
        )

    def _reach(self) -> None:
        if self.away:
            raise pymysql.OperationalError(2003, "the tables are away")


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_at"):
            found[name[:-3] + "_ms"] = value
        elif name in ("price", "amount", "discount"):
            found[name + "_cents"] = int(value.replace(".", ""))
        else:
            found[name] = value
    return found
