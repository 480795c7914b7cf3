"""The shop's past: the same shop run over the last weeks at once, and what its tables look like at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from deploy.demo.shop_state import HOUR_MS, Change, ShopConfig

TICK_MS = 10 * 60_000
_BY_HOUR = (3, 2, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 11, 13, 15, 16, 14, 10, 6)
"""How busy the shop is in each hour of the day (UTC), relative to the others."""

EVENTS_A_VISIT = 9
_THERE_FROM_THE_START = 0.5


@dataclass(frozen=True)
class History:
    """A past of `days` days up to `ends_ms` (epoch ms), with `messages` messages and about `users` users at its end."""

    ends_ms: int
    days: int = 120
    messages: int = 100_000
    users: int = 2_000

    def __post_init__(self) -> None:
        for name, value in (("days", self.days), ("messages", self.messages), ("users", self.users)):
            if value < 1:
                raise ValueError(f"history {name}: got {value}, allowed 1 or more")

    @property
    def begins_ms(self) -> int:
        """When the past begins, in epoch ms."""
        return self.ends_ms - self.days * 24 * HOUR_MS

    @property
    def first_users(self) -> int:
        """How many users are there when it begins; the others register on the way."""
        return max(1, int(self.users * _THERE_FROM_THE_START))

    def config(self, live: ShopConfig) -> ShopConfig:
        """The shop's settings for its past: few visits, of which many buy, and orders that take their real time."""
        visits = max(1, self.messages // EVENTS_A_VISIT)
        return replace(
            live,
            conversion=0.4,
            signup_chance=min(1.0, (self.users - self.first_users) / visits),
            order_speedup=1.0,
            order_gap_ms=6 * HOUR_MS,
        )

    def ticks(self) -> Iterator[tuple[int, int]]:
        """(time in epoch ms, messages up to then since the tick before); the counts add up to `messages`."""
        times = range(self.begins_ms + TICK_MS, self.ends_ms + 1, TICK_MS)
        weights = [_BY_HOUR[time // HOUR_MS % 24] for time in times]
        total, so_far, sent = sum(weights), 0, 0
        for time, weight in zip(times, weights, strict=True):
            so_far += weight
            upto = self.messages * so_far // total
            yield time, upto - sent
            sent = upto


@dataclass
class Tables:
    """The shop's tables as they stand after some changes: table -> key -> row."""

    rows: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {"users": {}, "products": {}, "orders": {}}
    )

    def apply(self, change: Change) -> None:
        """Carry out one change.

        Raises ValueError for an insert of a row that is there, and for any other change of one that is not.
        """
        table = self.rows[change.table]
        if (change.key in table) == (change.action == "insert"):
            found = "there" if change.key in table else "not there"
            raise ValueError(f"{change.action} of {change.table} {change.key}: the row is {found}")
        if change.row is not None:
            table[change.key] = change.row
            return
        del table[change.key]
        if change.action == "erase":
            orders = self.rows["orders"]
            for order_id in [key for key, row in orders.items() if row["user_id"] == change.key]:
                del orders[order_id]
