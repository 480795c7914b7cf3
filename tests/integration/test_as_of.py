"""A run as of a moment of the past is what a run at that moment would have been: nothing that came later is in it."""

from __future__ import annotations

import random

import pytest

from jobs.builtin import builtin_tags
from jobs.mode import Mode
from tests.flink_local import LocalFlink
from tests.shop_history import DAY_MS, HOUR_MS, MINUTE_MS, History

NOW = 29_500_020
TAGS = ("views_7d", "sessions_7d", "last_seen", "purchases_90d", "orders_30d", "funnel_stage_7d")
USERS = [f"u{number}" for number in range(12)]
TYPES = ("catalog", "product1", "product2", "cart", "payment_done")


def histories(seed: int, as_of_minute: int) -> tuple[History, History]:
    """A log whose system ran for two hours over a made-up past of 40 days, and the same as it was at a moment."""
    rng = random.Random(seed)
    whole, then = History(NOW - 120, NOW), History(as_of_minute, as_of_minute)
    as_of_ms = as_of_minute * MINUTE_MS
    edges = [as_of_ms, as_of_ms + 1, as_of_ms - 7 * DAY_MS, as_of_ms - 7 * DAY_MS - HOUR_MS, as_of_ms - 7 * DAY_MS - 1]
    for number in range(400):
        at_ms = edges[number] if number < len(edges) else NOW * MINUTE_MS - rng.randrange(40 * DAY_MS)
        event = (f"e{number}", rng.choice(USERS), rng.choice(TYPES), at_ms)
        more = {"properties": {"session_id": f"s{rng.randrange(60)}"}}
        whole.event(*event, **more, logged_at=max(at_ms, whole.first_minute * MINUTE_MS))
        if at_ms <= as_of_ms:
            then.event(*event, **more, logged_at=as_of_ms)
    for number in range(30):
        order = {"order_id": f"o{number}", "user_id": rng.choice(USERS), "amount": "9.00", "status": "paid"}
        logged_at = NOW * MINUTE_MS - rng.randrange(60 * DAY_MS)
        for status, later in (("paid", 0), ("refunded", rng.randrange(10 * DAY_MS))):
            row = {**order, "status": status, "ordered_at": logged_at - HOUR_MS}
            whole.change("orders", "u", row, logged_at + later)
            if logged_at + later <= as_of_ms:
                # As a snapshot taken at the moment logs it: its clock has no tick of before.
                then.change("orders", "u", row, as_of_ms)
    return whole, then


@pytest.fixture(scope="module")
def flink():
    return LocalFlink(Mode.BATCH)


@pytest.mark.parametrize("days_ago", [10, 0.04, 35])
def test_as_of_a_moment_the_values_are_those_of_a_run_at_that_moment(flink, days_ago):
    as_of_minute = NOW - int(days_ago * 24 * 60)
    whole, then = histories(int(days_ago * 100), as_of_minute)
    tags = builtin_tags(*TAGS)
    past = flink.as_of(tags, whole.log(), as_of_minute * MINUTE_MS)
    assert past == flink.run(tags, then.log())
    assert past["views_7d"] and past["last_seen"]


def test_what_comes_after_the_moment_changes_nothing(flink):
    as_of_minute = NOW - 15 * 24 * 60
    whole, _ = histories(7, as_of_minute)
    tags = builtin_tags(*TAGS)
    before = flink.as_of(tags, whole.log(), as_of_minute * MINUTE_MS)
    for number, user_id in enumerate(USERS):
        for copy in range(9):
            at_ms = as_of_minute * MINUTE_MS + 1 + copy
            whole.event(f"leak{number}.{copy}", user_id, "payment_done", at_ms, properties={"session_id": f"x{copy}"})
    assert flink.as_of(tags, whole.log(), as_of_minute * MINUTE_MS) == before
    assert flink.as_of(tags, whole.log(), (as_of_minute + 1) * MINUTE_MS) != before
