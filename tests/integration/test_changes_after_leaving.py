"""A table's row that changes long after it left its window: when the job has forgotten whatever it may forget."""

from __future__ import annotations

import time

import pytest

from jobs import state_ttl
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tests.flink_streaming import StreamingTags
from tests.shop_history import MINUTE_MS, History, ticks

NOW = 29_500_020
LAG_MS = 1_500
"""What the job takes for a day, so that ticks of events would be forgotten while the test looks on."""
COUNT = "SELECT user_id, COUNT(*) AS value FROM LAST(orders, INTERVAL '1' HOUR, INTERVAL '20' MINUTE) GROUP BY user_id"


@pytest.fixture
def running(tmp_path, monkeypatch):
    monkeypatch.setattr(state_ttl, "DAY_MS", LAG_MS)
    held = compile_tag(TagDefinition("held", "", "", "integer", "basic", "tests", COUNT))
    found = StreamingTags((held,), tmp_path)
    yield found
    found.stop()


def test_an_order_refunded_long_after_it_left_its_window_is_not_taken_away_once_more(running):
    history, logged = History(NOW - 60, NOW), 0

    def order(order_id: str, ordered_at: int, op: str = "c", logged_at: int | None = None) -> None:
        row = {"order_id": order_id, "user_id": "buyer", "status": "paid", "ordered_at": ordered_at}
        history.change("orders", op, row, logged_at or ordered_at)

    def put() -> None:
        nonlocal logged
        messages = history.log()["orders_log"]
        running.log("orders_log", messages[logged:])
        logged = len(messages)

    now_ms = NOW * MINUTE_MS
    order("old", now_ms - 50 * MINUTE_MS)
    order("new", now_ms - MINUTE_MS)
    put()
    running.log("clock", list(ticks(NOW, NOW)))
    running.await_value("held", 2)
    running.log("clock", list(ticks(NOW + 1, NOW + 31)))
    running.await_value("held", 1)
    # Time to live is the cluster's own time: nothing but waiting makes it pass.
    time.sleep(2 * LAG_MS / 1000)
    order("old", now_ms - 50 * MINUTE_MS, "u", now_ms + 40 * MINUTE_MS)
    order("third", now_ms + 30 * MINUTE_MS)
    put()
    running.await_value("held", 2)
    assert 0 not in running.said("held")
