"""The clock's arithmetic: every minute once begun, none early, none missing after any end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.clock import last_complete, minutes_due
from tagging.names import CLOCK_SHARDS

NOW_MINUTE = 29_400_000
NOW = NOW_MINUTE * 60.0


def test_a_minute_is_due_from_its_first_instant():
    assert list(minutes_due(NOW_MINUTE - 1, NOW)) == [NOW_MINUTE]


def test_a_minute_is_not_due_a_moment_before_it_begins():
    assert list(minutes_due(NOW_MINUTE - 1, NOW - 0.001)) == []


def test_a_minute_is_due_once():
    assert list(minutes_due(NOW_MINUTE, NOW + 59.9)) == []


def test_every_minute_of_an_outage_is_due_oldest_first():
    assert list(minutes_due(NOW_MINUTE - 4, NOW)) == [NOW_MINUTE - 3, NOW_MINUTE - 2, NOW_MINUTE - 1, NOW_MINUTE]


def test_the_first_clock_begins_with_the_present_minute():
    assert list(minutes_due(None, NOW + 30)) == [NOW_MINUTE]


def test_the_first_clock_can_begin_earlier():
    assert list(minutes_due(None, NOW, first_minutes_ago=2)) == [NOW_MINUTE - 2, NOW_MINUTE - 1, NOW_MINUTE]


def test_where_to_begin_does_not_matter_once_there_are_ticks():
    assert list(minutes_due(NOW_MINUTE, NOW, first_minutes_ago=99)) == []


def test_a_clock_set_back_ticks_nothing():
    assert list(minutes_due(NOW_MINUTE, NOW - 3600)) == []


@given(last=st.integers(0, 100_000_000), seconds_later=st.floats(-10_000, 10_000))
def test_due_minutes_follow_the_last_without_a_gap_and_have_begun(last, seconds_later):
    now = last * 60 + seconds_later
    due = minutes_due(last, now)
    assert list(due) == list(range(last + 1, last + 1 + len(due)))
    assert all(minute * 60 <= now for minute in due)
    next_minute = due[-1] + 1 if due else last + 1
    assert next_minute * 60 > now


def test_a_topic_without_ticks_has_no_complete_minute():
    assert last_complete([]) is None


def test_a_minute_with_all_shards_is_complete():
    assert last_complete([(5, shard) for shard in range(CLOCK_SHARDS)]) == 5


def test_a_minute_with_one_shard_missing_is_not_complete():
    assert last_complete([(5, shard) for shard in range(CLOCK_SHARDS - 1)]) == 4


def test_the_same_shard_twice_does_not_stand_in_for_another():
    assert last_complete([(5, 0)] * CLOCK_SHARDS) == 4


@given(
    lives=st.lists(
        st.tuples(st.integers(0, 6 * CLOCK_SHARDS), st.floats(0, 400), st.randoms(use_true_random=False)), max_size=8
    )
)
def test_no_minute_is_ever_missing_however_clocks_end(lives):
    """Each life ends after some number of sends; of the minute in hand any subset may have reached the log."""
    log: list[tuple[int, int]] = []
    now = NOW
    for sends, pause, chance in lives:
        now += pause
        for minute in minutes_due(last_complete(log), now):
            ticks = [(minute, shard) for shard in range(CLOCK_SHARDS)]
            if sends < CLOCK_SHARDS:
                log += chance.sample(ticks, sends)
                break
            log += ticks
            sends -= CLOCK_SHARDS
    for minute in minutes_due(last_complete(log), now):
        log += [(minute, shard) for shard in range(CLOCK_SHARDS)]
    first = min(minute for minute, _ in log)
    assert set(log) == {(m, shard) for m in range(first, int(now // 60) + 1) for shard in range(CLOCK_SHARDS)}
