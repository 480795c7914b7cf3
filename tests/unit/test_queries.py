"""Analysts' queries: what is refused, where and why, and what becomes of one that is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse

from tagging.queries.dialect import write
from tagging.queries.functions import is_allowed
from tagging.queries.reading import QueryProblems, read
from tagging.queries.rewriting import query
from tagging.queries.views import VIEWS

GOOD = [
    "SELECT 1",
    "SELECT count() FROM v_events",
    "SELECT tags['lifecycle'] AS stage, count() AS users FROM v_profile GROUP BY stage ORDER BY users DESC LIMIT 5",
    "SELECT tag, avgIf(number, number > 0), quantile(0.5)(number) FROM v_tag_values WHERE tag IN ('a', 'b') GROUP BY tag",
    "WITH buyers AS (SELECT user_id FROM v_events WHERE event_type = 'pay') SELECT crowd, count(DISTINCT m.user_id) "
    "FROM v_crowd_members AS m JOIN buyers ON buyers.user_id = m.user_id GROUP BY crowd HAVING count() > 1",
    "SELECT toStartOfDay(occurred_at) AS day, uniqExact(user_id) FROM v_events "
    "WHERE occurred_at >= now() - INTERVAL 7 DAY AND properties['campaign'] LIKE 'sp%' GROUP BY day ORDER BY day",
    "SELECT user_id, row_number() OVER (PARTITION BY event_type ORDER BY occurred_at DESC) AS n FROM v_events QUALIFY n = 1",
    "SELECT user_id FROM v_profile WHERE user_id NOT IN (SELECT user_id FROM v_events) UNION ALL SELECT 'x'",
    "SELECT if(number > 3, 'many', 'few'), CAST(number AS String), CASE WHEN number IS NULL THEN 0 ELSE 1 END FROM v_tag_values",
    "SELECT arrayJoin(mapKeys(tags)) AS tag, count() FROM v_profile GROUP BY tag -- a comment\n",
    "SELECT e.user_id, p.tags['city'] FROM v_events AS e LEFT JOIN v_profile AS p USING (user_id) WHERE e.item_id = 'it''s'",
    "(SELECT 1 AS a) UNION DISTINCT (SELECT 2 AS a)",
    "SELECT [1, 2], (1, 'a'), -number, 7 % 3, not (number BETWEEN 1 AND 2) FROM v_tag_values;",
]

REFUSED = [
    ("SELECT if(), CAST(number AS String) FROM v_tag_values", "if takes 3 arguments, got 0"),
    # Other places to read from.
    ("SELECT * FROM url('http://10.0.0.1/', CSV, 'a String')", "table function"),
    ("SELECT * FROM file('/etc/passwd')", "table function"),
    ("SELECT * FROM remote('10.0.0.1', system.one)", "table function"),
    ("SELECT * FROM mysql('h:3306', 'd', 't', 'u', 'p')", "table function"),
    ("SELECT * FROM s3('http://b/x')", "table function"),
    ("SELECT * FROM executable('id', TSV, 'a String')", "table function"),
    ("SELECT * FROM numbers(1000000000)", "table function"),
    ("SELECT * FROM merge('default', '.*')", "table function"),
    ("SELECT * FROM view(SELECT 1)", "table function"),
    ("SELECT * FROM cluster('c', 'd.t')", "table function"),
    ("SELECT * FROM seen_profile(sees = ['restricted'])", "table function"),
    ("SELECT * FROM tag_values", "there is no view tag_values"),
    ("SELECT * FROM seen_profile", "there is no view seen_profile"),
    ("SELECT * FROM system.tables", "there is no view|qualified name"),
    ("SELECT * FROM tagstream.v_profile", "qualified name"),
    ('SELECT * FROM "v_profile"."x"', "qualified name|there is no view"),
    ("SELECT * FROM (SELECT * FROM dead_letters)", "there is no view dead_letters"),
    ("SELECT (SELECT any(value) FROM tag_values)", "there is no view tag_values"),
    ("SELECT 1 WHERE 1 IN (SELECT user_no FROM users)", "there is no view users"),
    ("SELECT 1 WHERE 1 IN tag_values", ""),
    ("WITH t AS (SELECT * FROM tag_values) SELECT * FROM t", "there is no view tag_values"),
    ("WITH v_events AS (SELECT 1) SELECT * FROM v_events", "is a view already"),
    ("SELECT * FROM v_profile AS a JOIN tag_values AS b ON 1 = 1", "there is no view tag_values"),
    # What is no reading, or more than one statement.
    ("DROP TABLE v_profile", "one SELECT"),
    ("INSERT INTO v_profile SELECT 1", "one SELECT"),
    ("SELECT 1; DROP TABLE events", "one statement"),
    ("EXPLAIN SELECT 1", "one SELECT"),
    ("SYSTEM SHUTDOWN", "one SELECT"),
    ("SET readonly = 0", "one SELECT"),
    ("SELECT 1 INTO OUTFILE '/tmp/x'", ""),
    ("SELECT 1 SETTINGS max_execution_time = 0", "SETTINGS is not allowed"),
    ("SELECT * FROM (SELECT 1 SETTINGS readonly = 0)", "SETTINGS is not allowed"),
    ("SELECT 1 UNION ALL SELECT 2 SETTINGS readonly = 0", "SETTINGS is not allowed"),
    ("SELECT 1 FORMAT Native", "FORMAT is not allowed"),
    # Functions that read or do something else.
    ("SELECT sleep(3)", "the function sleep"),
    ("SELECT file('/etc/passwd')", "the function file"),
    ("SELECT getSetting('readonly')", "the function getSetting"),
    ("SELECT currentUser(), hostName(), version()", "the function currentUser"),
    ("SELECT dictGet('d', 'a', 1)", "the function dictGet"),
    ("SELECT joinGet('t', 'a', 1)", "the function joinGet"),
    ("SELECT getMacro('shard')", "the function getMacro"),
    ("SELECT hasColumnInTable('system', 'users', 'name')", "the function hasColumnInTable"),
    ("SELECT throwIf(1)", "the function throwIf"),
    ("SELECT groupBitmapMerge(users) FROM v_profile", "the function groupBitmapMerge"),
    ("SELECT COLUMNS('a.*') FROM v_profile", ""),
    ("SELECT * APPLY(sum) FROM v_profile", ""),
    ("SELECT * EXCEPT (tags) FROM v_profile", ""),
    ("SELECT arrayMap(x -> x + 1, [1])", ""),
    ("SELECT {sees:Array(String)}", ""),
    ("SELECT $$a$$", ""),
    ("SELECT @@version", ""),
    ("SELECT", "nothing to show"),
    ("(one AS a) UNION ALL (SELECT 2 AS a)", ""),
    ("SELECT FROM v_events", "nothing to show"),
    ("SELECT 1 FROM FROM v_events", "FROM takes"),
    ("SELECT 1 FROM v_events, SELECT 1", ""),
    # Clauses.
    ("SELECT * FROM v_events FINAL", "FINAL is not allowed"),
    ("SELECT * FROM v_events SAMPLE 0.1", ""),
    ("SELECT * FROM v_events PREWHERE 1", "PREWHERE is not allowed"),
    ("SELECT * FROM v_events GLOBAL JOIN v_profile USING (user_id)", "GLOBAL is not allowed"),
    ("SELECT * FROM v_events ARRAY JOIN [1] AS a", ""),
    ("SELECT * FROM v_events LIMIT 1 BY user_id", ""),
    ("SELECT * FROM v_events LIMIT (SELECT 1)", ""),
    ("SELECT * FROM v_events GROUP BY ALL WITH TOTALS", ""),
    ("SELECT count() FROM v_events GROUP BY user_id WITH ROLLUP", ""),
    ("WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT * FROM t) SELECT * FROM t", "WITH RECURSIVE is not allowed"),
    ("WITH 5 AS five SELECT five", "WITH <expression>"),
    ("SELECT CAST(1 AS AggregateFunction(sum, UInt8))", "the type"),
    ("SELECT CAST('x' AS Enum8('x' = 1))", "the type"),
    ("SELECT CAST(1, 'String')", ""),
    # Ways to write it so that one reader sees something else than the other.
    ("SELECT 'a\\' OR 1=1 --'", "backslash"),
    ("SELECT '\\x41'", "backslash"),
    ("SELECT 1 # comment", ""),
    ("SELECT 0x41", "not a plain number"),
    ("SELECT 0b11", ""),
    ("SELECT 1e400", "not a plain number"),
    ("SELECT 'open", "this does not end"),
    ("SELECT 1 /* open", "this does not end"),
    ("SELECT '\u202e'", "not allowed"),
    ("SELECT `__shard` FROM v_events", "is not a name"),
    ("SELECT sеlect FROM v_events", "is not a name"),
    ("", "there is no SELECT"),
    ("-- nothing", "there is no SELECT"),
    ("SELECT " + "(" * 70 + "1" + ")" * 70, "nested deeper"),
    ("SELECT " + " + ".join(["1"] * 3_000), "more than|nested deeper"),
    ("SELECT '" + "x" * 300 + "'", "at most 256"),
    ("SELECT " + "x" * 21_000, "at most 20000"),
]
CALL = re.compile(r"([A-Za-z_][A-Za-z_0-9]*)\(")


def assert_reads_only_the_views(text: str) -> None:
    """By ClickHouse's own dialect, which our reader is not: an independent look at what is sent."""
    (tree,) = parse(text, dialect="clickhouse")
    assert isinstance(tree, exp.Query)
    behind = {view.seen_as for view in VIEWS.values()}
    ours = {f"with_{cte.alias}"[5:] for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        assert not table.db and not table.catalog
        if isinstance(table.this, exp.Identifier):
            assert table.name == "v_events" or table.name in ours, text
        else:
            assert table.this.name in behind, text
            assert table.this.sql("clickhouse").endswith('("sees" = {sees: Array(String)})'), text
    unquoted = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", "", text)
    called = set(CALL.findall(unquoted)) - behind - {"CAST", "Array", "Nullable", "DateTime64", "Decimal"}
    assert all(is_allowed(name) for name in called), called
    assert not tree.find(exp.Placeholder, exp.Parameter, exp.Final) or "{sees: Array(String)}" in text
    assert not any(node.args.get("settings") or node.args.get("format") for node in tree.walk())
    assert tree.args["limit"].expression.is_int


@pytest.mark.parametrize("text", GOOD)
def test_a_query_over_the_views_is_written_anew_with_a_limit(text):
    written = query(text, 101).text
    assert_reads_only_the_views(written)
    assert "--" not in written and ";" not in written


@pytest.mark.parametrize("text", GOOD)
def test_what_is_written_says_what_was_read(text):
    """Once more through our own reader, nothing changes: no layer of meaning is added or lost on the way."""
    tree = read(text)
    again = read(write(tree))
    assert write(again) == write(tree)


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_does_more_than_read_the_views_is_refused_with_its_place(text, said):
    with pytest.raises(QueryProblems) as refused:
        query(text, 101)
    messages = "; ".join(problem.message for problem in refused.value.problems)
    assert re.search(said, messages), messages
    assert all(1 <= problem.line <= text.count("\n") + 1 and problem.column >= 1 for problem in refused.value.problems)


def test_every_problem_is_told_at_once_with_line_column_and_a_way_out():
    with pytest.raises(QueryProblems) as refused:
        query("SELECT sleep(1)\nFROM tag_value\nWHERE cuont() > 1", 101)
    assert [(problem.line, problem.message) for problem in refused.value.problems] == [
        (1, "the function sleep is not allowed"),
        (2, "there is no view tag_value"),
        (3, "the function cuont is not allowed"),
    ]
    assert [problem.suggestion for problem in refused.value.problems][1:] == [
        "did you mean v_tag_values?",
        "did you mean count?",
    ]


@pytest.mark.parametrize(("limit", "written"), [("", 11), ("LIMIT 3", 3), ("LIMIT 11", 11), ("LIMIT 999999999", 11)])
def test_no_more_rows_are_asked_for_than_may_be_shown(limit, written):
    text = query(f"SELECT user_id FROM v_events ORDER BY user_id {limit}", 11).text
    assert re.search(r"LIMIT (\d+)", text)[1] == str(written)


def test_the_limit_of_a_union_is_on_the_whole_of_it():
    text = query("SELECT 1 AS a UNION ALL SELECT 2 AS a LIMIT 1", 11).text
    (tree,) = parse(text, dialect="clickhouse")
    assert isinstance(tree, exp.Select) and tree.args["limit"].expression.name == "11"


def test_a_view_with_sensitive_values_takes_what_may_be_seen_as_a_parameter():
    found = query("SELECT user_id FROM v_profile WHERE tags['a'] = 'b'", 11)
    assert (
        '"seen_profile"' not in found.text
        and 'seen_profile("sees" = {sees: Array(String)}) AS "v_profile"' in found.text
    )
    assert (found.views, found.is_bound) == (("v_profile",), True)
    assert not query("SELECT 1 FROM v_events", 11).is_bound


def test_a_name_out_of_its_scope_leads_to_no_table_of_ours():
    """`tag_values` is a name of the inner query alone, and a table of ours: outside it must not become the table."""
    text = query(
        "SELECT * FROM (WITH tag_values AS (SELECT 1 AS a) SELECT a FROM tag_values) AS t, tag_values", 11
    ).text
    assert 'FROM "tag_values"' not in text and text.count('"with_tag_values" AS "tag_values"') == 2


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120))
def test_any_text_is_written_anew_or_refused(text):
    attempt(text)


SOUP = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "AS",
    "ON",
    "JOIN",
    "LEFT",
    "ANY",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IS",
    "IN",
    "LIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "WITH",
    "UNION",
    "ALL",
    "DISTINCT",
    "OVER",
    "PARTITION",
    "CAST",
    "INTERVAL",
    "DAY",
    "SETTINGS",
    "FORMAT",
    "FINAL",
    "PREWHERE",
    "ARRAY",
    "GLOBAL",
    "USING",
    "VALUES",
    "EXISTS",
    "v_profile",
    "v_events",
    "tag_values",
    "system.one",
    "url(",
    "file(",
    "numbers(",
    "count(",
    "sum(",
    "if(",
    "tags",
    "user_id",
    "1",
    "0.5",
    "1e9",
    "'x'",
    "''",
    "'",
    '"',
    "`",
    "(",
    "(",
    ")",
    ")",
    ",",
    ".",
    ";",
    "*",
    "+",
    "-",
    "/",
    "%",
    "=",
    "<",
    ">",
    "[",
    "]",
    "{",
    "}",
    "?",
    ":",
    "@",
    "#",
    "--",
    "/*",
    "*/",
    "||",
    "::",
    "->",
    "$$",
    "readonly",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["\n", *SOUP]), max_size=30).map(" ".join))
def test_any_soup_of_words_is_written_anew_or_refused(text):
    attempt("SELECT " + text)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_any_change_of_a_good_query_is_written_anew_or_refused(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 25)))
    attempt(text[:start] + data.draw(st.sampled_from(SOUP) | st.text(max_size=4)) + text[end:])


def attempt(text: str) -> None:
    try:
        found = query(text, 101)
    except QueryProblems as refused:
        assert refused.problems and all(problem.message for problem in refused.problems)
        return
    assert_reads_only_the_views(found.text)
