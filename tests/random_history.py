"""Random histories of a shop, with what breaks tags: duplicates, late and early rows, rows on the edges of windows, NULLs, ties."""

from __future__ import annotations

from random import Random
from typing import Any

from tagging.identity import MergeRefused, merged, moved, unmerged
from tagging.sources import CATALOG
from tests.shop_history import DAY_MS, HOUR_MS, MINUTE_MS, History

EVENT_TYPES = [
    "catalog",
    "product1",
    "product1",
    "product2",
    "cart",
    "cart",
    "search",
    "search",
    "share",
    "coupon_click",
    "delivery_choice",
    "payment_choice",
    "payment_done",
]
STATUSES = ("paid", "paid", "shipped", "delivered", "cancelled", "refunded", "refunded")
WINDOWS = ((60, 1), (7 * 1440, 60), (30 * 1440, 60), (90 * 1440, 60), (6 * 60, 1), (1440, 15), (120, 30))
"""(length, pane) in minutes: near whose edges rows are put."""
BASE_MINUTE = 29_500_000
"""In 2026."""
LOGGED_MINUTES = 120
"""For how long the log was written."""


def random_history(seed: int, users: int = 60, events: int = 600, orders: int = 350, merges: int = 0) -> History:
    """A history of some users and some strangers, of whom some are merged and unmerged; the same for the same seed."""
    random = Random(seed)
    now = BASE_MINUTE + random.randrange(2000)
    history = History(now - LOGGED_MINUTES, now)
    lives = [*_users(random, history, users), *_products(random, history), *_orders(random, history, users, orders)]
    lives += _scores(Random(seed + 1), history, users)
    for logged_at, _, table, op, row in sorted(lives, key=lambda change: change[:2]):
        history.change(table, op, dict(row), logged_at)
    for logged_at, _, event in sorted(_events(random, history, users, events), key=lambda found: found[:2]):
        history.event(**event, logged_at=logged_at)
    _merges(Random(seed + 2), history, users, merges)
    return history


def _merges(random: Random, history: History, users: int, number: int) -> None:
    """Merges and their ends, each told once or twice; many of somebody who did much, some in chains."""
    parents: dict[str, str] = {}
    for change, logged_at in enumerate(sorted(_logged(random, history) for _ in range(number)), start=1):
        before = parents
        if parents and random.random() < 0.35:
            parents = unmerged(random.choice(sorted(parents)), parents)
        else:
            try:
                parents = merged(_someone(random, users), f"u{random.randrange(users + 3)}", parents)
            except MergeRefused:
                continue
        told = [(user_id, canonical) for user_id, canonical in moved(before, parents).items()]
        for user_id, canonical in (*told, *random.sample(told, random.randrange(len(told) + 1))):
            history.identity(user_id, canonical, change, logged_at)


def _time(random: Random, history: History) -> int:
    """Near the edge of a window, or any time in the past, recent ones more often."""
    if random.random() < 0.4:
        length, pane = random.choice(WINDOWS)
        edge = history.now_minute // pane * pane - length - pane * random.randrange(2)
        return edge * MINUTE_MS + random.choice((-1, 0, 1))
    reach = random.choice((HOUR_MS, DAY_MS, 8 * DAY_MS, 40 * DAY_MS, 120 * DAY_MS))
    return history.now_ms - random.randrange(reach)


def _someone(random: Random, users: int) -> str:
    """Some do much and most do little; one in twenty is in no table."""
    return f"u{int(random.random() ** 2.5 * users * 1.05)}"


def _logged(random: Random, history: History) -> int:
    """While the log was written, and up to two minutes after the newest tick."""
    return history.now_ms - LOGGED_MINUTES * MINUTE_MS + random.randrange((LOGGED_MINUTES + 2) * MINUTE_MS)


def _money(random: Random) -> str:
    return random.choice(("10.00", "99.99", "100.00", "0.00", f"{random.randrange(30000) / 100:.2f}"))


def _maybe(random: Random, value: Any, chance: float = 0.9) -> Any:
    return value if random.random() < chance else None


def _life(random: Random, history: History, table: str, row: dict[str, Any], again: dict[str, Any]) -> list[tuple]:
    """A row's changes: made, perhaps changed, perhaps deleted, perhaps made again."""
    ops = random.choice(("c", "c", "cu", "cu", "cuu", "cd", "cdc", "cud"))
    times = sorted(_logged(random, history) for _ in ops)
    if random.random() < 0.05:
        # As far ahead as a row may lie, or a millisecond further.
        row = {**row, CATALOG[table].time_column: random.choice(times) + DAY_MS + random.choice((-1, 0, 1))}
    key = next(iter(row.items()))
    states = [row, *({**row, **{name: again[name]() for name in again}} for _ in ops[1:])]
    return [
        (at, (key[1], place), table, op, tuple(state.items()))
        for place, (at, op, state) in enumerate(zip(times, ops, states, strict=True))
    ]


def _users(random: Random, history: History, users: int) -> list[tuple]:
    found = []
    for number in range(users):
        row = {
            "user_id": f"u{number}",
            "birth_year": _maybe(random, random.choice((1899, 1900, 1945, 1946, 1964, 1981, 1996, 1997, 2012, 2013))),
            "city": _maybe(random, random.choice(("Köln", "上海", "", "Aix"))),
            "signup_channel": random.choice(("web", "app")),
            "referred_by": _maybe(random, _someone(random, users), 0.5),
            "registered_at": _maybe(random, _time(random, history), 0.95),
        }
        again = {
            "city": lambda: random.choice(("Paris", "")),
            "referred_by": lambda: _someone(random, users),
            "birth_year": lambda: random.choice((1950, 1980, None)),
        }
        found += _life(random, history, "users", row, again)
    return found


def _products(random: Random, history: History) -> list[tuple]:
    found = []
    for number in range(14):
        row = {
            "product_id": f"p{number}",
            "category": _maybe(random, random.choice(("books", "toys", "shoes"))),
            "brand": _maybe(random, random.choice(("acme", "zeta", "Ärzte"))),
            "price": _money(random),
            "updated_at": _time(random, history),
        }
        again = {"category": lambda: random.choice(("books", "garden")), "brand": lambda: random.choice(("acme", None))}
        found += _life(random, history, "products", row, again)
    return found


def _orders(random: Random, history: History, users: int, number: int) -> list[tuple]:
    found = []
    for order in range(number):
        row = {
            "order_id": f"o{order}",
            "user_id": _maybe(random, _someone(random, users), 0.97),
            "product_id": f"p{random.randrange(16)}",
            "quantity": random.randrange(1, 4),
            "amount": _money(random),
            "discount": _maybe(random, random.choice(("0.00", "1.50", "10.00")), 0.85),
            "coupon": _maybe(random, random.choice(("SPRING10", "")), 0.5),
            "status": random.choice(STATUSES),
            "shipping_address": _maybe(random, random.choice(("Oak 1", " oak 1", "Elm 2", "Ash 3", "中山路")), 0.95),
            "ordered_at": _maybe(random, _time(random, history), 0.98),
        }
        again = {"status": lambda: random.choice(STATUSES), "amount": lambda: _money(random)}
        found += _life(random, history, "orders", row, again)
    return found


def _scores(random: Random, history: History, users: int) -> list[tuple]:
    found = []
    for user in range(users):
        for model in ("buys_in_7_days", "leaves_in_30_days"):
            row = {
                "score_id": f"{model}/u{user}",
                "user_id": f"u{user}",
                "model": model,
                "version": random.randrange(1, 3),
                "class": "yes",
                "score": random.choice(("0.199999", "0.200000", "0.499999", "0.500000", f"{random.random():.6f}")),
                "scored_at": _time(random, history),
            }
            again = {"score": lambda: f"{random.random():.6f}", "version": lambda: random.randrange(1, 4)}
            if random.random() < 0.8:
                found += _life(random, history, "scores", row, again)
    return found


def _events(random: Random, history: History, users: int, number: int) -> list[tuple]:
    found = []
    for event in range(number):
        logged_at = _logged(random, history)
        occurred_at = _time(random, history)
        if random.random() < 0.05:
            # A device's clock may be five minutes ahead.
            occurred_at = logged_at + 5 * MINUTE_MS + random.choice((-1, 0, 1))
        row = {
            "event_id": f"e{event}",
            "user_id": _someone(random, users) if random.random() < 0.98 else "",
            "event_type": random.choice((*EVENT_TYPES * 5, "")),
            "item_id": _maybe(random, f"p{random.randrange(16)}", 0.8),
            "properties": _maybe(random, _properties(random), 0.9),
            "occurred_at": occurred_at,
        }
        found.append((logged_at, event, row))
        if random.random() < 0.08:
            copy = {**row, "event_type": random.choice(EVENT_TYPES), "occurred_at": _time(random, history)}
            found.append((_logged(random, history), event, copy))
    return found


def _properties(random: Random) -> dict[str, str | None]:
    chosen = {
        "session_id": _maybe(random, f"s{random.randrange(4)}"),
        "query": random.choice((" Shoes", "shoes ", "boots", "Äpfel", "", None)),
        "campaign": random.choice(("spring", "fall")),
    }
    return {name: value for name, value in chosen.items() if random.random() < 0.8}
