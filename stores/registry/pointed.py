"""The tags that readers see, as the registry's pointers say, and those built-in ones that it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stores import logs
from stores.registry.store import Pointer
from tagging.definition import TagDefinition
from tagging.sight import Sight, Versions, versions

log = logs.get("stores.registry")


def pointed(pointers: Sequence[Pointer], builtin: Iterable[TagDefinition]) -> Sight:
    """All that may be read now, each with the sensitivity that its values have."""
    found = {tag.name: Versions(tag.version, {tag.version: tag}) for tag in builtin}
    for pointer in pointers:
        own = () if pointer.version is None else ((pointer.version, pointer.text),)
        held = found[pointer.tag] = versions(pointer.tag, pointer.version, (*own, *pointer.others))
        if pointer.version is not None and pointer.version not in held.definitions:
            log.warning("tag_is_not_readable", tag=pointer.tag, version=pointer.version)
    return Sight(found)
