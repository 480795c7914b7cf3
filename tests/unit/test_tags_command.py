"""Files of tags and the registry, both ways."""

from __future__ import annotations

import pytest

import sql
from jobs.tag_files import BUILTIN, apply, diff, export, read_files
from tagging import lifecycle
from tagging.lifecycle import Policy, Status
from tagging.problems import TagProblems
from tagging.synchronise import Change
from tests.fakes.memory_registry import MemoryRegistry

FILE = """-- name: {name}
-- title: City
-- description: Where the user lives.
-- type: string
-- dimension: basic
-- owner: crm

SELECT user_id, {column} AS value
FROM users
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "home.sql").write_text(FILE.format(name="home", column="city"), encoding="utf-8")
    return tmp_path


def test_the_built_in_tags_are_live_in_the_job_that_carries_them():
    registry = MemoryRegistry()
    apply(registry, read_files(BUILTIN), "ann", 1)
    assert len(registry.pointers()) == len(sql.tag_files())
    assert {(tag.live.version, tag.live.job) for tag in registry.tags()} == {(1, "tags")}


def test_applying_once_more_writes_nothing():
    registry = MemoryRegistry()
    apply(registry, read_files(BUILTIN), "ann", 1)
    before = registry.tags()
    assert apply(registry, read_files(BUILTIN), "ann", 2) == []
    assert registry.tags() == before
    assert {difference.change for difference in diff(registry, read_files(BUILTIN))} == {Change.SAME}


def test_a_new_file_becomes_a_draft_and_a_changed_one_the_next_version(folder):
    registry = MemoryRegistry()
    apply(registry, read_files(folder), "ann", 1)
    (folder / "home.sql").write_text(FILE.format(name="home", column="country"), encoding="utf-8")
    [(difference, number)] = apply(registry, read_files(folder), "ben", 2)
    assert (difference.change, number) == (Change.NEW_VERSION, 2)
    assert [(v.status, v.created_by) for v in registry.tag("home").versions] == [("draft", "ann"), ("draft", "ben")]
    assert [entry.what for entry in registry.audit("home")] == ["apply: new version", "apply: new tag"]


def reading() -> str:
    """A file that reads `home` and says no version."""
    text = FILE.format(name="fans", column="city").partition("SELECT")[0]
    return text + "SELECT user_id, value\nFROM TAG(home)\n"


def live(registry: MemoryRegistry, name: str, version: int) -> None:
    """Let a version go live as the controller does."""
    tag = lifecycle.build(registry.tag(name), version, 5, Policy())
    tag = lifecycle.switch(lifecycle.ready(tag, version, 6), version, 7)
    registry.save(tag, [])


def test_a_file_that_names_no_versions_reads_the_live_ones_and_stays_with_them_while_it_is_unchanged(folder):
    registry = MemoryRegistry()
    apply(registry, read_files(folder), "ann", 1)
    live(registry, "home", 1)
    (folder / "fans.sql").write_text(reading(), encoding="utf-8")
    [(difference, _)] = apply(registry, read_files(folder, registry.tags()), "ann", 2)
    assert difference.tag == "fans"
    assert "-- reads: home v1 string" in registry.tag("fans").versions[-1].text
    (folder / "home.sql").write_text(FILE.format(name="home", column="country"), encoding="utf-8")
    assert len(apply(registry, read_files(folder, registry.tags()), "ann", 3)) == 1
    live(registry, "home", 2)
    assert apply(registry, read_files(folder, registry.tags()), "ann", 4) == []
    changed = reading().replace("title: City", "title: Fans")
    (folder / "fans.sql").write_text(changed, encoding="utf-8")
    apply(registry, read_files(folder, registry.tags()), "ann", 5)
    assert "-- reads: home v1 string" in registry.tag("fans").versions[-1].text, (
        "what is read is changed by who says so"
    )
    (folder / "fans.sql").write_text(
        changed.replace("\n\nSELECT", "\n-- reads: home v2 string\n\nSELECT"), encoding="utf-8"
    )
    [(difference, number)] = apply(registry, read_files(folder, registry.tags()), "ann", 6)
    assert (difference.tag, number) == ("fans", 3)


def test_a_file_that_reads_a_tag_that_is_not_live_is_refused_with_its_line(folder):
    registry = MemoryRegistry()
    apply(registry, read_files(folder), "ann", 1)
    (folder / "fans.sql").write_text(reading(), encoding="utf-8")
    with pytest.raises(TagProblems, match="there is no live tag 'home'"):
        read_files(folder, registry.tags())


def test_what_is_exported_applies_as_nothing(folder, tmp_path):
    registry = MemoryRegistry()
    apply(registry, read_files(BUILTIN), "ann", 1)
    out = tmp_path / "out"
    assert export(registry, out, dry_run=True) and not out.exists()
    assert len(export(registry, out)) == len(sql.tag_files())
    assert export(registry, out) == []
    assert apply(registry, read_files(out), "ann", 2) == []


def test_a_text_that_failed_is_registered_again(folder):
    registry = MemoryRegistry()
    apply(registry, read_files(folder), "ann", 1)
    failed = lifecycle.fail(lifecycle.build(registry.tag("home"), 1, 2, Policy()), 1, "no slot", 3)
    registry.save(failed, [])
    [(_, number)] = apply(registry, read_files(folder), "ann", 4)
    assert number == 2
    assert registry.tag("home").version(1).status is Status.FAILED


def test_a_tag_without_a_file_stays(folder):
    registry = MemoryRegistry()
    apply(registry, read_files(folder), "ann", 1)
    before = registry.tags()
    (folder / "home.sql").unlink()
    assert [d.change for d in diff(registry, read_files(folder))] == [Change.ABSENT]
    assert apply(registry, read_files(folder), "ann", 2) == []
    assert registry.tags() == before


def test_a_tag_in_two_files_is_refused_with_its_place(folder):
    (folder / "other.sql").write_text(FILE.format(name="home", column="city"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"other\.sql: tag home is in another file"):
        read_files(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no_such_folder"):
        read_files(tmp_path / "no_such_folder")
