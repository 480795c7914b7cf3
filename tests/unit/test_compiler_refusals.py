"""What the compiler refuses, and within which bounds. More texts, with every word of the answer, are in tests/golden/refused."""

from __future__ import annotations

import pytest

from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition
from tagging.problems import TagProblems


def compiled(sql: str, value_type: str = "integer", **options) -> CompiledTag:
    return compile_tag(TagDefinition("tag", "", "", value_type, "basic", "tests", sql), **options)


def problems(sql: str, value_type: str = "integer") -> list[str]:
    with pytest.raises(TagProblems) as refused:
        compiled(sql, value_type)
    return [problem.message for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("value_type", "value"),
    [("integer", "city"), ("integer", "1.5"), ("boolean", "1"), ("decimal", "city"), ("string", "registered_at")],
)
def test_a_value_of_another_kind_than_the_header_says_is_refused(value_type, value):
    assert [
        message.split(",")[0] for message in problems(f"SELECT user_id, {value} AS value FROM users", value_type)
    ] == [f"the tag's type is {value_type}"]


@pytest.mark.parametrize("order", ["n DESC", "n DESC, UPPER(item_id)", "user_id"])
def test_a_rank_whose_order_leaves_ties_is_refused(order):
    assert problems(
        "SELECT user_id, item_id AS value FROM (SELECT user_id, item_id, COUNT(*) AS n FROM events GROUP BY user_id, item_id) "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY {order}) = 1",
        "string",
    ) == ["rows that are equal in this order could come in any order"]


def test_the_right_side_of_a_left_join_is_nobodys_key():
    assert problems(
        "SELECT o.user_id, u.birth_year AS value FROM users AS u LEFT JOIN "
        "(SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id) AS o ON o.user_id = u.user_id"
    ) == ["there can be several rows for one user"]


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        (
            "windows",
            " UNION ALL ".join(f"SELECT user_id FROM LAST(events, INTERVAL '{hours}' HOUR)" for hours in range(1, 10)),
        ),
        ("UNION ALL", " UNION ALL ".join(["SELECT user_id FROM events"] * 18)),
        (
            "joins",
            "SELECT e.user_id FROM events AS e "
            + " ".join(f"JOIN users AS u{i} ON u{i}.user_id = e.user_id" for i in range(9)),
        ),
    ],
)
def test_windows_joins_and_unions_are_bounded(what, sql):
    (message,) = problems(f"SELECT user_id, COUNT(*) AS value FROM ({sql}) GROUP BY user_id")
    assert f" {what}, at most " in message


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 500 + "1" + ")" * 500,
        "- " * 900 + "1",
        "NOT " * 900 + "TRUE",
        "CASE WHEN TRUE THEN " * 300 + "1" + " END" * 300,
    ],
)
def test_deep_nesting_is_refused_and_does_not_overflow(expression):
    assert any(
        "nested deeper than" in message for message in problems(f"SELECT user_id, {expression} AS value FROM users")
    )


@pytest.mark.parametrize("text", ["x" * 30_000, "SELECT " + ",".join(["a"] * 3_000)])
def test_a_text_that_is_too_long_is_refused(text):
    assert len(problems(text)) == 1


@pytest.mark.parametrize("character", ["\0", "\x1b", "\r", "\u200b", "\u2028", "\ufeff", "\ue000", "\U000e0041"])
def test_characters_that_cannot_be_seen_are_refused_even_in_texts_and_comments(character):
    for text in (
        f"SELECT user_id, '{character}' AS value FROM users",
        f"SELECT user_id, 1 AS value FROM users -- {character}",
    ):
        assert [message.split(" (")[0] for message in problems(text, "string")] == [
            f"the character U+{ord(character):04X}"
        ]


def test_problems_come_in_order_of_place_and_each_once():
    with pytest.raises(TagProblems) as refused:
        compiled("SELECT\n  user_id,\n  foo(nope) AS value\nFROM users\nWHERE nope = 1 AND\n  city = 3\n")
    found = refused.value.problems
    assert list(found) == sorted(set(found))
    assert [(problem.line, problem.column) for problem in found] == [(3, 3), (5, 7), (6, 10)]
