"""What the registry costs with very many tags and versions, counted in statements: a clock would measure the machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import event

from jobs.tag_files import BUILTIN, apply, diff
from stores.mysql import transaction
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from tagging import lifecycle
from tagging.definition import TagDefinition, parse_definition
from tagging.lifecycle import MOST_VERSIONS, Policy, Tag
from tagging.synchronise import Change
from tests.conftest import RunningStack

pytestmark = pytest.mark.stack

TAGS = 200
AT_MS = 1_790_000_000_000
A_WRITE = 4
"""Statements of one tag's write: take the tag's row, read what its versions are, write the one that changed, say who did it."""


class Counted(TagRegistry):
    """The real registry, with what it was asked."""

    def count(self) -> list[str]:
        asked: list[str] = []
        event.listen(self._engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
        return asked


@pytest.fixture
def registry(stack: RunningStack) -> Iterator[Counted]:
    migrate(stack.settings)
    found = Counted(stack.settings)
    yield found
    found.close()


@pytest.fixture
def prefix(stack: RunningStack) -> Iterator[str]:
    """What the names of this test's tags begin with; they are gone afterwards."""
    name = f"s{uuid.uuid4().hex[:12]}"
    yield name
    with transaction(stack.settings) as cursor:
        values = {"names": f"{name}%"}
        cursor.execute("DELETE FROM tag_audit WHERE tag LIKE %(names)s", values)
        cursor.execute("DELETE FROM tag_versions WHERE tag LIKE %(names)s", values)
        cursor.execute("DELETE FROM tags WHERE name LIKE %(names)s", values)


def files(prefix: str) -> dict[str, TagDefinition]:
    text = (BUILTIN / "heat_1h.sql").read_text(encoding="utf-8")
    names = [f"{prefix}_{number}" for number in range(TAGS)]
    return {name: replace(parse_definition(text), name=name) for name in names}


def test_two_hundred_tags_are_written_in_so_many_writes_and_then_listed_and_compared_in_one_statement(registry, prefix):
    asked = registry.count()
    assert len(apply(registry, files(prefix), "ann", AT_MS)) == TAGS
    assert len(asked) == 1 + A_WRITE * TAGS
    for look in (registry.tags, registry.pointers, lambda: diff(registry, files(prefix))):
        asked.clear()
        look()
        assert len(asked) == 1
    asked.clear()
    assert apply(registry, files(prefix), "ann", AT_MS) == []
    assert len(asked) == 1
    changes = {d.change for d in diff(registry, files(prefix)) if d.tag.startswith(prefix)}
    assert changes == {Change.SAME}


def test_a_change_of_one_version_costs_the_same_however_many_there_are(registry, prefix):
    tag = Tag(prefix, "ops", "risk")
    for number in range(MOST_VERSIONS):
        tag = lifecycle.add(tag, f"text {number}", "ann", AT_MS)
    tag = registry.save(tag, [])
    asked = registry.count()
    saved = registry.save(lifecycle.build(tag, MOST_VERSIONS, AT_MS, Policy()), [])
    assert len(asked) == A_WRITE - 1
    assert registry.tag(prefix) == saved
