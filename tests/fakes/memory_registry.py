"""The registry in memory. It passes the contract suite of the real one (tests/contract/test_registry.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stores.registry.requests import KEPT_MS, Asked, AskedTwice
from stores.registry.store import MAY_HOLD_VALUES, Conflict, Entry, Pointer, pointer
from tagging.lifecycle import Red, Tag
from tagging.parity_history import red_reason
from tests.fakes.memory_parity import MemoryParityRuns


class MemoryRegistry:
    """Tags by name. `runs`: the history of comparisons that says which versions are red."""

    def __init__(self, runs: MemoryParityRuns | None = None) -> None:
        self._runs = runs
        self._tags: dict[str, Tag] = {}
        self._audit: list[Entry] = []
        self._asked: dict[tuple[str, str], Asked] = {}

    def tags(self) -> Sequence[Tag]:
        return [self._tags[name] for name in sorted(self._tags)]

    def tag(self, name: str) -> Tag | None:
        return self._tags.get(name)

    def pointers(self) -> Sequence[Pointer]:
        return [
            pointer(
                tag.name,
                tag.live.version if tag.live else None,
                {
                    version.version: version.text
                    for version in tag.versions
                    if version in (tag.live, tag.versions[-1])
                    or (version.status in MAY_HOLD_VALUES and not version.cleaned)
                },
            )
            for tag in self.tags()
        ]

    def save(self, tag: Tag, entries: Sequence[Entry], asked: Asked | None = None) -> Tag:
        if asked and self.asked(asked.who, asked.key):
            raise AskedTwice(f"the key {asked.key} was used by {asked.who} already")
        held = self._tags.get(tag.name)
        if (held.revision if held else 0) != tag.revision:
            raise Conflict(f"tag {tag.name} was written since revision {tag.revision} was read: read it again")
        self._refuse_red(held, tag)
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

    def _refuse_red(self, held: Tag | None, tag: Tag) -> None:
        if (
            self._runs is None
            or held is None
            or tag.live is None
            or (held.live and held.live.version == tag.live.version)
        ):
            return
        newest = [item.result for item in self._runs.newest()]
        of_version = [result for result in newest if (result.tag, result.version) == (tag.name, tag.live.version)]
        wrong = sum(result.wrong for result in of_version)
        if wrong:
            where = f"version {tag.live.version} of tag {tag.name}"
            raise Red("show readers", where, red_reason(of_version[0].run_id, wrong), "a green one")

    def audit(self, tag: str, limit: int = 100) -> Sequence[Entry]:
        return [entry for entry in reversed(self._audit) if entry.tag == tag][:limit]
