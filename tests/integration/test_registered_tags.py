"""The live tags by the real registry."""

from __future__ import annotations

import pytest

from api.live.registry import BuiltinTags, RegisteredTags
from jobs.tag_files import BUILTIN, apply, read_files
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from tests.conftest import RunningStack

pytestmark = pytest.mark.stack


def test_a_database_that_nobody_has_migrated_shows_the_built_in_tags(stack: RunningStack):
    # The shop's database holds no table of the registry.
    mysql = stack.settings.mysql.model_copy(update={"tagging_database": stack.settings.mysql.shop_database})
    registry = TagRegistry(stack.settings.model_copy(update={"mysql": mysql}))
    assert RegisteredTags(registry, BuiltinTags()).tags() == BuiltinTags().tags()
    registry.close()


def test_the_built_in_tags_come_back_from_mysql_as_they_are_in_the_files(stack: RunningStack):
    migrate(stack.settings)
    registry = TagRegistry(stack.settings)
    apply(registry, read_files(BUILTIN), "ann", 1_790_000_000_000)
    found = {tag.name: tag for tag in RegisteredTags(registry, BuiltinTags()).tags()}
    assert {name: found[name] for name in BuiltinTags().by_name} == dict(BuiltinTags().by_name)
    assert {pointer.tag for pointer in registry.pointers()} >= set(BuiltinTags().by_name)
    registry.close()
