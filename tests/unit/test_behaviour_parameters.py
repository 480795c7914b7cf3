"""A period's days as times, and the values that a behaviour query is bound to."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tagging.behaviour import FunnelQuery, Period, Selector, TrendsQuery
from tagging.behaviour_parameters import days_of, of_query

HOUR = 3_600_000
ZONES = ["UTC", "Asia/Shanghai", "America/St_Johns", "Europe/Berlin", "America/Havana", "Africa/Cairo", "Pacific/Apia"]
"""Of those some put their clocks forward or back at midnight, and one once left out a day."""


def local(at_ms, zone):
    """The date in a zone, to the millisecond."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone)).date()


@settings(max_examples=60)
@given(first=st.dates(date(2005, 1, 1), date(2035, 1, 1)), more=st.integers(0, 40), zone=st.sampled_from(ZONES))
def test_a_period_begins_with_its_first_day_and_ends_with_its_last(first, more, zone):
    assume((zone, first) != ("Pacific/Apia", date(2011, 12, 30)))
    last = first + timedelta(days=more)
    days = days_of(Period(first=first, last=last, zone=zone), 0)
    assert local(days.from_ms, zone) == first
    assert local(days.from_ms - 1, zone) < first
    assert local(days.until_ms - 1, zone) <= last < local(days.until_ms, zone)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 6, 1), 24)])
def test_a_day_is_as_long_as_the_clocks_make_it(day, hours):
    days = days_of(Period(first=day, last=day, zone="America/New_York"), 0)
    assert days.until_ms - days.from_ms == hours * HOUR


@pytest.mark.parametrize(("zone", "first"), [("UTC", date(2026, 1, 25)), ("Asia/Shanghai", date(2026, 1, 26))])
def test_the_last_days_end_with_today_where_the_reader_is(zone, first):
    now_ms = int(datetime(2026, 1, 31, 20, tzinfo=UTC).timestamp() * 1000)
    days = days_of(Period(last_days=7, zone=zone), now_ms)
    assert (days.first, days.last, days.units("day"), days.units("week")) == (first, first + timedelta(days=6), 7, 1)


def test_a_funnel_reads_on_for_its_window_after_the_period():
    steps = (Selector(event="view"), Selector())
    bound = of_query(FunnelQuery(period=Period(last_days=1), steps=steps, window_seconds=60), 0)
    assert bound["read_until_ms"] - bound["until_ms"] == 60_000
    assert (bound["any_type"], bound["types"]) == (1, [])


@pytest.mark.parametrize(
    ("cut", "counts"),
    [
        (None, {(0, 9), (0, 10), (3, 0)}),
        ({}, set()),
        ({0: 9}, {(0, 9)}),
        ({3: 0}, {(3, 0)}),
        ({0: 10, 3: 5}, {(0, 9), (0, 10), (3, 0)}),
    ],
)
def test_a_cut_takes_events_up_to_its_offset_and_of_no_other_partition(cut, counts):
    bound = of_query(TrendsQuery(period=Period(last_days=1)), 0, cut=cut)
    ends = dict(zip(bound["partitions"], bound["offsets"], strict=True))
    assert len(ends) == len(bound["partitions"])
    places = {(0, 9), (0, 10), (3, 0)}
    assert {(part, offset) for part, offset in places if offset < ends.get(part, bound["elsewhere"])} == counts
