"""Which version of a tag the API's readers ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app
from api.live.registry import BuiltinTags, RegisteredTags
from api.ports import ProfileValue, Unavailable
from jobs.tag_files import BUILTIN, apply, read_files
from stores.mysql import MySQLUnavailable
from stores.settings import Settings
from tagging import lifecycle
from tagging.lifecycle import Policy
from tests.fakes.api_stores import MemoryProfiles, seeded
from tests.fakes.memory_registry import MemoryRegistry

AT_MS = 1_790_000_000_000


class AwayRegistry(MemoryRegistry):
    """A registry that can be away."""

    away = False

    def pointers(self):
        if self.away:
            raise MySQLUnavailable("mysql at 10.0.0.1:3306: connection refused")
        return super().pointers()


@pytest.fixture
def registry() -> AwayRegistry:
    return AwayRegistry()


@pytest.fixture
def readers(registry) -> RegisteredTags:
    return RegisteredTags(registry, BuiltinTags())


def publish(registry: MemoryRegistry, name: str, title: str) -> None:
    tag = registry.tag(name)
    text = tag.live.text.replace("-- title: ", f"-- title: {title} ")
    tag = lifecycle.add(tag, text, "ann", AT_MS)
    number = tag.versions[-1].version
    tag = lifecycle.ready(lifecycle.build(tag, number, AT_MS, Policy()), number, AT_MS)
    registry.save(lifecycle.switch(tag, number, AT_MS), [])


def versions(readers: RegisteredTags) -> dict[str, int]:
    return {tag.name: tag.version for tag in readers.tags()}


def test_an_empty_registry_shows_the_built_in_tags(readers):
    assert readers.tags() == BuiltinTags().tags()


def test_registered_built_in_tags_are_the_same_tags(registry, readers):
    apply(registry, read_files(BUILTIN), "ann", AT_MS)
    assert readers.tags() == BuiltinTags().tags()


def test_a_switch_is_seen_by_the_next_request_in_definition_and_value(registry, readers):
    apply(registry, read_files(BUILTIN), "ann", AT_MS)
    profile = [ProfileValue("city", 1, "Bern", AT_MS), ProfileValue("city", 2, "BERN", AT_MS)]
    stores = replace(seeded().stores(), profiles=MemoryProfiles({"u1": profile}), registry=readers)
    client = create_app(Settings(), stores).test_client()

    def city() -> tuple[str, str]:
        [tag] = [tag for tag in client.get("/api/v1/users/u1").get_json()["tags"] if tag["tag"] == "city"]
        return client.get("/api/v1/tags/city").get_json()["title"], tag["value"]

    title, value = city()
    assert value == "Bern"
    publish(registry, "city", "Loud")
    assert city() == (f"Loud {title}", "BERN")


def test_a_draft_is_not_seen_and_a_retired_tag_no_longer(registry, readers):
    apply(registry, read_files(BUILTIN), "ann", AT_MS)
    tag = registry.save(lifecycle.add(registry.tag("city"), "draft", "ann", AT_MS), [])
    assert versions(readers)["city"] == 1
    registry.save(lifecycle.retire(tag, 1, AT_MS), [])
    assert "city" not in versions(readers)
    assert versions(readers)["heat_1h"] == 1


def test_while_mysql_is_away_the_tags_stay_as_they_were_last_read(registry, readers):
    apply(registry, read_files(BUILTIN), "ann", AT_MS)
    publish(registry, "city", "Loud")
    before = readers.tags()
    registry.away = True
    assert readers.tags() == before
    with pytest.raises(Unavailable, match="mysql does not answer"):
        RegisteredTags(registry, BuiltinTags()).tags()
