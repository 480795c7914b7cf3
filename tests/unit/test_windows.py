"""Sliding windows: the arithmetic, and the view that carries it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tagging.sources import CATALOG, Source
from tagging.windows import (
    DAY,
    HOUR,
    LONGEST_MINUTES,
    MINUTE_MS,
    Window,
    default_pane_minutes,
    view_select,
    window_problems,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

windows = st.tuples(st.integers(1, 2 * DAY), st.integers(1, 200)).map(
    lambda found: Window("events", min(found[0] * found[1], LONGEST_MINUTES // found[0] * found[0]), found[0])
)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def minute(text: str) -> int:
    return ms(text) // MINUTE_MS


def test_a_row_leaves_with_the_tick_at_the_end_of_its_pane_plus_the_window():
    week = Window("events", 7 * DAY, HOUR)
    assert week.leaves_at_minute(ms("2026-03-01T12:34:56")) == minute("2026-03-08T13:00:00")


@pytest.mark.parametrize(
    ("time", "leaves_at"),
    [
        ("2026-03-01T12:59:59.999", "2026-03-08T13:00:00"),
        ("2026-03-01T13:00:00.000", "2026-03-08T14:00:00"),
        ("2026-03-01T13:00:00.001", "2026-03-08T14:00:00"),
    ],
)
def test_a_millisecond_around_the_edge_of_a_pane_decides(time, leaves_at):
    assert Window("events", 7 * DAY, HOUR).leaves_at_minute(ms(time)) == minute(leaves_at)


def test_a_row_on_the_window_edge_leaves_with_the_tick():
    hour = Window("events", 60, 1)
    assert hour.holds(ms("2026-03-01T12:00:30"), minute("2026-03-01T13:00:00"))
    assert not hour.holds(ms("2026-03-01T12:00:30"), minute("2026-03-01T13:01:00"))


@settings(max_examples=150, deadline=None)
@given(windows, st.integers(0, 10**9), st.sampled_from([-1, 0, 1]))
def test_leaving_agrees_with_dates_at_every_edge_of_a_pane(window, pane_number, offset_ms):
    time_ms = max(0, pane_number % 10**6 * window.pane_minutes * MINUTE_MS + offset_ms)
    pane = timedelta(minutes=window.pane_minutes)
    time = EPOCH + timedelta(milliseconds=time_ms)
    end_of_pane = EPOCH + pane * ((time - EPOCH) // pane) + pane
    leaves_at = end_of_pane + timedelta(minutes=window.length_minutes)
    assert EPOCH + timedelta(minutes=window.leaves_at_minute(time_ms)) == leaves_at
    assert leaves_at - pane <= time + timedelta(minutes=window.length_minutes) < leaves_at


@settings(max_examples=100, deadline=None)
@given(windows, st.integers(0, 10**13), st.integers(0, 10**5))
def test_a_row_is_held_for_the_window_and_at_most_a_pane_longer(window, time_ms, minutes_later):
    age_ms = minutes_later * MINUTE_MS + (-time_ms) % MINUTE_MS
    tick = (time_ms + age_ms) // MINUTE_MS
    held = window.holds(time_ms, tick)
    if age_ms <= window.length_minutes * MINUTE_MS:
        assert held
    if age_ms >= (window.length_minutes + window.pane_minutes) * MINUTE_MS:
        assert not held


def sql_leaves_at(window: Window, time_ms: int) -> int:
    """The formula of the view's own text, with the engine's integer division, which cuts towards zero."""
    formula = re.search(r"COALESCE\(\s*(.*?),\s*CAST\(0", view_select(window, ["user_id"]), re.DOTALL)[1]
    difference, pane, again, length = re.fullmatch(
        r"\(TIMESTAMPDIFF\(MINUTE, (TO_TIMESTAMP_LTZ\(0, 3\), `occurred_at`)\) / (\d+) \+ 1\) \* (\d+) \+ (\d+)",
        formula,
    ).groups()
    assert difference == "TO_TIMESTAMP_LTZ(0, 3), `occurred_at`"
    minutes = int(Fraction(time_ms, MINUTE_MS))
    return (int(Fraction(minutes, int(pane))) + 1) * int(again) + int(length)


@settings(max_examples=100, deadline=None)
@given(windows, st.integers(-(10**12), 10**13))
@example(Window("events", 60, 60), -1)
@example(Window("events", 60, 60), -3_600_000)
def test_the_view_and_the_arithmetic_are_the_same(window, time_ms):
    assert sql_leaves_at(window, time_ms) == window.leaves_at_minute(time_ms)


def test_only_ticks_at_the_ends_of_panes_are_kept():
    assert "MOD(`minute`, 15) = 0" in view_select(Window("events", 60, 15), [])


@settings(max_examples=100, deadline=None)
@given(windows, st.integers(0, 10**13))
def test_rows_leave_with_ticks_that_the_view_looks_at(window, time_ms):
    assert window.leaves_at_minute(time_ms) % window.pane_minutes == 0


@pytest.mark.parametrize(
    ("length", "pane"),
    [(1, 1), (HOUR, 1), (6 * HOUR, 1), (6 * HOUR + 15, 15), (2 * DAY, 15), (2 * DAY + HOUR, HOUR), (400 * DAY, HOUR)],
)
def test_the_pane_follows_from_the_length(length, pane):
    assert default_pane_minutes(length) == pane


@given(st.integers(1, LONGEST_MINUTES))
def test_a_pane_that_follows_from_the_length_divides_it(length):
    assert window_problems(length, default_pane_minutes(length)) == []


@pytest.mark.parametrize(("length", "pane"), [(0, 1), (400 * DAY + 1, 1), (60, 7), (60, 0), (60, -1), (60, 120)])
def test_a_window_that_cannot_be_is_refused(length, pane):
    assert window_problems(length, pane)
    with pytest.raises(ValueError, match="window of events"):
        Window("events", length, pane)


def test_a_view_has_the_key_of_its_source_and_the_wanted_columns_in_the_catalogues_order():
    select = view_select(Window("orders", DAY, 15), ["user_id", "amount"])
    assert "`order_id`, `user_id`, `amount`\n" in select
    assert "`discount`" not in select


def test_a_row_of_a_table_may_be_a_day_ahead_of_its_log_and_an_event_is_judged_before_any_window():
    assert "AND `ordered_at` <= `__logged_at` + INTERVAL '24' HOUR" in view_select(Window("orders", DAY, 15), [])
    assert "HOUR" not in view_select(Window("events", DAY, 15), [])


def test_a_view_of_unknown_columns_or_without_a_time_is_refused():
    with pytest.raises(ValueError, match="nope"):
        view_select(Window("orders", DAY, 15), ["nope"])
    timeless = Source("codes", {"code": "STRING"}, "code", None)
    with pytest.raises(ValueError, match="time column None"):
        view_select(Window("codes", DAY, 15), [], {"codes": timeless})


def test_a_view_is_named_by_source_length_and_pane():
    assert Window("events", 10_080, 60).view == "events__last_10080m_60m"


@pytest.mark.parametrize("name", ["Events", "ev`ents", "a__b", "", "1a"])
def test_a_source_with_a_name_that_could_be_misread_cannot_be_made(name):
    with pytest.raises(ValueError, match="is not a name"):
        Source(name, {"a": "STRING"}, "a", None)


def test_every_source_has_a_key_and_a_time():
    for source in CATALOG.values():
        assert source.key in source.columns
        assert source.columns[source.time_column] == "TIMESTAMP_LTZ(3)"
