"""What holds for every text: only TagProblems, only listed nodes, the same output every time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse

from tagging.allowed import NODES
from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import VALUE_TYPES, TagDefinition
from tagging.dialect import TagSql, write
from tagging.functions import FUNCTIONS, RANKING
from tagging.problems import TagProblems
from tagging.reading import read
from tagging.sources import CATALOG

SIGNS_AND_WORDS = """
SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT AS ON JOIN LEFT AND OR NOT NULL IS IN LIKE BETWEEN CASE WHEN THEN END WITH
UNION ALL DISTINCT OVER PARTITION FILTER QUALIFY CAST INTERVAL DAY HOUR VALUES TABLE LATERAL UNNEST EXISTS SET INSERT DROP
COUNT SUM MAX NOW ROW_NUMBER LAST user_id value events users orders __shard 1 2.5 1e9 '7' 'x' '' ' " `
( ( ) ) , , . ; * + - / % = < > [ ] { } ? : @ # -- /* */ /*+ || :: ->
"""
WORDS = ["\n", *SIGNS_AND_WORDS.split()]


def definition(sql: str, value_type: str = "string") -> TagDefinition:
    return TagDefinition("tag", "", "", value_type, "basic", "tests", sql)


def attempt(sql: str, value_type: str = "string") -> CompiledTag | None:
    try:
        return compile_tag(definition(sql, value_type))
    except TagProblems as refused:
        assert refused.problems
        lines = sql.count("\n") + 1
        assert all(
            1 <= problem.line <= lines and problem.column >= 1 and problem.message for problem in refused.problems
        )
        return None


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_tag_or_problems(text):
    attempt(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_any_soup_of_sql_gives_a_tag_or_problems(text):
    attempt("SELECT user_id, " + text)


GOOD = (
    "SELECT user_id, COUNT(DISTINCT properties['a']) AS value FROM LAST(events, INTERVAL '7' DAY) AS e "
    "WHERE e.event_type IN ('a', 'b') GROUP BY user_id HAVING COUNT(*) >= 3",
    "WITH n AS (SELECT o.user_id, p.brand, SUM(o.amount) AS s FROM LAST(orders, INTERVAL '90' DAY) AS o JOIN products AS p "
    "ON p.product_id = o.product_id GROUP BY o.user_id, p.brand) SELECT user_id, brand AS value FROM n "
    "QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY s DESC, brand) = 1",
    "SELECT user_id, CASE WHEN birth_year > 1990 THEN UPPER(city) ELSE '' END AS value FROM users WHERE NOT city IS NULL",
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_any_change_of_a_good_tag_gives_a_tag_or_problems(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    changed = text[:start] + data.draw(st.sampled_from(WORDS) | st.text(max_size=5)) + text[end:]
    tag = attempt(changed)
    if tag:
        assert_only_listed(tag)


NUMBERS = st.sampled_from(
    ["1", "2.50", "o.amount", "o.quantity", "-o.discount", "CHAR_LENGTH(o.status)", "CAST(o.coupon AS INT)"]
)
TEXTS = st.sampled_from(
    ["'x'", "'it''s'", "o.status", "LOWER(o.coupon)", "o.status || 'a'", "CAST(o.amount AS STRING)"]
)
CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(NUMBERS, st.sampled_from(["=", "<>", "<", ">="]), NUMBERS).map(" ".join),
        st.tuples(TEXTS, st.sampled_from(["=", "<>"]), TEXTS).map(" ".join),
        TEXTS.map(lambda text: f"{text} IN ('a', 'b')"),
        TEXTS.map(lambda text: f"{text} NOT LIKE 'a%'"),
        NUMBERS.map(lambda number: f"{number} BETWEEN 1 AND 2"),
        TEXTS.map(lambda text: f"{text} IS NOT NULL"),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(" ".join),
        inner.map(lambda condition: f"NOT ({condition})"),
        inner.map(lambda condition: f"({condition}) IS TRUE"),
    ),
    max_leaves=4,
)
AGGREGATES = st.one_of(
    NUMBERS.map(lambda number: ("decimal", f"SUM({number} + 1.0)")),
    NUMBERS.map(lambda number: ("decimal", f"SUM({number}) / (COUNT(*) - 1.0)")),
    TEXTS.map(lambda text: ("string", f"MAX({text})")),
    TEXTS.map(lambda text: ("integer", f"COUNT(DISTINCT {text})")),
    CONDITIONS.map(lambda condition: ("integer", f"COUNT(*) FILTER (WHERE {condition})")),
    st.tuples(CONDITIONS, NUMBERS).map(
        lambda found: ("decimal", f"MIN(CASE WHEN {found[0]} THEN {found[1]} ELSE 0.5 END)")
    ),
)
READS = st.sampled_from(
    ["orders AS o", "LAST(orders, INTERVAL '30' DAY) AS o", "LAST(orders, INTERVAL '1' HOUR, INTERVAL '5' MINUTE) AS o"]
)
TAGS = st.builds(
    lambda aggregate, read, where, having: (
        aggregate[0],
        f"SELECT o.user_id, {aggregate[1]} AS value FROM {read} WHERE {where} GROUP BY o.user_id"
        + (f" HAVING COUNT(*) > {having}" if having else ""),
    ),
    AGGREGATES,
    READS,
    CONDITIONS,
    st.integers(0, 3),
)


def assert_only_listed(tag: CompiledTag) -> None:
    """The output, read again, has listed nodes and functions alone, every name is quoted, and it reads what it says."""
    (tree,) = parse(tag.query, dialect=TagSql)
    for node in tree.walk():
        assert type(node) in NODES, type(node)
        if isinstance(node, exp.Identifier):
            assert node.args["quoted"] and not node.name.startswith("__")
        if isinstance(node, exp.Anonymous):
            assert node.name in FUNCTIONS or node.name == RANKING
    views = {window.view for window in tag.windows}
    read_here = {table.name for table in tree.find_all(exp.Table)}
    assert views <= read_here <= views | set(CATALOG)
    assert all(not table.db for table in tree.find_all(exp.Table))


@settings(max_examples=80, deadline=None)
@given(TAGS)
def test_a_tag_of_listed_parts_compiles_to_listed_parts_and_always_to_the_same(found):
    value_type, sql = found
    tag = compile_tag(definition(sql, value_type))
    assert_only_listed(tag)
    assert compile_tag(definition(sql, value_type)) == tag
    assert f"AS {VALUE_TYPES[value_type]}) AS `value`" in tag.query


@settings(max_examples=60, deadline=None)
@given(TAGS.map(lambda found: found[1]) | st.sampled_from(GOOD))
def test_a_tag_written_anew_from_its_tree_compiles_to_the_same(sql):
    tree, _ = read(sql)
    first, again = attempt(sql), attempt(write(tree))
    assert (first and first.query) == (again and again.query)
    assert first is None or write(read(write(tree))[0]) == write(tree)
