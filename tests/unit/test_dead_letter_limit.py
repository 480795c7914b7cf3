"""A sink stops when it refuses most of what it reads, and not because of a burst of bad messages among many good ones."""

from __future__ import annotations

import pytest

from jobs.dead_letter_limit import DeadLetterLimit, TooManyDeadLetters


def test_a_share_at_the_limit_is_allowed_and_one_more_is_not():
    DeadLetterLimit(window=1_000, share=0.5).add(1_000, 500)
    with pytest.raises(TooManyDeadLetters, match="501 of the last 1000 messages"):
        DeadLetterLimit(window=1_000, share=0.5).add(1_000, 501)


def test_fewer_messages_than_the_window_are_not_judged():
    limit = DeadLetterLimit(window=1_000)
    for _ in range(9):
        limit.add(100, 100)
    with pytest.raises(TooManyDeadLetters):
        limit.add(100, 100)


def test_what_lies_before_the_window_is_forgotten():
    limit = DeadLetterLimit(window=1_000)
    limit.add(100_000, 0)
    limit.add(500, 500)
    with pytest.raises(TooManyDeadLetters):
        limit.add(500, 500)


def test_old_bad_messages_do_not_stop_a_sink_that_is_well_again():
    limit = DeadLetterLimit(window=1_000)
    limit.add(999, 999)
    limit.add(1_000, 0)
    limit.add(1_000, 400)


def test_a_total_can_be_limited_as_well():
    limit = DeadLetterLimit(most=10)
    limit.add(100_000, 10)
    with pytest.raises(TooManyDeadLetters, match="11 messages were refused"):
        limit.add(100_000, 1)
