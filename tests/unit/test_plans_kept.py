"""Compiled plans beside the state of their jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs import plans
from jobs.builtin import builtin_tags
from jobs.statements import Job, Statements, statements
from stores.settings import Settings

TEXT = Statements(
    ("CREATE TEMPORARY TABLE a", "-- b\nCREATE TEMPORARY VIEW b AS SELECT 1"), ("INSERT INTO a SELECT 1",)
)
KEY = plans.plan_key(TEXT, "three days")


def test_a_plan_is_found_again_under_its_key_and_no_other(tmp_path: Path):
    plans.keep(tmp_path.as_uri(), "tags", KEY, '{"nodes": ["ü"]}')
    assert plans.kept(tmp_path.as_uri(), "tags", KEY) == '{"nodes": ["ü"]}'
    assert plans.kept(tmp_path.as_uri(), "tags", KEY[::-1]) is None
    assert plans.kept(tmp_path.as_uri(), "other", KEY) is None


@pytest.mark.parametrize(
    ("text", "made_for"),
    [
        (TEXT, "four days"),
        (Statements(TEXT.declarations[:1], TEXT.inserts), "three days"),
        (Statements(TEXT.declarations, ("INSERT INTO a SELECT 2",)), "three days"),
        (Statements((*TEXT.declarations, *TEXT.inserts), ()), ""),
    ],
)
def test_another_text_or_purpose_has_another_key(text: Statements, made_for: str):
    assert plans.plan_key(text, made_for) != KEY
    assert plans.plan_key(TEXT, "three days") == KEY


def test_the_newest_plan_of_a_job_takes_the_place_of_its_others(tmp_path: Path):
    for key, plan in (("one", "1"), ("two", "2"), ("two", "2")):
        plans.keep(tmp_path.as_uri(), "tag.city.v1", key, plan)
    assert [path.name for path in (tmp_path / "plans" / "tag.city.v1").iterdir()] == ["two"]


def test_a_forgotten_plan_is_gone_and_forgetting_none_is_no_error(tmp_path: Path):
    plans.keep(tmp_path.as_uri(), "a/b", KEY, "1")
    plans.forget(tmp_path.as_uri(), "a/b")
    plans.forget(tmp_path.as_uri(), "a/b")
    assert plans.kept(tmp_path.as_uri(), "a/b", KEY) is None


def test_a_folder_that_cannot_be_written_or_read_is_told_and_costs_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "plans").write_text("a file where a folder is to be")
    plans.keep(tmp_path.as_uri(), "tags", KEY, "1")
    assert plans.kept(tmp_path.as_uri(), "tags", KEY) is None
    said = capsys.readouterr().out
    assert "plan_is_not_kept" in said and "plan_is_not_readable" in said


def test_a_plan_needs_the_tables_of_a_job_and_none_of_its_views():
    text = statements(Job("tags", builtin_tags()), Settings())
    views = set(text.declarations) - set(text.tables)
    assert all("CREATE TEMPORARY TABLE " in table for table in text.tables)
    assert views and all("CREATE TEMPORARY VIEW " in view for view in views)
