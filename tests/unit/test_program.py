"""Many tags as one program."""

from __future__ import annotations

from itertools import permutations

import pytest

from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition
from tagging.program import build_program


def tag(name: str, sql: str, version: int = 1) -> CompiledTag:
    return compile_tag(TagDefinition(name, "", "", "integer", "behaviour", "tests", sql, version))


VIEWS = tag("views", "SELECT user_id, COUNT(item_id) AS value FROM LAST(events, INTERVAL '7' DAY) GROUP BY user_id")
TYPES = tag(
    "types", "SELECT user_id, COUNT(event_type) AS value FROM LAST(events, INTERVAL '168' HOUR) GROUP BY user_id"
)
PANES = tag(
    "panes",
    "SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '7' DAY, INTERVAL '30' MINUTE) GROUP BY user_id",
)
PLAIN = tag("plain", "SELECT user_id, birth_year AS value FROM users")


def test_tags_with_the_same_window_share_one_view_with_the_columns_of_both():
    views = dict(build_program([VIEWS, TYPES]).views)
    assert list(views) == ["events__last_10080m_60m"]
    assert "`event_id`, `user_id`, `event_type`, `item_id`\n" in views["events__last_10080m_60m"]


def test_a_pane_of_its_own_is_a_view_of_its_own():
    names = [name for name, _ in build_program([VIEWS, PANES]).views]
    assert names == ["events__last_10080m_30m", "events__last_10080m_60m"]


def test_a_tag_without_a_window_needs_no_view():
    assert build_program([PLAIN]).views == ()


def test_the_order_in_which_tags_are_given_changes_nothing():
    programs = [build_program(tags) for tags in permutations([VIEWS, TYPES, PANES, PLAIN])]
    assert all(program == programs[0] for program in programs)


def test_every_tag_has_its_insert():
    program = build_program([VIEWS, PLAIN])
    assert program.inserts == ((PLAIN, PLAIN.query), (VIEWS, VIEWS.query))


def test_two_versions_of_a_tag_can_run_side_by_side_but_not_the_same_twice():
    newer = tag("views", VIEWS.definition.sql, version=2)
    assert len(build_program([newer, VIEWS]).inserts) == 2
    with pytest.raises(ValueError, match="views version 1"):
        build_program([VIEWS, VIEWS])


def test_no_tags_are_no_program():
    assert build_program([]).views == build_program([]).inserts == ()
