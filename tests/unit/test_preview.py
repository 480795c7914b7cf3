"""What a preview says of two sets of values, and whom it samples."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.preview import BINS, EXAMPLES, TOP_VALUES, compared
from tagging.sampling import MOST_USERS, Sample, sample_of

USERS = st.sampled_from([f"u{number}" for number in range(8)])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(USERS, st.integers(-3, 3)), st.dictionaries(USERS, st.integers(-3, 3)))
def test_every_user_is_counted_where_they_belong(draft, live):
    found = compared(draft, live, "integer")
    everyone = draft.keys() | live.keys()
    kept = sum(draft.get(user) == live.get(user) for user in everyone)
    assert found["gained"] + found["lost"] + found["changed"] + kept == len(everyone)
    assert found["gained"] == sum(user not in live for user in draft)
    assert found["lost"] == sum(user not in draft for user in live)
    assert Counter({row["value"]: row["users"] for row in found["values"]}) == Counter(draft.values())
    assert Counter({row["value"]: row["live_users"] for row in found["values"]}) == Counter(live.values())
    for place, row in enumerate(found["bins"]):
        last = place == len(found["bins"]) - 1
        inside = [v for v in draft.values() if row["low"] <= v < row["high"] or (last and v == row["high"])]
        assert row["users"] == pytest.approx(len(inside), abs=1)
    assert sum(row["users"] for row in found["bins"]) == len(draft)
    assert sum(row["live_users"] for row in found["bins"]) == len(live)


def test_texts_have_no_bins_and_many_values_are_cut():
    draft = {f"u{number}": f"v{number}" for number in range(TOP_VALUES + 7)}
    found = compared(draft, {}, "string")
    assert (found["bins"], len(found["values"]), found["values_left_out"]) == (None, TOP_VALUES, 7)
    assert len(found["gained_examples"]) == EXAMPLES


def test_equal_numbers_are_one_bin_and_no_numbers_none():
    assert compared({"a": 2.5}, {"b": 2.5}, "decimal")["bins"] == [
        {"low": 2.5, "high": 2.5, "users": 1, "live_users": 1}
    ]
    assert compared({}, {}, "decimal")["bins"] == []
    assert len(compared({"a": 0, "b": 9}, {}, "integer")["bins"]) == BINS


def test_few_users_are_all_sampled_and_of_many_about_as_many_as_may_be():
    assert sample_of(MOST_USERS).is_everyone
    assert sample_of(0).is_everyone
    for users in (2 * MOST_USERS, 30 * MOST_USERS):
        sample = sample_of(users)
        held = sum(sample.holds(f"user-{number}") for number in range(users // 10))
        assert held == pytest.approx(MOST_USERS / 10, rel=0.15)


def test_the_smallest_sample_still_holds_somebody():
    assert sample_of(10**9).hashes == 1
    assert Sample(1).share == 1 / 65_536


def test_a_larger_sample_holds_those_of_a_smaller_one():
    users = [f"用户{number}" for number in range(500)]
    small, large = Sample(6_000), Sample(20_000)
    assert {user for user in users if small.holds(user)} < {user for user in users if large.holds(user)}
