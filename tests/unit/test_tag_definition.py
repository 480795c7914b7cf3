"""A tag's file: header and SELECT."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.compiler import compile_tag
from tagging.definition import DIMENSIONS, SENSITIVITIES, VALUE_TYPES, TagDefinition, definition_text, parse_definition
from tagging.problems import TagProblems

FILE = """-- name: city
-- title: City
-- description: Where the user lives: as the shop knows it.
-- type: string
-- dimension: basic
-- owner: crm

SELECT user_id, city AS value
FROM users
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(TagProblems) as refused:
        parse_definition(text, "city.sql")
    return [str(problem) for problem in refused.value.problems]


def test_a_file_gives_header_and_select():
    tag = parse_definition(FILE)
    assert tag == TagDefinition(
        name="city",
        title="City",
        description="Where the user lives: as the shop knows it.",
        value_type="string",
        dimension="basic",
        owner="crm",
        sql="SELECT user_id, city AS value\nFROM users",
    )
    assert tag.flink_type == "STRING"


def test_the_version_is_one_unless_it_is_given():
    assert parse_definition(FILE).version == 1
    assert parse_definition(FILE.replace("-- owner", "-- version: 7\n-- owner")).version == 7


def test_windows_line_ends_and_a_byte_order_mark_change_nothing():
    assert parse_definition("\ufeff" + FILE.replace("\n", "\r\n")) == parse_definition(FILE)


def test_a_comment_after_a_blank_line_belongs_to_the_select():
    tag = parse_definition(FILE.replace("\nSELECT", "\n-- name: not a header\nSELECT"))
    assert tag.name == "city"
    assert tag.sql.startswith("-- name: not a header\n")


def test_every_mistake_of_a_header_is_told_at_once_with_its_line():
    text = """-- name: City!
-- titel: City
-- description:
-- type: text
-- dimension: basics
-- dimension: basic
just a line
"""
    assert problems_of(text) == [
        "1:1: 'City!' is not a tag name (a-z, 0-9 and _, from a letter on, at most 63)",
        "1:1: the header has no 'owner' (add a line -- owner: ...)",
        "1:1: the header has no 'title' (add a line -- title: ...)",
        "2:1: unknown header key 'titel' (did you mean title?)",
        "3:1: header key 'description' has no value",
        "4:1: unknown type 'text' (there is: boolean, decimal, integer, string)",
        "5:1: unknown dimension 'basics' (did you mean basic?)",
        "6:1: header key 'dimension' is given twice (first on line 5)",
    ]


def test_no_tag_is_called_as_a_path_of_the_api_is():
    assert problems_of(FILE.replace("-- name: city", "-- name: validate")) == [
        "1:1: no tag may be called 'validate': the API has a path of this name"
    ]


def test_a_file_without_a_select_is_refused():
    header = FILE.split("\n\n")[0]
    assert problems_of(header + "\n\n  \n") == [
        "7:1: there is no SELECT after the header (add SELECT user_id, ... AS value)"
    ]


@pytest.mark.parametrize("version", ["0", "-1", "1.5", "x", "99999999"])
def test_a_version_is_a_whole_number_from_one_on(version):
    assert problems_of(FILE.replace("-- owner", f"-- version: {version}\n-- owner")) == [
        f"6:1: {version!r} is not a version (a whole number from 1 on)"
    ]


def test_a_problem_in_the_select_is_told_with_the_line_of_the_file():
    with pytest.raises(TagProblems) as refused:
        compile_tag(parse_definition(FILE.replace("city AS value", "town AS value")))
    assert [(problem.line, problem.column) for problem in refused.value.problems] == [(8, 17)]


def test_a_refusal_names_the_file():
    with pytest.raises(TagProblems, match=r"^city\.sql:7:1: there is no SELECT"):
        parse_definition(FILE.split("\n\n")[0] + "\n\n", "city.sql")


one_line = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=40)
header_value = one_line.map(str.strip).filter(lambda text: text and text.isprintable())
definitions = st.builds(
    TagDefinition,
    name=st.text("abcxyz_019", max_size=62).map(lambda text: "t" + text),
    title=header_value,
    description=header_value,
    value_type=st.sampled_from(sorted(VALUE_TYPES)),
    dimension=st.sampled_from(DIMENSIONS),
    owner=header_value,
    sql=st.lists(one_line, min_size=1).map("\n".join).map(str.rstrip).filter(lambda text: text.split("\n")[0].strip()),
    version=st.integers(1, 999_999),
    sensitivity=st.sampled_from(SENSITIVITIES),
)


@settings(max_examples=60, deadline=None)
@given(definitions)
def test_a_definition_survives_being_written_and_read_again(definition):
    text = definition_text(definition)
    assert parse_definition(text) == definition
    assert definition_text(parse_definition(text)) == text


def test_a_tag_is_public_unless_its_header_says_who_may_see_it():
    assert parse_definition(FILE).sensitivity == "public"
    personal = parse_definition(FILE.replace("-- owner: crm", "-- owner: crm\n-- sensitivity: personal"))
    assert personal.sensitivity == "personal"
    assert parse_definition(definition_text(personal)).sensitivity == "personal"
    [problem] = problems_of(FILE.replace("-- owner: crm", "-- owner: crm\n-- sensitivity: secret"))
    assert "7:1" in problem and "unknown sensitivity 'secret'" in problem
