"""Crowds over each other on a real engine: random rules against sets of users, in four buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.live.crowds import ClickHouseCrowds
from stores.bitmaps import CrowdBitmaps
from tagging.crowd_overlap import MOST_CROWDS, overlaps
from tagging.crowds import EVERYONE, All, Any_, HasTag
from tests.integration.test_crowds_on_clickhouse import FEW, RULES, VERSIONS, oracle, world  # noqa: F401


@FEW
@given(rules=st.lists(RULES, min_size=2, max_size=6), base=RULES)
def test_each_two_crowds_share_the_users_that_their_sets_share(world, rules, base):  # noqa: F811
    crowds, generation = world
    within = oracle(base)
    sets = [oracle(rule) & within for rule in rules]
    together, base_users = crowds.overlap(rules, base, VERSIONS, generation)
    assert base_users == len(within)
    assert together == [[len(one & other) for other in sets] for one in sets]


@FEW
@given(one=RULES, other=RULES)
def test_two_crowds_are_as_many_as_those_in_both_and_those_in_either(world, one, other):  # noqa: F811
    crowds, generation = world
    together, base_users = crowds.overlap([one, other], EVERYONE, VERSIONS, generation)
    cell = overlaps(together, base_users)[1]
    assert cell.users == crowds.count(All((one, other)), VERSIONS, generation)
    assert cell.union == crowds.count(Any_((one, other)), VERSIONS, generation)


def test_as_many_crowds_as_may_be_are_one_query(world):  # noqa: F811
    crowds, generation = world
    rules = [HasTag("tier"), All((HasTag("tier"), HasTag("spend")))] * (MOST_CROWDS // 2)
    together, _ = crowds.overlap(rules, EVERYONE, VERSIONS, generation)
    assert together == [[len(oracle(one) & oracle(other)) for other in rules] for one in rules]


def test_before_the_first_generation_nobody_is_in_any(clickhouse):
    assert CrowdBitmaps(clickhouse.client).overlap([HasTag("tier"), EVERYONE], EVERYONE, VERSIONS, 0) == (
        [[0, 0], [0, 0]],
        0,
    )
    live = ClickHouseCrowds(clickhouse.settings)
    assert live.overlap([HasTag("tier"), EVERYONE], EVERYONE, VERSIONS, 0) == ([[0, 0], [0, 0]], 0)
