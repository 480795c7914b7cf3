"""Which crowds depend on a tag, however their rules are nested."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.crowd_impact import dependents

NAMES = ["a", "b", "c", "d"]
LEAVES = st.one_of(
    st.sampled_from(["tier", "spend"]).map(lambda tag: {"tag": tag, "present": True}),
    st.sampled_from(NAMES).map(lambda crowd: {"crowd": crowd}),
)
RULES = st.recursive(
    LEAVES,
    lambda parts: (
        st.lists(parts, max_size=2).map(lambda found: {"all": found})
        | st.lists(parts, max_size=2).map(lambda found: {"any": found})
        | parts.map(lambda found: {"not": found})
    ),
    max_leaves=4,
)


def mentions(rule, rules, seen):
    """By walking down from the crowd, where the module works upwards from the tag."""
    if isinstance(rule, list):
        return any(mentions(part, rules, seen) for part in rule)
    if "tag" in rule:
        return rule["tag"] == "tier"
    if "crowd" in rule:
        name = rule["crowd"]
        return name in rules and name not in seen and mentions(rules[name], rules, seen | {name})
    return mentions(next(iter(rule.values())), rules, seen)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), RULES))
def test_a_crowd_depends_on_a_tag_when_the_tag_is_reached_from_its_rule(rules):
    wanted = {name for name, rule in rules.items() if mentions(rule, rules, frozenset())}
    found = dependents("tier", rules)
    assert set(found) == wanted
    assert all(set(through) <= wanted for through in found.values())


def test_crowds_that_name_each_other_end():
    rules = {"a": {"crowd": "b"}, "b": {"any": [{"crowd": "a"}, {"tag": "tier", "in": ["x"]}]}, "c": {"crowd": "gone"}}
    assert dependents("tier", rules) == {"a": ("b",), "b": ()}


def test_a_rule_that_is_no_rule_any_more_still_counts():
    assert dependents("tier", {"a": {"all": [None, 3, {"tag": "tier", "like": "x"}]}, "b": "tier"}) == {"a": ()}
