"""Deltas of watched crowds: none lost and none told twice under another name, however the process ends."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.crowd_deltas import AGAIN_MS
from stores.bitmaps import Generation
from tagging.bound_rules import bind
from tagging.crowd_parsing import CrowdProblem, CrowdProblems
from tagging.crowd_watches import Policy, Watch
from tagging.crowds import HasTag
from tests.delta_lives import GOLD, NOW_MS, SECOND, Life, Mortal, Told, kept_to
from tests.fakes.memory_deltas import MemoryLedger, MemoryWatches

MEMBERS = st.sets(st.integers(1, 5))
KILLS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)), max_size=4)
POLICIES = st.builds(
    Policy,
    never_again=st.booleans(),
    rest_seconds=st.sampled_from([0, 0, 2]),
    most_enters=st.sampled_from([None, 1, 2]),
    within_hours=st.just(1),
)


class World:
    """Generations of members, and what was told of them."""

    def __init__(self):
        self.worlds: dict[int, frozenset[int]] = {0: frozenset()}
        self.ledger = MemoryLedger(lambda bound, generation: self.worlds[generation])
        self.told = Told(MemoryWatches(), lambda life: Mortal(self.ledger, life, "plan", "take_present", "agree"))

    def become(self, members):
        """The next generation: a second later."""
        number = max(self.worlds) + 1
        self.worlds[number] = frozenset(members)
        self.ledger.generation = Generation(number, NOW_MS)
        self.told.now_ms += SECOND

    def ids(self, members):
        return {f"u{number}" for number in members}


@pytest.fixture
def world():
    return World()


@settings(max_examples=120, deadline=None)
@given(steps=st.lists(MEMBERS, min_size=1, max_size=5), kills=KILLS, most=st.sampled_from([1, 2, 1_000]))
def test_killed_anywhere_none_is_lost_and_repeats_have_their_id(steps, kills, most):
    world = World()
    world.told.most = most
    world.told.watch()
    for members in steps:
        world.become(members)
        world.told.settle(kills)
    assert world.told.inside() == world.ids(steps[-1])


@pytest.mark.parametrize("dies_in", range(3))
def test_every_single_point_of_death_is_survived(dies_in):
    points = 0
    for left in itertools.count():
        world, died = World(), 0
        world.told.watch()
        for number, members in enumerate([{1, 2, 3}, {3, 4}, {1}]):
            world.become(members)
            died += world.told.settle([(left, left % 4)] if number == dies_in else [])
        assert world.told.inside() == {"u1"}
        if not died:
            break
        points += died
    assert points >= 14


@settings(max_examples=80, deadline=None)
@given(steps=st.lists(MEMBERS, min_size=2, max_size=6), kills=KILLS, policy=POLICIES)
def test_a_policy_holds_back_who_would_enter_and_nobody_who_leaves(steps, kills, policy):
    world = World()
    world.told.watch(policy)
    for members in steps:
        world.become(members)
        world.told.settle(kills)
        assert world.told.inside() <= world.ids(members)
    kept_to(policy, world.told.once())


def test_who_is_held_back_enters_when_its_rest_is_over_with_nothing_new(world):
    world.told.watch(Policy(rest_seconds=120))
    for members in ({1}, set(), {1}):
        world.become(members)
        world.told.settle([])
    assert world.told.inside() == set()
    publisher = world.told.publisher(Life(None))
    publisher.round()
    world.told.now_ms += AGAIN_MS
    assert publisher.round() == 0
    world.told.now_ms += AGAIN_MS
    assert publisher.round() == 1
    assert world.told.inside() == {"u1"}


def test_a_crowd_that_has_not_changed_is_not_compared_again(world):
    world.told.watch()
    world.become({1})
    publisher = world.told.publisher(Life(None))
    while publisher.round():
        pass
    planned = len(world.ledger.attempts["w1"])
    assert publisher.round() == 0
    assert len(world.ledger.attempts["w1"]) == planned


def test_a_watch_that_begins_quietly_tells_only_what_changes_then(world):
    world.told.watch(tells_present=False)
    world.become({1, 2})
    world.told.settle([])
    assert world.told.topic.messages == []
    world.become({2, 3})
    world.told.settle([(5, 0)])
    assert [(delta["user_id"], delta["change"]) for delta in world.told.once(inside={"u1", "u2"})] == [
        ("u1", "leave"),
        ("u3", "enter"),
    ]


def test_a_dry_run_counts_and_sends_nothing(world):
    world.told.watch(dry_run=True)
    world.become({1, 2})
    world.told.settle([])
    world.become({2})
    world.told.settle([])
    [watch] = world.told.watches.all()
    assert (watch.planned.enters_total, watch.planned.leaves_total, watch.planned.published) == (2, 1, True)
    assert world.told.topic.messages == []
    assert len(world.ledger.page("w1", 0, 10)) == 3


def test_the_version_of_the_rule_counts_its_changes(world):
    world.told.watch()
    world.become({1})
    world.told.settle([])
    world.become({1, 2})
    world.told.settle([], bind(HasTag("tier"), {"tier": 2}))
    assert [delta["rule_version"] for delta in world.told.once()] == [1, 2]


def test_a_rule_that_changed_is_compared_at_once_though_no_tag_did(world):
    other = bind(HasTag("tier"), {"tier": 2})
    world.ledger.members = lambda bound, generation: frozenset({1} if bound == GOLD else {2})
    world.told.watch()
    world.become(set())
    world.told.settle([])
    world.told.settle([], other)
    assert world.told.inside() == {"u2"}


def test_a_crowd_that_cannot_be_evaluated_says_why_and_keeps_no_other_from_it(world):
    world.told.watch()
    world.told.watches.put(Watch("w0", "broken", "ann", NOW_MS))
    world.become({1})
    publisher = world.told.publisher(Life(None))
    bound = publisher.rule_of

    def rule_of(crowd):
        if crowd == "broken":
            raise CrowdProblems([CrowdProblem("rule.tag", "there is no such tag", "gone")])
        return bound(crowd)

    publisher.rule_of = rule_of
    assert publisher.round() == 1
    assert world.told.inside() == {"u1"}
    assert world.told.watches.of("broken").problem == "rule.tag: there is no such tag"
    publisher.rule_of = bound
    publisher.round()
    assert world.told.watches.of("broken").problem == ""


def test_who_does_not_lead_does_nothing(world):
    world.told.watch()
    world.become({1})
    assert world.told.publisher(Life(None), leads=lambda: False).round() == 0
    assert (world.ledger.attempts, world.told.topic.messages) == ({}, [])


def test_who_was_overtaken_publishes_nothing_of_its_own(world):
    """Two believe that they lead: what the second plans on the same state is not agreed on."""
    world.told.watch()
    world.become({1, 2})
    first = world.told.publisher(Life(None))
    plan = world.ledger.plan

    def overtaken(*given):
        found = plan(*given)
        world.ledger.plan = plan
        world.become({2, 3})
        world.told.settle([])
        return found

    world.ledger.plan = overtaken
    assert first.round() == 0
    assert world.told.inside() == {"u2", "u3"}


def test_a_watch_that_was_removed_leaves_nothing(world):
    world.told.watch()
    world.become({1})
    world.told.settle([])
    world.told.watches.remove("vip")
    world.told.publisher(Life(None)).forget()
    assert (world.ledger.attempts, world.ledger.agreed) == ({}, {})
