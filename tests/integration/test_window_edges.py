"""A millisecond, a copy, a late row: what decides whether a row is in a window, in stream mode and in batch mode."""

from __future__ import annotations

import pytest

from jobs.mode import Mode
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tests.flink_local import LocalFlink
from tests.shop_history import MINUTE_MS, History

NOW = 29_500_020
"""The newest tick: on an edge of panes of 20 minutes."""
COUNT = "SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR, INTERVAL '20' MINUTE) GROUP BY user_id"
LAST_STATUS = "SELECT user_id, COUNT(*) AS value FROM orders WHERE status <> 'refunded' GROUP BY user_id"
HIGHEST = "SELECT user_id, MAX(amount) AS value FROM orders GROUP BY user_id"
NEWEST = (
    "SELECT user_id, event_type AS value FROM LAST(events, INTERVAL '1' HOUR, INTERVAL '20' MINUTE) "
    "QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY occurred_at DESC, event_id) = 1"
)


def tag(name: str, value_type: str, sql: str):
    return compile_tag(TagDefinition(name, "", "", value_type, "basic", "tests", sql))


def history() -> History:
    found = History(NOW - 60, NOW)
    gone_at = NOW * MINUTE_MS - 60 * MINUTE_MS
    found.event("before", "one_ms_before_the_pane", "a", gone_at - 1)
    found.event("on", "on_the_pane", "a", gone_at)
    found.event("after", "one_ms_after_the_pane", "a", gone_at + 1)
    found.event("expired", "expired_with_no_new_event", "a", gone_at - 20 * MINUTE_MS)
    found.event("late", "late_but_in_time", "a", gone_at + 1, logged_at=NOW * MINUTE_MS)
    found.event("left", "left_when_logged", "a", gone_at - 200 * MINUTE_MS, logged_at=NOW * MINUTE_MS)
    found.event("twice", "copied", "first", gone_at + 1)
    found.event("twice", "copied", "second", gone_at + 2)
    found.event("b", "same_time", "b", gone_at + 5)
    found.event("a", "same_time", "a", gone_at + 5)
    for order, amount in (("x", "10.00"), ("y", "30.00"), ("z", "20.00")):
        found.change("orders", "c", {"order_id": order, "user_id": "buyer", "amount": amount, "status": "paid"})
    found.change("orders", "d", {"order_id": "y", "user_id": "buyer", "amount": "30.00", "status": "paid"})
    found.change("orders", "u", {"order_id": "z", "user_id": "buyer", "amount": "5.00", "status": "refunded"})
    return found


@pytest.fixture(scope="module", params=list(Mode))
def values(request):
    tags = (
        tag("held", "integer", COUNT),
        tag("kept_orders", "integer", LAST_STATUS),
        tag("highest", "decimal", HIGHEST),
        tag("newest", "string", NEWEST),
    )
    return LocalFlink(request.param).run(tags, history().log())


def test_rows_leave_as_their_pane_does_to_the_millisecond(values):
    assert "one_ms_before_the_pane" not in values["held"]
    assert values["held"]["on_the_pane"] == values["held"]["one_ms_after_the_pane"] == 1


def test_a_row_leaves_with_the_tick_alone_and_no_new_event(values):
    assert "expired_with_no_new_event" not in values["held"]


def test_a_late_row_counts_and_one_that_had_left_when_logged_does_not(values):
    assert values["held"]["late_but_in_time"] == 1
    assert "left_when_logged" not in values["held"]


def test_of_two_copies_of_an_event_the_lowest_offset_counts(values):
    assert values["held"]["copied"] == 1 and values["newest"]["copied"] == "first"


def test_equal_times_are_ordered_by_the_next_column(values):
    assert values["held"]["same_time"] == 2 and values["newest"]["same_time"] == "a"


def test_an_update_and_a_delete_change_the_count_and_the_highest(values):
    assert values["kept_orders"] == {"buyer": 1} and str(values["highest"]["buyer"]) == "10.0000"
