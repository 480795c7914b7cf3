"""Random rules over three tags, and what they take, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tagging.crowds import EVERYONE, All, Any_, HasTag, HasValue, InRange, Not, Rule

VERSIONS = {"tier": 2, "spend": 1, "flag": 1}
TEXTS = ["gold", "silver", "用户", 'qu"ote', "x') OR 1=1 --", "{tag_0:String}", "$crowd", ""]
NUMBERS = [0, 1.75, 2, 7.25, 9]
VALUES = {"tier": TEXTS, "spend": NUMBERS, "flag": [True, False]}
_BOUND = st.none() | st.sampled_from([-1, 0, 1.75, 2, 7.25, 1e15])
LEAVES = st.one_of(
    st.builds(lambda found: HasValue("tier", tuple(found)), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3)),
    st.builds(lambda found: HasValue("spend", tuple(found)), st.lists(st.sampled_from(NUMBERS), min_size=1)),
    st.builds(lambda value: HasValue("flag", (value,)), st.booleans()),
    st.builds(HasTag, st.sampled_from(list(VERSIONS))),
    st.builds(lambda low, high: InRange("spend", at_least=low, below=high), _BOUND, _BOUND),
    st.builds(lambda low, high: InRange("spend", above=low, at_most=high), _BOUND, _BOUND),
)
RULES = st.recursive(
    LEAVES | st.just(EVERYONE),
    lambda parts: st.one_of(
        st.builds(lambda found: All(tuple(found)), st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda found: Any_(tuple(found)), st.lists(parts, min_size=1, max_size=3)),
        st.builds(Not, parts),
    ),
    max_leaves=8,
)


def takes(rule: Rule, values: Mapping[str, Any]) -> bool:
    """Whether a rule takes a user with these values; a tag without a value is left out."""
    match rule:
        case All(parts):
            return all(takes(part, values) for part in parts)
        case Any_(parts):
            return any(takes(part, values) for part in parts)
        case Not(part):
            return not takes(part, values)
        case HasTag(tag):
            return tag in values
        case HasValue(tag, wanted):
            return tag in values and (type(values[tag]) is bool, values[tag]) in {(type(w) is bool, w) for w in wanted}
        case InRange(tag):
            if tag not in values:
                return False
            low = rule.at_least if rule.at_least is not None else rule.above
            high = rule.at_most if rule.at_most is not None else rule.below
            above = low is None or values[tag] > low or (rule.above is None and values[tag] == low)
            below = high is None or values[tag] < high or (rule.below is None and values[tag] == high)
            return above and below
    raise AssertionError(rule)
