"""Rules that stand by themselves: kept as text and read back the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tagging import bound_rules
from tagging.behaviour import Period, Selector, TrendPoint, TrendsQuery
from tagging.crowds import All, Behaved, HasTag, InCrowd, Not
from tests.crowd_rules import RULES, VERSIONS


@settings(max_examples=60, deadline=None)
@given(rule=RULES)
def test_a_rule_is_read_back_as_it_was_with_the_versions_that_it_asks_for(rule):
    bound = bound_rules.bind(rule, {**VERSIONS, "other": 9})
    again = bound_rules.read(bound.text())
    assert again == bound and again.text() == bound.text()
    assert "other" not in again.versions


def test_a_condition_on_behaviour_is_read_back_and_told_of():
    point = TrendPoint(
        chart="trends", query=TrendsQuery(period=Period(last_days=7), event=Selector(event="pay")), at_least=3
    )
    bound = bound_rules.bind(All((HasTag("tier"), Not(Behaved(point)))), VERSIONS)
    assert bound_rules.read(bound.text()) == bound
    assert bound.behaves and not bound_rules.bind(HasTag("tier"), VERSIONS).behaves


def test_an_expanded_rule_may_be_deeper_than_one_that_is_written():
    rule = HasTag("tier")
    for _ in range(100):
        rule = Not(rule)
    assert bound_rules.read(bound_rules.bind(rule, VERSIONS).text()).rule == rule


def test_a_rule_that_names_a_crowd_does_not_stand_by_itself():
    with pytest.raises(ValueError, match="crowd"):
        bound_rules.read(bound_rules.bind(InCrowd("vip"), VERSIONS).text())
