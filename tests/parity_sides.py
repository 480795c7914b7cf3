"""Both sides of a comparison in memory, as the real code reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from jobs.parity_sides import Batch
from stores.hbase import ProfileCell
from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition
from tagging.parity import Stored
from tests.fakes.memory_stores import MemoryProfiles


def tag(name: str, version: int = 1, value_type: str = "string", sql: str = "SELECT user_id, city AS value FROM users"):
    """A tag that compiles."""
    return compile_tag(TagDefinition(name, name, "", value_type, "basic", "tests", sql, version))


def batch_of(values: Mapping[str, Mapping[str, Any]]) -> Batch:
    """What a batch run answered: tag -> user_id -> value."""
    messages = [
        orjson.dumps({"tag": name, "user_id": user_id, "value": value})
        for name, users in values.items()
        for user_id, value in users.items()
    ]
    return Batch(lambda: messages)


def profiles_of(tags: Mapping[str, CompiledTag], held: Mapping[str, Mapping[str, Stored]]) -> MemoryProfiles:
    """Profiles that hold this: tag -> user_id -> value."""
    store = MemoryProfiles()
    store.create_table()
    for name, users in held.items():
        for user_id, stored in users.items():
            key = (name, tags[name].definition.version)
            store.write({user_id: {key: ProfileCell(stored.value, stored.changed_at_ms, stored.offset)}})
    return store
