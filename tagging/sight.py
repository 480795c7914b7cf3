"""Who may see the values of a tag's version. A version tells of others: of those that it reads, and of its tag as it is now.

The rule, for all who read and all who build: a value is as restricted as the strictest of the version that it is of, its tag's
live version, its tag's newest version, and, by the same rule, every version that one of these reads.

So nothing is told by an older version that was public when it was made, nor by going back to one, nor by what was computed from
it; a tag that is to become restricted is so from the draft that says so on. To make it public again takes a newer version that
readers see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from tagging.access import strictest
from tagging.definition import SENSITIVITIES, TagDefinition
from tagging.lifecycle import Tag
from tagging.problems import TagProblems
from tagging.synchronise import definition_of

KEPT_TEXTS = 4_000
UNKNOWN = SENSITIVITIES[-1]
"""Of a version that nobody knows: it may have told anything."""


@dataclass(frozen=True)
class Versions:
    """A tag's versions by number, without texts that are no tag. `live`: the one that readers see; None for none."""

    live: int | None
    definitions: Mapping[int, TagDefinition]


class Sight:
    """All tags as they are at one moment. Definitions come with the sensitivity that the rule gives their values."""

    def __init__(self, tags: Mapping[str, Versions]) -> None:
        self._tags = tags

    @cached_property
    def live(self) -> Sequence[TagDefinition]:
        """The versions that readers see, in order of name."""
        found = ((name, held.live) for name, held in sorted(self._tags.items()) if held.live is not None)
        return [tag for name, number in found if (tag := self.definition(name, number)) is not None]

    def definition(self, tag: str, version: int) -> TagDefinition | None:
        """One version; None where it is not known, or its text is no tag."""
        held = self._tags.get(tag)
        found = held.definitions.get(version) if held else None
        return None if found is None else replace(found, sensitivity=self.sensitivity(tag, version))

    def sensitivity(self, tag: str, version: int) -> str:
        """Who may see the values of one version."""
        return strictest(self._said(tag, version, set()))

    def _said(self, tag: str, version: int, seen: set[tuple[str, int]]) -> Iterator[str]:
        if (tag, version) in seen:
            return
        seen.add((tag, version))
        held = self._tags.get(tag)
        if held is None or version not in held.definitions:
            yield UNKNOWN
            return
        for number in {version, held.live, max(held.definitions)} & held.definitions.keys():
            found = held.definitions[number]
            yield found.sensitivity
            for read in found.reads:
                yield from self._said(read.tag, read.version, seen)


def sight(tags: Iterable[Tag], files: Iterable[TagDefinition] = ()) -> Sight:
    """Over all versions of these tags; and those of files that they are not in."""
    known = {tag.name: _versions(tag) for tag in tags}
    return Sight({tag.name: Versions(tag.version, {tag.version: tag}) for tag in files} | known)


def _versions(tag: Tag) -> Versions:
    texts = ((version.version, version.text) for version in tag.versions)
    return versions(tag.name, tag.live.version if tag.live else None, texts)


def versions(tag: str, live: int | None, texts: Iterable[tuple[int, str]]) -> Versions:
    """A tag's versions from their texts."""
    found = ((number, read(tag, number, text)) for number, text in texts)
    return Versions(live, {number: definition for number, definition in found if definition is not None})


@lru_cache(KEPT_TEXTS)
def read(tag: str, version: int, text: str) -> TagDefinition | None:
    """A stored text as a definition; None for one that is no tag: a row written by hand, that nothing can be built of."""
    try:
        return definition_of(tag, version, text)
    except TagProblems:
        return None
