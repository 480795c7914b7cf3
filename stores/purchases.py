"""What users bought, from the row changes in ClickHouse, as it was known at a time: one query, one row a user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tagging.windows import MINUTE_MS

MOST_USERS = 1_000_000


class Asked(Protocol):
    """Named queries: `stores.clickhouse.ClickHouseClient` is the real one."""

    def query(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]: ...


class Orders(Protocol):
    """Which rows are purchases: `prediction.orders_part.OrdersPart`."""

    @property
    def source(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def time(self) -> str: ...
    @property
    def amount(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def without(self) -> Sequence[str]: ...


class UnreadableOrders(ValueError):
    """Orders without a time, or whose amount is no number from 0 on. The text names how many, and one."""


class TooManyBuyers(ValueError):
    """More buyers than one query may give back."""


@dataclass(frozen=True)
class Bought:
    """On how many days (since 1970, UTC) a user bought, the first and the last of them, and the spend; `recent_spend`: of late."""

    user_id: str
    days: int
    first_day: int
    last_day: int
    spend: float
    recent_spend: float


@dataclass(frozen=True)
class Period:
    """Orders from `from_day` up to `before_day`, as known at `known_ms`; late ones are those from `recent_day` on."""

    before_day: int
    known_ms: int
    from_day: int = 0
    recent_day: int = 0


class PurchaseStore:
    """Every method raises what its queries raise, ClickHouseUnavailable."""

    def __init__(self, store: Asked) -> None:
        self._store = store

    def bought(self, orders: Orders, period: Period, below: str, from_hash: str = "") -> Sequence[Bought]:
        """Of all users whose hash is from `from_hash` on and `below` ("": no limit), by id.

        Raises UnreadableOrders and TooManyBuyers."""
        rows = self._read(orders, period, (from_hash, below), (), MOST_USERS + 1)
        if len(rows) > MOST_USERS:
            raise TooManyBuyers(f"buyers: got more than {MOST_USERS:,}, allowed so many; lower training.most_users")
        return rows

    def bought_by(self, orders: Orders, period: Period, users: Sequence[str]) -> Sequence[Bought]:
        """Of these users, by id; who never bought has no row. Raises UnreadableOrders."""
        if not users:
            return []
        return self._read(orders, period, ("", ""), users, len(users))

    def newest_tick_ms(self) -> int | None:
        """The newest tick: "now" for the log. None before there is one."""
        minute = self._store.query("clickhouse/models/newest_tick.sql")[0]["minute"]
        return None if minute is None else minute * MINUTE_MS

    def _read(
        self, orders: Orders, period: Period, hashes: tuple[str, str], users: Sequence[str], limit: int
    ) -> Sequence[Bought]:
        rows = self._store.query(
            "clickhouse/models/purchases.sql",
            {
                "source": orders.source,
                "user_column": orders.user,
                "time_column": orders.time,
                "amount_column": orders.amount,
                "status_column": orders.status,
                "without": list(orders.without),
                "from_day": period.from_day,
                "before_day": period.before_day,
                "recent_day": period.recent_day,
                "known_ms": period.known_ms,
                "users": list(users),
                "from_hash": hashes[0],
                "below": hashes[1],
                "limit": limit,
            },
        )
        _require_readable(orders, rows)
        return [Bought(**{name: row[name] for name in Bought.__dataclass_fields__}) for row in rows]


def _require_readable(orders: Orders, rows: Sequence[dict[str, Any]]) -> None:
    wrong = [row for row in rows if row["unreadable"]]
    if wrong:
        raise UnreadableOrders(
            f"{sum(row['unreadable'] for row in wrong)} rows of {orders.source}, as {wrong[0]['unreadable_key']!r}: allowed are a "
            f"time in {orders.time} and a finite number from 0 on in {orders.amount}"
        )
