"""Whom lookalikes are learned from, on a real engine, against plain sets of users."""

from __future__ import annotations

from hypothesis import given

from stores.lookalikes import LookalikePeople
from tagging.bound_rules import bind
from tests.integration.test_crowds_on_clickhouse import (  # noqa: F401
    FEW,
    RULES,
    USERS,
    VALUES,
    VERSIONS,
    oracle,
    world,
)


def read(store, rule, tags, most):
    return LookalikePeople(store.client).read(bind(rule, VERSIONS), tags, most)


@FEW
@given(rule=RULES)
def test_everyone_is_there_once_on_the_side_of_the_crowd_with_the_tags_as_they_are(world, clickhouse_process, rule):  # noqa: F811
    found = read(clickhouse_process, rule, {"tier": 2, "spend": 1}, 1_000)
    inside = oracle(rule)
    assert (found.seeds, found.others) == (len(inside), len(USERS) - len(inside))
    assert [each.user_id for each in found.sampled] == [f"u{number}" for number in USERS]
    for number, person in zip(USERS, found.sampled, strict=True):
        assert person.is_seed == (number in inside)
        held = {tag: VALUES[tag][number] for tag in ("tier", "spend") if number in VALUES[tag]}
        assert person.features == held


@FEW
@given(rule=RULES)
def test_a_sample_holds_a_part_of_each_side_and_the_same_ones_every_time(world, clickhouse_process, rule):  # noqa: F811
    whole = {each.user_id: each for each in read(clickhouse_process, rule, {"tier": 2}, 1_000).sampled}
    part = read(clickhouse_process, rule, {"tier": 2}, 5)
    assert part == read(clickhouse_process, rule, {"tier": 2}, 5)
    assert all(whole[each.user_id] == each for each in part.sampled)
    wider = {each.user_id for each in read(clickhouse_process, rule, {"tier": 2}, 9).sampled}
    assert {each.user_id for each in part.sampled} <= wider
    inside = oracle(rule)
    assert (part.seeds, part.others) == (len(inside), len(USERS) - len(inside))
