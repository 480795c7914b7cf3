"""The statistics of portraits against other ways to the same numbers."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.statistics import Counts, benjamini_hochberg, compare, least_expected, two_proportions, wilson

SOME = settings(max_examples=60)
SIZES = st.integers(1, 10**6)


def counts(crowd, crowd_total, rest, rest_total):
    return Counts(crowd, crowd_total, crowd + rest, crowd_total + rest_total, rest, rest_total)


TABLES = st.tuples(SIZES, SIZES, st.floats(0, 1), st.floats(0, 1)).map(
    lambda drawn: counts(round(drawn[0] * drawn[2]), drawn[0], round(drawn[1] * drawn[3]), drawn[1])
)


def cells(table):
    """(observed, expected) of the 2x2 table, the textbook's way."""
    columns = table.crowd_users + table.rest_users, table.crowd_total + table.rest_total
    having, total = columns
    for users, size in ((table.crowd_users, table.crowd_total), (table.rest_users, table.rest_total)):
        yield users, size * having / total
        yield size - users, size * (total - having) / total


@SOME
@given(table=TABLES)
def test_the_test_of_two_proportions_is_pearsons_chi_square_of_the_table(table):
    p = two_proportions(table)
    if any(expected == 0 for _, expected in cells(table)):
        assert p is None
    else:
        chi_square = sum((observed - expected) ** 2 / expected for observed, expected in cells(table))
        assert p == pytest.approx(math.erfc(math.sqrt(chi_square / 2)), rel=1e-6, abs=1e-12)


@SOME
@given(table=TABLES)
def test_the_least_expected_count_is_that_of_the_tables_smallest_cell(table):
    assert least_expected(table) == pytest.approx(min(expected for _, expected in cells(table)))


@SOME
@given(trials=SIZES, part=st.floats(0, 1))
def test_at_the_ends_of_the_interval_the_observed_share_lies_as_far_off_as_the_confidence_says(trials, part):
    successes = round(trials * part)
    observed = successes / trials
    low, high = wilson(successes, trials)
    assert 0 <= low <= observed <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(observed - end) / math.sqrt(end * (1 - end) / trials) == pytest.approx(1.959964, rel=1e-4)


def test_a_published_interval_is_found_again():
    # Newcombe 1998, Statistics in Medicine 17, table I: 15 of 148, and 0 of 20, by the score method.
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


@SOME
@given(p_values=st.lists(st.floats(0, 1), max_size=12), level=st.sampled_from([0.01, 0.05, 0.2]))
def test_adjusted_values_below_a_level_are_those_that_the_step_up_procedure_rejects_at_it(p_values, level):
    ordered = sorted(p_values)
    passing = [p for place, p in enumerate(ordered, 1) if p * len(p_values) / place <= level]
    rejected = {index for index, p in enumerate(p_values) if passing and p <= max(passing)}
    assert {index for index, q in enumerate(benjamini_hochberg(p_values)) if q <= level} == rejected


def test_the_adjusted_values_of_the_procedures_own_example_are_rejected_up_to_the_fourth():
    # Benjamini and Hochberg 1995, section 3.2: of 15 p-values four are rejected at 0.05.
    published = "0.0001 0.0004 0.0019 0.0095 0.0201 0.0278 0.0298 0.0344 0.0459 0.3240 0.4262 0.5719 0.6528 0.7590 1"
    adjusted = benjamini_hochberg([float(p) for p in published.split()])
    assert sum(q <= 0.05 for q in adjusted) == 4


def test_a_crowd_with_twice_the_bases_share_has_an_index_of_200():
    found = compare([counts(400, 1000, 1600, 9000), counts(2, 1000, 1, 9000)])
    assert found[0].tgi == pytest.approx(200)
    assert found[0].low < 200 < found[0].high
    assert found[0].p < 1e-9 and found[0].adjusted == found[0].p and not found[0].small
    assert found[1].small and found[1].p is None and found[1].adjusted is None


def test_of_a_crowd_that_is_its_own_base_nothing_can_be_said():
    (found,) = compare([counts(10, 100, 0, 0)])
    assert found.tgi == 100
    assert found.p is None and found.small


def test_an_empty_crowd_has_no_index():
    (found,) = compare([counts(0, 0, 10, 100)])
    assert (found.tgi, found.low, found.high, found.p) == (None, None, None, None)
