"""The edges of funnels, retention and sessions, one by one, on a real engine."""

from __future__ import annotations

from datetime import date

import pytest

from stores.behaviour import BehaviourEvents
from tagging.behaviour import FunnelQuery, PathsQuery, Period, RetentionQuery, Selector, SessionsQuery, TrendsQuery
from tests.behaviour_oracle import Stored
from tests.integration.test_behaviour_on_clickhouse import HOUR, MINUTE, NOON, put

JANUARY = Period(first=date(2026, 1, 1), last=date(2026, 1, 31))
FUNNEL = FunnelQuery(
    period=JANUARY, steps=(Selector(event="view"), Selector(event="cart"), Selector(event="pay")), window_seconds=3600
)


def history(*events):
    """Events of one user: (type, ms after noon), in the order of the log."""
    return [Stored(f"e{n}", "u", kind, NOON + after, 0, n) for n, (kind, after) in enumerate(events)]


def rows(store, query, events):
    put(store, events)
    return BehaviourEvents(store.client).rows(query, NOON)


@pytest.mark.parametrize(
    ("events", "times"),
    [
        ([("view", 0), ("cart", HOUR), ("pay", HOUR + 1)], [0, HOUR]),
        ([("view", 0), ("cart", HOUR + 1)], [0]),
        ([("view", 0), ("cart", 0), ("pay", 0)], [0, 0, 0]),
        ([("cart", 0), ("view", 0), ("pay", 0)], [0]),
        ([("view", 0), ("view", 40 * MINUTE), ("cart", 50 * MINUTE), ("pay", 90 * MINUTE)], [0, 10 * MINUTE, 50 * MINUTE]),
        ([("view", 0), ("cart", MINUTE), ("cart", 2 * MINUTE), ("pay", 3 * MINUTE)], [0, MINUTE, 3 * MINUTE]),
        ([("view", 0), ("pay", MINUTE), ("cart", 2 * MINUTE)], [0, 2 * MINUTE]),
        ([("view", 12 * HOUR - 1), ("cart", 12 * HOUR), ("pay", 12 * HOUR + 1)], [0, 1, 2]),
        ([("view", 12 * HOUR), ("cart", 12 * HOUR + 1)], []),
    ],
    ids=[
        "the window's end belongs to it", "one millisecond beyond", "same time, in order of the log",
        "same time, in another order", "a later attempt comes further", "a step that is repeated", "steps in another order",
        "begun in the period, ended after it", "begun after the period",
    ],
)  # fmt: skip
def test_a_funnel_takes_each_step_after_the_one_before_within_the_window(clickhouse, events, times):
    assert [row["since_first_ms"][0] for row in rows(clickhouse, FUNNEL, history(*events))] == times


def test_of_a_step_that_is_named_twice_an_event_is_one_alone(clickhouse):
    twice = FUNNEL.model_copy(update={"steps": (Selector(event="view"), Selector(event="view"))})
    assert [row["users"] for row in rows(clickhouse, twice, history(("view", 0)))] == [1]
    assert [row["users"] for row in rows(clickhouse, twice, history(("view", 0), ("view", 0)))] == [1, 1]


@pytest.mark.parametrize(("first", "second", "counted"), [(0, 13 * HOUR, 1), (13 * HOUR, 0, 0)])
def test_the_copy_that_counts_wins_though_it_lies_in_another_month(clickhouse, first, second, counted):
    copies = [Stored("e", "u", "view", NOON + after, 0, offset) for offset, after in enumerate((first, second))]
    found = rows(clickhouse, TrendsQuery(period=JANUARY), copies)
    assert sum(row["events"] for row in found if row["unit"] == -1) == counted


def test_days_are_those_of_the_time_zone(clickhouse):
    event = history(("view", 4 * HOUR))
    for zone, day in (("UTC", 0), ("Asia/Shanghai", 1)):
        period = Period(first=date(2026, 1, 31), last=date(2026, 2, 1), zone=zone)
        assert [row["unit"] for row in rows(clickhouse, TrendsQuery(period=period), event)] == [-1, day]


def test_who_does_it_once_has_not_come_back(clickhouse):
    query = RetentionQuery(period=JANUARY)
    assert [row["unit"] for row in rows(clickhouse, query, history(("view", 0)))] == [-1]
    assert [row["unit"] for row in rows(clickhouse, query, history(("view", 0), ("view", 0)))] == [-1, 0]


@pytest.mark.parametrize(("away", "sessions"), [(1_800_000, 1), (1_800_001, 2)])
def test_a_session_ends_after_a_gap_that_is_longer_than_allowed(clickhouse, away, sessions):
    found = rows(clickhouse, SessionsQuery(period=JANUARY), history(("view", 0), ("cart", away)))
    assert found[0]["sessions"] == sessions
    paths = rows(clickhouse, PathsQuery(period=JANUARY, anchor="view"), history(("view", 0), ("cart", away)))
    assert next((row["node"], row["next"], bool(row["ended"])) for row in paths) == (
        ("view", "cart", False) if sessions == 1 else ("view", "", True)
    )


def test_events_of_one_message_keep_one_order_however_they_were_stored(clickhouse):
    together = [
        Stored(f"e{n}", "u", kind, NOON, 0, 7) for n, kind in enumerate(["view", "cart", "pay", "view", "cart"])
    ]
    first = rows(clickhouse, FUNNEL, together)
    assert rows(clickhouse, FUNNEL, together[::-1]) == first
