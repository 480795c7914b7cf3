"""What the benchmark puts into the log: a shop that never was, the same for the same seed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import orjson

from tagging.names import CLOCK_SHARDS

MINUTE_MS = 60_000
SPAN_MINUTES = 150
"""Events lie in this span before the newest tick, and every minute of it is ticked: windows of an hour do expire."""
USERS = 100_000
PRODUCTS = 1_000
ORDERS_PER_USER = 2
EVENT_TYPES = (
    ("catalog", 30),
    ("product1", 22),
    ("product2", 14),
    ("cart", 10),
    ("search", 8),
    ("delivery_choice", 4),
    ("payment_choice", 4),
    ("coupon_click", 3),
    ("payment_done", 3),
    ("share", 2),
)
_TYPES = [name for name, _ in EVENT_TYPES]
_WEIGHTS = [weight for _, weight in EVENT_TYPES]
_WORDS = ("shoes", "jacket", "phone", "tent", "lamp", "coffee", "bike", "book")
_CATEGORIES = ("outdoor", "electronics", "fashion", "home", "sports")

_SLICES_A_SECOND = 50

Message = tuple[bytes, bytes]
"""key and value."""


def paced(rate: int, stop: threading.Event) -> Iterator[None]:
    """Comes back `rate` times a second, in small slices, until `stop` is set; whoever was held up catches up."""
    began, sent = time.monotonic(), 0
    while not stop.wait(1 / _SLICES_A_SECOND):
        due = int((time.monotonic() - began) * rate)
        for _ in range(due - sent):
            yield
        sent = due


def events(number: int, newest_minute: int, seed: int, users: int = USERS) -> Iterator[Message]:
    """Valid events, 2 in 100 of them twice, most in order of time and 3 in 100 late."""
    rng = random.Random(seed)
    start_ms = (newest_minute - SPAN_MINUTES) * MINUTE_MS
    types = rng.choices(_TYPES, _WEIGHTS, k=10_000)
    made = 0
    while made < number:
        user = f"u{int(users * rng.random() ** 2):07d}"
        kind = types[made % 10_000]
        late_ms = rng.randrange(60 * MINUTE_MS) if rng.random() < 0.03 else 0
        at_ms = start_ms + made * SPAN_MINUTES * MINUTE_MS // number - late_ms
        message = event(f"e{seed}-{made}", user, kind, f"p{rng.randrange(PRODUCTS):04d}", at_ms, made)
        yield message
        made += 1
        if made < number and rng.random() < 0.02:
            yield message
            made += 1


def event(event_id: str, user_id: str, kind: str, item_id: str, at_ms: int, place: int = 0) -> Message:
    """One event as the log has it."""
    properties = {"session_id": f"s{place // 12}", "campaign": "newsletter" if place % 3 else "retargeting"}
    if kind == "search":
        properties["query"] = _WORDS[place % len(_WORDS)]
    value = {
        "event_id": event_id,
        "user_id": user_id,
        "event_type": kind,
        "item_id": item_id,
        "properties": properties,
        "occurred_at": at_ms,
    }
    return user_id.encode(), orjson.dumps(value)


def row_changes(newest_minute: int, seed: int, users: int = USERS) -> Iterator[tuple[str, Message]]:
    """(table, message) of the shop's tables as Debezium writes them: users, products, and orders of the last 60 days."""
    rng = random.Random(seed)
    now_ms = newest_minute * MINUTE_MS
    day_ms = 24 * 60 * MINUTE_MS
    for number in range(PRODUCTS):
        yield _insert("products", "product_id", {
            "product_id": f"p{number:04d}", "title": f"Product {number}", "category": rng.choice(_CATEGORIES),
            "brand": f"brand{number % 40}", "price": f"{rng.randrange(100, 50_000) / 100:.2f}", "updated_at": now_ms - 90 * day_ms,
        })  # fmt: skip
    for number in range(users):
        registered_ms = now_ms - rng.randrange(365) * day_ms
        yield _insert("users", "user_id", {
            "user_id": f"u{number:07d}", "gender": rng.choice("fm"), "birth_year": rng.randrange(1950, 2008),
            "city": rng.choice(("Lisbon", "Berlin", "Lagos")), "country": "PT", "signup_channel": rng.choice(("app", "web")),
            "referred_by": f"u{rng.randrange(users):07d}" if rng.random() < 0.2 else None, "email": None, "phone": None,
            "registered_at": registered_ms, "updated_at": registered_ms,
        })  # fmt: skip
    for number in range(users * ORDERS_PER_USER):
        ordered_ms = now_ms - rng.randrange(60 * 24 * 60) * MINUTE_MS
        yield _insert("orders", "order_id", {
            "order_id": f"o{number:08d}", "user_id": f"u{rng.randrange(users):07d}",
            "product_id": f"p{rng.randrange(PRODUCTS):04d}",
            "quantity": 1, "amount": f"{rng.randrange(100, 30_000) / 100:.2f}", "discount": "0.00", "coupon": None,
            "status": rng.choice(("paid", "delivered", "delivered", "refunded")),
            "shipping_address": f"{number % 5000} Street", "ordered_at": ordered_ms, "updated_at": ordered_ms,
        })  # fmt: skip


def _insert(table: str, key: str, row: dict[str, object]) -> tuple[str, Message]:
    return table, (orjson.dumps({key: row[key]}), orjson.dumps({"before": None, "after": row, "op": "c"}))


def ticks(newest_minute: int) -> Iterator[Message]:
    """Every minute of the span, in every shard."""
    for minute in range(newest_minute - SPAN_MINUTES, newest_minute + 1):
        for shard in range(CLOCK_SHARDS):
            yield str(shard).encode(), orjson.dumps({"minute": minute, "shard": shard})
