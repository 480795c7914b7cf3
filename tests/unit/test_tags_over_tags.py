"""A tag that reads other tags: its header, what it compiles to, what is refused, and the topic that it reads."""

from __future__ import annotations

import pytest

from jobs.flink_sources import group_of, source_statements, topic_of
from jobs.mode import Mode
from jobs.statements import Job, statements
from stores.settings import Settings
from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition, definition_text, parse_definition
from tagging.problems import TagProblems
from tagging.tag_reads import TagRead, parse_reads, parse_tag_source

LIFECYCLE = TagRead("lifecycle", 3, "string")
ORDERS = TagRead("orders_30d", 1, "integer")
SPENT = TagRead("spent", 2, "decimal")


def compiled(sql: str, *reads: TagRead, value_type: str = "string", name: str = "segment") -> CompiledTag:
    return compile_tag(TagDefinition(name, "", "", value_type, "basic", "tests", sql, reads=reads))


def problems(sql: str, *reads: TagRead, **more: str) -> list[str]:
    with pytest.raises(TagProblems) as refused:
        compiled(sql, *reads, **more)
    return [str(problem) for problem in refused.value.problems]


def test_a_tag_is_read_in_the_version_that_the_header_names():
    tag = compiled("SELECT user_id, value FROM TAG(lifecycle)", LIFECYCLE)
    assert tag.sources == {"lifecycle__v3"} and tag.columns == {"lifecycle__v3": {"user_id", "value"}}
    assert "FROM `lifecycle__v3` AS `lifecycle`" in tag.query


def test_a_tag_joins_tags_with_sources_and_has_one_row_a_user():
    sql = """SELECT users.user_id, COALESCE(o.value, 0) + users.birth_year AS value
             FROM users LEFT JOIN tag(Orders_30d) AS o ON o.user_id = users.user_id WHERE o.value > 1"""
    tag = compiled(sql, ORDERS, value_type="integer")
    assert tag.sources == {"users", "orders_30d__v1"}


def test_the_type_of_a_tag_that_is_read_is_checked_like_a_columns():
    found = problems("SELECT user_id, UPPER(value) AS value FROM TAG(orders_30d)", ORDERS)
    assert len(found) == 1 and found[0].startswith("1:23: argument 1 of UPPER is text, got integer")
    assert compiled("SELECT user_id, value FROM TAG(spent)", SPENT, value_type="decimal").query


def test_a_tag_without_the_word_tag_is_an_unknown_source_with_a_way_out():
    assert "1:28: unknown source 'lifecycle' (write TAG(lifecycle))" in problems(
        "SELECT user_id, value FROM lifecycle", LIFECYCLE
    )


def test_a_header_that_names_a_tag_that_is_not_read_is_refused():
    [found] = problems("SELECT user_id, city AS value FROM users", LIFECYCLE)
    assert "the header says that tag lifecycle is read, and no TAG(lifecycle) does" in found


def test_a_tag_does_not_read_itself():
    found = problems("SELECT user_id, value FROM TAG(lifecycle)", LIFECYCLE, name="lifecycle")
    assert any("tag lifecycle reads itself" in problem for problem in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lifecycle", "'lifecycle' is not a tag, its version and its type"),
        ("lifecycle v0 string", "is not a tag, its version and its type"),
        ("lifecycle v1 money", "is not a tag, its version and its type"),
        ("lifecycle v1 string,", "'' is not a tag"),
        ("lifecycle v1 string, lifecycle v2 string", "lifecycle is read twice"),
        (", ".join(f"t{number} v1 string" for number in range(9)), "9 tags are read, at most 8"),
    ],
)
def test_a_header_that_is_no_list_of_tags_is_refused_with_its_line(text, message):
    with pytest.raises(ValueError, match=message[:40].replace("(", r"\(")):
        parse_reads(text)
    header = "-- name: a\n-- title: a\n-- description: a\n-- type: string\n-- dimension: basic\n-- owner: a\n"
    with pytest.raises(TagProblems) as refused:
        parse_definition(f"{header}-- reads: {text}\n\nSELECT user_id, value FROM TAG(lifecycle)")
    assert refused.value.problems[0].line == 7 and message in refused.value.problems[0].message


def test_what_is_read_survives_being_written_and_read_again():
    definition = TagDefinition("a", "t", "d", "string", "basic", "o", "SELECT 1", reads=(LIFECYCLE, SPENT))
    text = definition_text(definition)
    assert "-- reads: lifecycle v3 string, spent v2 decimal\n" in text and parse_definition(text) == definition


def test_the_source_of_a_tag_is_told_from_those_of_the_catalogue():
    assert parse_tag_source(TagRead("a__v1", 2, "string").source) == ("a__v1", 2)
    assert [parse_tag_source(name) for name in ("events", "a__v0", "clock", "events__last_60m_1m")] == [None] * 4


def test_a_job_reads_the_topic_of_the_version_under_a_group_of_its_own():
    assert topic_of(LIFECYCLE.source, Settings()) == "tag.lifecycle.v3"
    assert group_of("tag.segment.v1", LIFECYCLE.source) == "tagstream.tag.segment.v1.lifecycle__v3"


def test_stream_and_batch_read_a_tag_by_the_same_text_but_for_the_barrier():
    barrier = {"tag.spent.v2": {0: 7, 1: 9}, "clock": {0: 1}}
    tag = compiled("SELECT user_id, value FROM TAG(spent)", SPENT, value_type="decimal")
    stream = statements(Job("tag.segment.v1", (tag,)), Settings()).declarations[:2]
    batch = statements(Job("tag.segment.v1", (tag,), Mode.BATCH, barrier, "answers"), Settings()).declarations[:2]
    bounds = (
        ",\n  'scan.bounded.mode' = 'specific-offsets'"
        ",\n  'scan.bounded.specific-offsets' = 'partition:0,offset:7;partition:1,offset:9'"
    )
    assert bounds in batch[0] and (batch[0].replace(bounds, ""), batch[1]) == stream
    assert "'topic' = 'tag.spent.v2'" in stream[0]
    assert "TRY_CAST(JSON_VALUE(`message`, '$.value') AS DECIMAL(18, 4))" in stream[1]


def test_a_tag_that_two_tags_read_is_declared_once():
    names = [s for s in source_statements([SPENT.source], Settings(), "tags", reads=(SPENT,)) if "`spent__v2`" in s]
    assert len(names) == 1
    tags = [compiled("SELECT user_id, value FROM TAG(spent)", SPENT, value_type="decimal", name=n) for n in ("a", "b")]
    text = "\n".join(statements(Job("tags", tags), Settings()).declarations)
    assert text.count("CREATE TEMPORARY TABLE `spent__v2_log`") == 1
