"""The look at what must be true of crowds: silent over stores that agree, and loud over one that doesn't."""

from __future__ import annotations

import pytest

from jobs import crowd_invariants
from jobs.crowd_invariants import BROKEN, Invariants
from tagging.bound_rules import bind
from tagging.crowds import EVERYONE, All, Any_, HasValue, InRange, Not
from tests.fakes.api_stores import seeded

VERSIONS = {"tier": 1, "spend": 1}
GOLD, RICH = bind(HasValue("tier", ("gold",)), VERSIONS), bind(InRange("spend", at_least=20), VERSIONS)
CROWDS = {"gold": GOLD, "rich": RICH, "all": bind(EVERYONE, VERSIONS)}


class Lying:
    """Users of which one answer is another."""

    def __init__(self, users, count=None, members=None):
        self._users, self._count, self._members = users, count, members

    def __getattr__(self, name):
        return getattr(self._users, name)

    def count(self, rule, versions, generation):
        found = self._users.count(rule, versions, generation)
        return self._count(rule, found) if self._count else found

    def members(self, *given):
        found = self._users.members(*given)
        return self._members(found) if self._members else found


@pytest.fixture
def users():
    return seeded(40).crowd_users


def test_of_stores_that_agree_nothing_is_said(users):
    assert Invariants(users).look(CROWDS) == []
    assert BROKEN._value.get() == 0


def test_without_crowds_there_is_nothing_to_look_at(users):
    assert Invariants(users).look({}) == []


def test_one_crowd_alone_is_looked_at_too(users):
    lying = Lying(users, count=lambda rule, found: found + isinstance(rule, Not))
    assert any("gold" in said for said in Invariants(lying).look({"gold": GOLD}))


@pytest.mark.parametrize(
    ("kind", "said"), [(Any_, "overlap and their union"), (Not, "are not, of"), (All, "overlap and their union")]
)
def test_a_count_that_is_one_too_many_is_told(users, kind, said):
    lying = Lying(users, count=lambda rule, found: found + isinstance(rule, kind))
    broken = Invariants(lying).look(CROWDS)
    assert any(said in each for each in broken)
    assert BROKEN._value.get() == len(broken) > 0


def test_a_user_in_a_crowd_and_out_of_it_is_told(users):
    lying = Lying(users, count=lambda rule, found: 3 if rule == All((GOLD.rule, Not(GOLD.rule))) else found)
    assert "3 users are in gold and not in gold" in Invariants(lying).look(CROWDS)


@pytest.mark.parametrize("wrong", [lambda page: page[1:], lambda page: [*page, *page[:1]], lambda page: page[::-1]])
def test_a_list_that_lacks_repeats_or_mixes_up_users_is_told(users, wrong):
    assert any("lists" in said for said in Invariants(Lying(users, members=wrong)).look(CROWDS))


def test_a_crowd_is_listed_over_several_pages(users, monkeypatch):
    monkeypatch.setattr(crowd_invariants, "PAGE", 3)
    assert Invariants(users).look(CROWDS) == []


def test_a_large_crowd_is_not_listed(users, monkeypatch):
    monkeypatch.setattr(crowd_invariants, "MOST_LISTED", 10)
    lying = Lying(users, members=lambda page: [])
    assert all("all" not in said for said in Invariants(lying).look(CROWDS))
