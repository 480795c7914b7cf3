"""The registry of tags: the one in MySQL, and the one in memory."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event

from stores.mysql import MySQLUnavailable, transaction
from stores.registry.engine import engine
from stores.registry.models import Base
from stores.registry.requests import KEPT_MS, Asked, AskedTwice
from stores.registry.schema import migrate
from stores.registry.store import Conflict, Entry, Pointer, TagRegistry
from stores.settings import MySQL, Settings
from tagging import lifecycle
from tagging.lifecycle import Policy, Status, Tag
from tests.fakes.memory_registry import MemoryRegistry

AT_MS = 1_790_000_000_123


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def registry(request):
    if request.param == "memory":
        yield MemoryRegistry()
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    real = TagRegistry(settings)
    yield real
    real.close()


@pytest.fixture
def new() -> Tag:
    """A tag with a draft, under a name of its own."""
    tag = Tag(f"t{uuid.uuid4().hex}", "ops", "risk")
    return lifecycle.add(tag, "SELECT 'Zürich 😀' AS value -- %s {x:Int8}\n", "ann", AT_MS)


def entry(tag: Tag, what: str, version: int | None = 1) -> Entry:
    return Entry(tag.name, version, "ann", what, AT_MS)


def live(tag: Tag, number: int) -> Tag:
    policy = Policy()
    tag = lifecycle.ready(lifecycle.build(tag, number, AT_MS, policy), number, AT_MS)
    return lifecycle.switch(tag, number, AT_MS)


def test_what_is_saved_is_read_again(registry, new):
    saved = registry.save(new, [entry(new, "draft")])
    assert saved == replace(new, revision=1)
    assert registry.tag(new.name) == saved
    assert saved in registry.tags()
    assert registry.tag("no_such_tag") is None


def test_every_field_of_a_version_comes_back(registry, new):
    tag = lifecycle.approve(new, 1, "bob")
    tag = lifecycle.fail(lifecycle.build(tag, 1, AT_MS + 1, Policy()), 1, "missing: 3 users", AT_MS + 2)
    saved = registry.save(lifecycle.clean(tag, 1, AT_MS + 3, Policy(rollback_window_ms=1)), [])
    assert registry.tag(new.name) == saved
    assert saved.versions[0].cause == "missing: 3 users"
    assert saved.versions[0].cleaned


def test_a_tag_without_versions_is_a_tag(registry):
    empty = Tag(f"t{uuid.uuid4().hex}", "ops", "risk")
    assert registry.save(empty, []) == registry.tag(empty.name)


def test_the_live_version_is_the_one_switched_to(registry, new):
    def live_of_new():
        return [found for found in registry.pointers() if found.tag == new.name]

    one, two = (1, new.versions[0].text), (2, "two")
    tag = registry.save(new, [])
    assert live_of_new() == [Pointer(new.name, None, "", (one,))]
    tag = registry.save(live(tag, 1), [])
    assert live_of_new() == [Pointer(new.name, *one)]
    tag = registry.save(live(lifecycle.add(tag, "two", "ann", AT_MS), 2), [])
    assert live_of_new() == [Pointer(new.name, *two, (one,))]
    registry.save(lifecycle.retire(tag, 2, AT_MS), [])
    assert live_of_new() == [Pointer(new.name, None, "", (one, two))]


def test_a_pointer_names_the_newest_version_and_those_that_may_hold_values(registry, new):
    tag = live(new, 1)
    for text in ("two", "three", "four"):
        tag = lifecycle.add(tag, text, "ann", AT_MS)
    registry.save(tag, [])
    [found] = [found for found in registry.pointers() if found.tag == new.name]
    assert (found.version, found.others) == (1, ((4, "four"),))
    tag = lifecycle.build(registry.tag(new.name), 3, AT_MS, Policy())
    tag = lifecycle.build(lifecycle.fail(tag, 3, "away", AT_MS), 2, AT_MS, Policy())
    registry.save(tag, [])
    [found] = [found for found in registry.pointers() if found.tag == new.name]
    assert (found.version, found.others) == (1, ((2, "two"), (4, "four")))
    tag = registry.tag(new.name)
    tag = lifecycle.switch(lifecycle.ready(tag, 2, AT_MS), 2, AT_MS)
    tag = registry.save(lifecycle.clean(tag, 1, AT_MS + 9, Policy(rollback_window_ms=1)), [])
    [found] = [found for found in registry.pointers() if found.tag == new.name]
    assert (found.version, found.others) == (2, ((4, "four"),))


def test_who_writes_on_what_is_no_longer_so_is_refused_and_changes_nothing(registry, new):
    first = registry.save(new, [entry(new, "draft")])
    second = registry.save(lifecycle.approve(first, 1, "bob"), [entry(new, "approve")])
    with pytest.raises(Conflict, match="revision 1"):
        registry.save(lifecycle.add(first, "late", "cy", AT_MS), [entry(new, "late")])
    with pytest.raises(Conflict):
        registry.save(new, [entry(new, "again")])
    assert registry.tag(new.name) == second
    assert [line.what for line in registry.audit(new.name)] == ["approve", "draft"]


def test_a_text_that_is_stored_never_changes(registry, new):
    saved = registry.save(new, [])
    other = replace(saved, versions=(replace(saved.versions[0], text="SELECT 2"),))
    with pytest.raises(Conflict, match="has another text"):
        registry.save(other, [entry(new, "forged")])
    assert registry.tag(new.name) == saved
    assert registry.audit(new.name) == []


def test_the_audit_trail_is_newest_first_and_bounded(registry, new):
    registry.save(new, [entry(new, f"step {number}", number) for number in range(5)])
    assert registry.audit(new.name, 2) == [entry(new, "step 4", 4), entry(new, "step 3", 3)]


def test_a_request_that_comes_twice_is_done_once(registry, new):
    who = uuid.uuid4().hex
    asked = Asked(who, "k 1", "a" * 64, new.name, 1, AT_MS)
    assert registry.asked(who, "k 1") is None
    saved = registry.save(new, [entry(new, "draft")], asked)
    with pytest.raises(AskedTwice):
        registry.save(lifecycle.add(saved, "two", "ann", AT_MS), [entry(new, "again")], asked)
    assert registry.tag(new.name) == saved
    assert [line.what for line in registry.audit(new.name)] == ["draft"]
    assert registry.asked(who, "k 1") == asked
    assert registry.asked("another", "k 1") is None


def test_a_request_whose_write_is_refused_may_come_again(registry, new):
    who = uuid.uuid4().hex
    saved = registry.save(new, [])
    asked = Asked(who, "k", "a" * 64, new.name, 2, AT_MS)
    with pytest.raises(Conflict):
        registry.save(replace(saved, revision=7), [], asked)
    assert registry.asked(who, "k") is None


def test_a_request_is_forgotten_after_a_day(registry, new):
    who = uuid.uuid4().hex
    saved = registry.save(new, [], Asked(who, "old", "a" * 64, new.name, 1, AT_MS - KEPT_MS - 1))
    registry.save(saved, [], Asked(who, "new", "a" * 64, new.name, 1, AT_MS))
    assert registry.asked(who, "old") is None
    assert registry.asked(who, "new") is not None


@pytest.mark.stack
def test_of_many_that_write_at_once_one_wins(stack, new):
    migrate(stack.settings)
    registry = TagRegistry(stack.settings)
    saved = registry.save(new, [])
    start = threading.Barrier(6)
    outcomes: list[str] = []

    def write(place: int) -> None:
        start.wait()
        try:
            registry.save(lifecycle.add(saved, f"text {place}", "ann", AT_MS), [])
            outcomes.append("won")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=write, args=(place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 5 + ["won"]
    assert len(registry.tag(new.name).versions) == 2
    registry.close()


@pytest.mark.stack
def test_a_read_is_one_query_however_many_tags_there_are(stack, new):
    migrate(stack.settings)
    registry = TagRegistry(stack.settings)
    registry.save(lifecycle.add(new, "two", "ann", AT_MS), [])
    asked: list[str] = []
    event.listen(registry._engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    registry.tags(), registry.pointers(), registry.tag(new.name)
    assert len(asked) == 3
    registry.close()


@pytest.mark.stack
def test_a_row_that_a_person_inserts_is_a_draft(stack, new):
    migrate(stack.settings)
    with transaction(stack.settings) as cursor:
        cursor.execute("INSERT INTO tags (name) VALUES (%(name)s)", {"name": new.name})
        values = {"tag": new.name, "text": new.versions[0].text}
        cursor.execute("INSERT INTO tag_versions (tag, version, text) VALUES (%(tag)s, 1, %(text)s)", values)
    registry = TagRegistry(stack.settings)
    found = registry.tag(new.name)
    assert (found.versions[0].status, found.versions[0].text) == (Status.DRAFT, new.versions[0].text)
    assert registry.save(lifecycle.approve(found, 1, "bob"), []).revision == 2
    registry.close()


@pytest.mark.stack
def test_a_row_of_a_status_that_there_is_not_has_failed_and_keeps_no_other_tag_from_being_read(stack, new):
    migrate(stack.settings)
    registry = TagRegistry(stack.settings)
    registry.save(new, [])
    with transaction(stack.settings) as cursor:
        cursor.execute("UPDATE tag_versions SET status = 'lively' WHERE tag = %(tag)s", {"tag": new.name})
    found = next(tag for tag in registry.tags() if tag.name == new.name)
    assert found.versions[0].status is Status.FAILED
    assert found.versions[0].cause.startswith("status 'lively' in the registry; allowed: draft, building")
    registry.close()


@pytest.mark.stack
def test_migrating_again_changes_nothing_and_leaves_the_tables_of_others(stack, new):
    migrate(stack.settings)
    registry = TagRegistry(stack.settings)
    saved = registry.save(new, [])
    migrate(stack.settings)
    assert registry.tag(new.name) == saved
    registry.close()
    with transaction(stack.settings) as cursor:
        cursor.execute("SHOW TABLES")
        tables = {next(iter(row.values())) for row in cursor.fetchall()}
    assert {"tags", "tag_versions", "tag_audit", "user_numbers", "user_number_counter", "flink_jobs"} <= tables


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(MySQLUnavailable, match=r"mysql at 127\.0\.0\.1:1: "):
        TagRegistry(Settings(mysql=MySQL(port=1))).tags()


@pytest.mark.stack
def test_the_migrations_make_the_tables_that_the_models_describe(stack):
    migrate(stack.settings)
    chosen = engine(stack.settings)
    with chosen.connect() as connection:
        options = {"include_name": lambda name, kind, parents: kind != "table" or name in Base.metadata.tables}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []
    chosen.dispose()
