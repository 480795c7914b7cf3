"""Files of tags against the registry: what to write so that the registry says what the files say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tagging import lifecycle
from tagging.definition import TagDefinition, definition_text, parse_definition
from tagging.lifecycle import Status, Tag, TagVersion


class Change(StrEnum):
    """What the registry lacks of a file. `ABSENT`: there is no file; nothing is done, a tag is retired by name alone."""

    SAME = "same"
    ADOPT = "adopt"
    NEW_TAG = "new tag"
    NEW_VERSION = "new version"
    ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """One tag. `before`, `after`: the texts of the registry and of the file, without a version in the header."""

    tag: str
    change: Change
    before: str
    after: str


def file_text(definition: TagDefinition) -> str:
    """A definition as it is compared and stored: the registry gives out the numbers, so none is in the text."""
    return definition_text(replace(definition, version=1))


def wanted(tag: Tag) -> TagVersion | None:
    """The version that a file is compared with: the newest that has not failed."""
    return next((v for v in reversed(tag.versions) if v.status is not Status.FAILED), None)


def differences(
    files: Mapping[str, TagDefinition], tags: Sequence[Tag], carried: Mapping[tuple[str, int], str]
) -> list[Difference]:
    """In order of name. `carried`: (tag, version) -> the job that carries it though the registry may not know."""
    known = {tag.name: tag for tag in tags}
    found = []
    for name in sorted({*files, *known}):
        held = wanted(known[name]) if name in known else None
        before = held.text if held else ""
        if name not in files:
            found.append(Difference(name, Change.ABSENT, before, ""))
            continue
        after = file_text(files[name])
        if held and before == after:
            change = Change.SAME
        elif name in known and known[name].versions:
            change = Change.NEW_VERSION
        else:
            change = Change.ADOPT if (name, files[name].version) in carried else Change.NEW_TAG
        found.append(Difference(name, change, before, after))
    return found


def applied(
    difference: Difference, definition: TagDefinition, tag: Tag | None, job: str, who: str, at_ms: int
) -> tuple[Tag, int]:
    """The tag as it is to be written, and the version that this makes. A version that a job carries is live at once."""
    tag = replace(tag or Tag(definition.name, "", ""), owner=definition.owner, dimension=definition.dimension)
    if difference.change is Change.ADOPT:
        return lifecycle.adopt(tag, definition.version, difference.after, who, at_ms, job), definition.version
    tag = lifecycle.add(tag, difference.after, who, at_ms)
    return tag, tag.versions[-1].version


def definition_of(tag: str, version: int, text: str) -> TagDefinition:
    """A stored text as a definition with its number. Raises TagProblems."""
    return replace(parse_definition(text, f"tag {tag} version {version}"), version=version)
