"""The benchmark checks before it times, and its log is what it says."""

import pytest

from deploy.bench import load
from deploy.bench.added_tags import NAMES, NUMBERS, Cost, added
from deploy.bench.throughput import TAGS, WrongResult, check, versioned
from jobs.builtin import builtin_tags
from tagging.events import read_events

NEWEST = 29_000_000


def test_the_log_of_the_benchmark_is_the_same_for_the_same_seed_and_has_the_number_asked_for():
    first, again = (list(load.events(2_000, NEWEST, seed=3)) for _ in range(2))
    assert first == again and len(first) == 2_000
    assert list(load.events(2_000, NEWEST, seed=4)) != first


def test_every_event_of_the_benchmark_is_valid_and_some_come_twice():
    now_ms = NEWEST * load.MINUTE_MS
    found = [read_events(value, now_ms) for _, value in load.events(2_000, NEWEST, seed=3)]
    assert all(len(events) == 1 and not refused for events, refused in found)
    ids = [events[0].event_id for events, _ in found]
    assert 10 < len(ids) - len(set(ids)) < 100


def test_the_tags_that_are_measured_are_built_in_and_as_many_as_it_says():
    assert [len(names) for names in TAGS] == [1, 5, 16]
    assert all(len(builtin_tags(*names)) == len(names) for names in TAGS)
    assert {tag.definition.version for tag in versioned(TAGS[0], 7)} == {7}


def test_equal_results_pass():
    check({"a": {"u1": 1}, "b": {}}, {"a": {"u1": 1}})


@pytest.mark.parametrize(
    ("stream", "batch"),
    [
        ({"a": {"u1": 1}}, {"a": {"u1": 2}}),
        ({"a": {}}, {"a": {"u1": 2}}),
        ({"a": {"u1": 2, "u2": 3}}, {"a": {"u1": 2}}),
        ({}, {}),
    ],
)
def test_a_result_that_differs_or_is_empty_is_not_timed(stream, batch):
    with pytest.raises(WrongResult):
        check(stream, batch)


def test_the_tags_that_are_added_one_by_one_read_the_same_source_and_no_other():
    assert len(NAMES) == max(NUMBERS)
    assert {frozenset(tag.sources) for tag in builtin_tags(*NAMES)} == {frozenset({"events"})}


def test_what_one_more_tag_costs_is_the_rise_between_the_fewest_and_the_most():
    costs = [Cost(1, 10, 10, 5), Cost(2, 30, 21, 5), Cost(5, 18, 50, 5)]
    assert (added(costs, "shared_seconds"), added(costs, "own_seconds")) == (2, 10)
