"""A crowd's rule: what is refused, what it says in words, when two are the same, and the query that becomes of it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sql
from tagging.crowd_normal import expand, fingerprint, normal
from tagging.crowd_parsing import CrowdProblems, parse
from tagging.crowd_query import CrowdQuery
from tagging.crowd_sentence import sentence
from tagging.crowds import (
    EVERYONE,
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_EXPANDED,
    MAX_VALUES,
    All,
    Any_,
    HasTag,
    HasValue,
    InCrowd,
    InRange,
    Not,
    as_json,
    crowds_in,
    tags_in,
)

TAGS = {"tier": "string", "spend": "decimal", "orders": "integer", "flag": "boolean"}
VERSIONS = {"tier": 2, "spend": 1, "orders": 1, "flag": 1}
GOLDEN = Path(__file__).parent.parent / "golden" / "crowds"
GOLD = {"tag": "tier", "in": ["gold"]}
RULE = All(
    (
        HasValue("tier", ("gold", "it's")),
        InRange("spend", at_least=10, below=99.5),
        Any_((HasValue("orders", (1, 2)), HasTag("flag"), Not(HasValue("flag", (True,))))),
        Not(InCrowd("vip")),
    )
)
VIP = HasValue("tier", ("gold", "it's"))

LEAVES = st.one_of(
    st.builds(lambda values: HasValue("tier", tuple(values)), st.lists(st.sampled_from("abc"), min_size=1, max_size=3)),
    st.builds(lambda value: HasValue("orders", (value,)), st.integers(-3, 3)),
    st.builds(lambda low: InRange("spend", above=low), st.integers(0, 3)),
    st.sampled_from([HasTag("flag"), InCrowd("vip")]),
)
RULES = st.recursive(
    LEAVES,
    lambda parts: (
        st.lists(parts, min_size=1, max_size=3).map(lambda found: All(tuple(found)))
        | st.lists(parts, min_size=1, max_size=3).map(lambda found: Any_(tuple(found)))
        | parts.map(Not)
    ),
    max_leaves=6,
)


def read(written):
    return parse(written, TAGS, {"vip"})


def problems(written):
    with pytest.raises(CrowdProblems) as refused:
        read(written)
    return [(found.path, found.message) for found in refused.value.problems]


@settings(max_examples=60)
@given(rule=RULES)
def test_a_rule_is_read_as_it_was_written(rule):
    try:
        assert read(as_json(rule)) == rule
    except CrowdProblems as refused:
        assert {found.allowed and set(found.allowed) == {"depth"} for found in refused.problems} == {True}


def test_every_problem_is_told_at_once_with_its_path():
    written = {
        "all": [
            {"tag": "teir", "present": True},
            {"tag": "tier", "in": ["gold", 3]},
            {"not": {"tag": "spend", "at_least": "much"}},
            {"any": []},
            {"crowd": "nobody"},
            {"tag": "flag", "above": 1},
            {"tag": "spend", "above": 5, "at_most": 5},
            {"tag": "tier", "in": ["gold"], "colour": "red"},
            "gold",
            {"tag": "tier", "all": []},
        ]
    }
    assert problems(written) == [
        ("rule.all[0].tag", "there is no such tag"),
        ("rule.all[1].in[1]", "tag tier is of type string"),
        ("rule.all[2].not.at_least", "is no number"),
        ("rule.all[3].any", "is no list of conditions"),
        ("rule.all[4].crowd", "there is no such crowd"),
        ("rule.all[5]", "tag flag is of type boolean and has no range"),
        ("rule.all[6]", "holds no number"),
        ("rule.all[7].colour", "is not known here; check the spelling"),
        ("rule.all[8]", "is no condition"),
        ("rule.all[9]", "must say one thing"),
    ]


@pytest.mark.parametrize(
    "written",
    [
        {"tag": "spend", "at_least": float("nan")},
        {"tag": "spend", "at_least": True},
        {"tag": "spend", "at_least": 1e16},
        {"tag": "spend", "at_least": 1, "above": 1},
        {"tag": "orders", "in": ["1"]},
        {"tag": "flag", "in": [1]},
        {"tag": "tier", "in": ["x" * 1001]},
        {"tag": "tier", "in": []},
        {"tag": "tier", "in": ["a"] * (MAX_VALUES + 1)},
        {"tag": "tier", "present": False},
        {"tag": "tier"},
        {"tag": ["tier"], "present": True},
        {"crowd": {"name": "vip"}},
        {},
        [],
        None,
    ],
)
def test_what_is_no_condition_is_refused(written):
    assert problems(written)


def nested(depth):
    return GOLD if depth == 1 else {"not": nested(depth - 1)}


def test_depth_and_size_are_bounded():
    assert read(nested(MAX_DEPTH))
    assert problems(nested(MAX_DEPTH + 1))[0][1] == "lies deeper than a rule may go"
    assert read({"any": [GOLD] * (MAX_CONDITIONS - 1)})
    assert problems({"any": [GOLD] * 5000}) == [
        (f"rule.any[{MAX_CONDITIONS - 1}]", "has more conditions than a rule may hold")
    ]


def test_a_rule_says_which_tags_and_crowds_it_asks_for():
    assert tags_in(RULE) == {"tier", "spend", "orders", "flag"}
    assert crowds_in(RULE) == {"vip"}


def test_a_rule_reads_as_a_sentence_in_both_languages():
    titles = {"tier": "Tier", "spend": "Spend"}
    assert sentence(RULE, titles) == (
        'Tier is one of "gold", "it\'s" and Spend is at least 10 and below 99.5 and '
        "(orders is one of 1, 2 or flag has a value or not flag is true) and not in the crowd vip"
    )
    assert sentence(RULE, {"tier": "等级", "spend": "消费"}, "zh") == (
        '等级 属于 "gold"、"it\'s" 且 消费 不小于 10 且 小于 99.5 且 '
        "(orders 属于 1、2 或 flag 有值 或 不满足(flag 为 是)) 且 不满足(属于人群 vip)"
    )
    assert sentence(EVERYONE, {}) == "all users"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (All((HasTag("a"), HasTag("b"))), All((HasTag("b"), HasTag("a"), HasTag("b")))),
        (Any_((HasTag("a"), Any_((HasTag("b"), HasTag("c"))))), Any_((HasTag("c"), HasTag("b"), HasTag("a")))),
        (Not(Not(HasTag("a"))), All((HasTag("a"),))),
        (HasValue("n", (2, 1, 1.0)), HasValue("n", (1, 2))),
        (InRange("n", above=1), InRange("n", above=1.0)),
    ],
)
def test_rules_that_say_the_same_have_one_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(other)


def test_rules_that_differ_have_different_fingerprints():
    rules = [
        EVERYONE,
        Any_((EVERYONE, HasTag("a"))),
        HasTag("a"),
        Not(HasTag("a")),
        All((HasTag("a"), HasTag("b"))),
        Any_((HasTag("a"), HasTag("b"))),
        HasValue("a", (True,)),
        HasValue("a", (1,)),
        HasValue("a", ("1",)),
        InRange("a", above=1),
        InRange("a", at_least=1),
    ]
    assert len({fingerprint(rule) for rule in rules}) == len(rules)


@settings(max_examples=60)
@given(rule=RULES)
def test_the_normal_form_of_a_normal_form_is_itself(rule):
    assert normal(normal(rule)) == normal(rule)


def test_a_crowd_stands_for_its_rule():
    crowds = {"a": Not(InCrowd("b")), "b": HasTag("tier")}
    assert expand(All((InCrowd("a"), InCrowd("b"))), crowds) == All((Not(HasTag("tier")), HasTag("tier")))


@pytest.mark.parametrize(("within", "way"), [((), "a -> b -> a"), (("a",), "a -> a"), (("b",), "b -> a -> b")])
def test_a_crowd_that_depends_on_itself_is_refused_with_its_way_round(within, way):
    crowds = {"a": All((InCrowd("b"),)), "b": Not(InCrowd("a"))}
    with pytest.raises(CrowdProblems, match=f"may not depend on itself: {way}$"):
        expand(InCrowd("a"), crowds, within)


def test_crowds_of_crowds_may_not_grow_without_bound():
    crowds = {"c0": HasTag("tier")} | {f"c{n}": All((InCrowd(f"c{n - 1}"),) * 2) for n in range(1, 40)}
    with pytest.raises(CrowdProblems, match="is too large") as refused:
        expand(InCrowd("c39"), crowds)
    assert refused.value.problems[0].allowed == {"conditions": MAX_EXPANDED}


def composed(rule):
    query = CrowdQuery(VERSIONS)
    crowd = query.expression(expand(rule, {"vip": VIP}))
    text = query.text(sql.text("clickhouse/crowds/count.sql"), sql.text("clickhouse/crowds/operands.sql"), crowd=crowd)
    return text, query.parameters


def test_a_rule_becomes_the_golden_query():
    assert composed(RULE)[0] == (GOLDEN / "count.sql").read_text(encoding="utf-8")


def test_every_value_is_bound_and_a_repeated_condition_is_read_once():
    parameters = composed(RULE)[1]
    assert parameters == {
        "tag_0": "tier", "version_0": 2, "values_0": ['"gold"', '"it\'s"'],
        "tag_1": "spend", "version_1": 1, "low_1": 10.0, "high_1": 99.5,
        "tag_2": "orders", "version_2": 1, "numbers_2": [1.0, 2.0],
        "tag_3": "flag", "version_3": 1,
        "tag_4": "", "version_4": 0,
        "tag_5": "flag", "version_5": 1, "values_5": ["true"],
    }  # fmt: skip


@settings(max_examples=40)
@given(value=st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_value_can_change_the_text_of_a_query(value):
    assert composed(HasValue("tier", (value,)))[0] == composed(HasValue("tier", ("gold",)))[0]


def test_a_rule_that_names_other_crowds_must_be_expanded_first():
    with pytest.raises(ValueError, match="expand"):
        CrowdQuery(VERSIONS).expression(InCrowd("vip"))
