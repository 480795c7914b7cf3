"""What users bought, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from stores.purchases import Bought, Orders, Period, UnreadableOrders
from tests.fakes.breakable import Breakable


class MemoryPurchases(Breakable):
    """Sums that are there already; `unreadable`: users with an order that cannot be read."""

    def __init__(self) -> None:
        super().__init__("clickhouse")
        self.held: dict[str, Bought] = {}
        self.unreadable: set[str] = set()
        self.tick_ms: int | None = None
        self.asked: list[tuple[Orders, Period]] = []

    def bought_by(self, orders: Orders, period: Period, users: Sequence[str]) -> Sequence[Bought]:
        self.ask()
        self.asked.append((orders, period))
        if self.unreadable & set(users):
            raise UnreadableOrders("1 rows of orders, as 'odd'")
        return [self.held[user_id] for user_id in sorted(users) if user_id in self.held]

    def newest_tick_ms(self) -> int | None:
        self.ask()
        return self.tick_ms
