"""The registry in memory. It passes the contract suite of the real one (tests/contract/test_registry.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stores.registry.requests import KEPT_MS, Asked, AskedTwice
from stores.registry.store import Conflict, Entry, Pointer
from tagging.lifecycle import Tag


class MemoryRegistry:
    """Tags by name."""

    def __init__(self) -> None:
        self._tags: dict[str, Tag] = {}
        self._audit: list[Entry] = []
        self._asked: dict[tuple[str, str], Asked] = {}

    def tags(self) -> Sequence[Tag]:
        return [self._tags[name] for name in sorted(self._tags)]

    def tag(self, name: str) -> Tag | None:
        return self._tags.get(name)

    def pointers(self) -> Sequence[Pointer]:
        return [
            Pointer(tag.name, tag.live.version if tag.live else None, tag.live.text if tag.live else "")
            for tag in self.tags()
        ]

    def save(self, tag: Tag, entries: Sequence[Entry], asked: Asked | None = None) -> Tag:
        if asked and self.asked(asked.who, asked.key):
            raise AskedTwice(f"the key {asked.key} was used by {asked.who} already")
        held = self._tags.get(tag.name)
        if (held.revision if held else 0) != tag.revision:
            raise Conflict(f"tag {tag.name} was written since revision {tag.revision} was read: read it again")
        texts = {version.version: version.text for version in held.versions} if held else {}
        for version in tag.versions:
            if texts.get(version.version, version.text) != version.text:
                raise Conflict(f"version {version.version} of tag {tag.name} has another text: add a version")
        self._tags[tag.name] = replace(tag, revision=tag.revision + 1)
        self._audit += entries
        if asked:
            kept = {place: found for place, found in self._asked.items() if found.at_ms >= asked.at_ms - KEPT_MS}
            self._asked = {**kept, (asked.who, asked.key): asked}
        return self._tags[tag.name]

    def asked(self, who: str, key: str) -> Asked | None:
        return self._asked.get((who, key))

    def audit(self, tag: str, limit: int = 100) -> Sequence[Entry]:
        return [entry for entry in reversed(self._audit) if entry.tag == tag][:limit]
