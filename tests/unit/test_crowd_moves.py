"""One user's way in and out of a crowd, against a walk through every moment."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.crowd_moves import Cause, Move, Story, ValueChange, takes, told
from tagging.crowds import EVERYONE, All, Any_, HasTag, HasValue, InRange, Not
from tests import crowd_rules
from tests.crowd_rules import RULES, VALUES

GOLD, RICH = HasValue("tier", ("gold",)), InRange("spend", at_least=10)
CHANGES = st.lists(
    st.sampled_from(list(VALUES)).flatmap(
        lambda tag: st.builds(ValueChange, st.integers(1, 6), st.just(tag), st.none() | st.sampled_from(VALUES[tag]))
    ),
    max_size=8,
).map(lambda found: sorted(found, key=lambda change: change.at_ms))


def values_at(changes, at_ms):
    values = {}
    for change in changes:
        if change.at_ms <= at_ms:
            values[change.tag] = change.value
    return {tag: value for tag, value in values.items() if value is not None}


@settings(max_examples=60, deadline=None)
@given(rule=RULES, changes=CHANGES, first_ms=st.integers(0, 7))
def test_a_user_is_in_the_crowd_exactly_between_coming_in_and_leaving(rule, changes, first_ms):
    story = told(rule, {}, changes, first_ms)
    moved = {move.at_ms: move.entered for move in story.moves}
    inside = False
    for at_ms in range(-1, 9):
        inside = moved.pop(at_ms, inside)
        assert inside == (at_ms >= first_ms and crowd_rules.takes(rule, values_at(changes, at_ms)))
    assert not moved and story.ends_inside == inside and not story.began_inside


@settings(max_examples=60, deadline=None)
@given(rule=RULES, changes=CHANGES)
def test_a_cause_is_a_condition_that_changed_at_that_moment(rule, changes):
    for move in told(rule, {}, changes).moves:
        before, after = values_at(changes, move.at_ms - 1), values_at(changes, move.at_ms)
        assert move.causes
        for cause in move.causes:
            tag = cause.condition.tag
            assert (cause.before, cause.after) == (before.get(tag), after.get(tag))
            assert crowd_rules.takes(cause.condition, after) == cause.holds
            assert crowd_rules.takes(cause.condition, before) != cause.holds


@settings(max_examples=60, deadline=None)
@given(rule=RULES, values=st.fixed_dictionaries({}, optional={t: st.sampled_from(v) for t, v in VALUES.items()}))
def test_a_rule_takes_whom_its_conditions_take(rule, values):
    assert takes(rule, values) == crowd_rules.takes(rule, values)


def test_the_condition_that_decides_is_named_and_the_other_is_not():
    changes = [ValueChange(5, "tier", "gold"), ValueChange(5, "spend", 20), ValueChange(9, "tier", "silver")]
    story = told(Any_((GOLD, All((RICH, HasTag("flag"))))), {}, changes, 0)
    assert story.moves == (
        Move(5, True, (Cause(GOLD, True, None, "gold"),)),
        Move(9, False, (Cause(GOLD, False, "gold", "silver"),)),
    )


def test_where_either_would_have_sufficed_both_are_named():
    story = told(Any_((GOLD, RICH)), {}, [ValueChange(5, "tier", "gold"), ValueChange(5, "spend", 20)], 0)
    assert [cause.condition for cause in story.moves[0].causes] == [GOLD, RICH]


def test_who_lacks_every_value_comes_in_when_it_is_first_known():
    assert told(Not(GOLD), {}, [], 7) == Story(False, (Move(7, True, ()),))
    assert told(EVERYONE, {}, [], 7).ends_inside


def test_values_from_before_the_changes_count():
    story = told(GOLD, {"tier": "gold"}, [ValueChange(5, "tier", None)])
    assert story == Story(True, (Move(5, False, (Cause(GOLD, False, "gold", None),)),))
    assert told(GOLD, {"tier": "gold"}, []).ends_inside


def test_true_is_no_number_and_one_is_not_true():
    assert not takes(HasValue("flag", (True,)), {"flag": 1})
    assert not takes(HasValue("spend", (1,)), {"spend": True})
    assert takes(HasValue("spend", (1,)), {"spend": 1.0})
