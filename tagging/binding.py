"""Binds TAG(name) to a version: what a draft says in its header from then on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from tagging.definition import TagDefinition
from tagging.dependencies import cycle, live_read, stricter_read, unfit
from tagging.from_items import tag_name
from tagging.lifecycle import Tag
from tagging.problems import Problem, TagProblems, did_you_mean, place
from tagging.reading import offset_of, read
from tagging.synchronise import definition_of, wanted
from tagging.tag_reads import TagRead


def bound(definition: TagDefinition, tags: Sequence[Tag]) -> TagDefinition:
    """The definition with a version for each TAG(name): the header's, or else the live one.

    A text that is no SELECT comes back as it is: the compiler says what is wrong with it. Raises TagProblems for a tag that
    cannot be read, or that reads this one.
    """
    by_name = {tag.name: tag for tag in tags}
    chosen = {found.tag: found for found in definition.reads}
    problems: list[Problem] = []

    def report(offset: int, message: str, suggestion: str) -> None:
        problems.append(Problem(*place(definition.sql, offset, definition.first_line), message, suggestion))

    for name, offset in tags_named(definition.sql):
        tag = by_name.get(name)
        if name not in chosen and tag and tag.live:
            chosen[name] = live_read(tag)
        wanted = chosen.get(name)
        if wanted is None:
            live = [other.name for other in tags if other.live and other.name != definition.name]
            report(offset, f"there is no live tag {name!r}", did_you_mean(name, live))
        elif why := unfit(wanted, tag):
            report(offset, f"tag {name} v{wanted.version} {why}", _instead(name, by_name))
        elif path := cycle(definition.name, [wanted], tags):
            report(offset, f"tags would read each other: {' -> '.join(path)}", f"do not read {name} here")
        elif stricter := stricter_read(definition.sensitivity, wanted, tags):
            message = f"a {definition.sensitivity} tag would tell what tag {name} v{wanted.version} holds, which is {stricter}"
            report(offset, message, f"say `-- sensitivity: {stricter}` in the header")
    if problems:
        raise TagProblems(problems, definition.name)
    return replace(definition, reads=tuple(sorted(chosen.values())))


def bound_as_registered(definition: TagDefinition, tags: Sequence[Tag]) -> TagDefinition:
    """The definition of a file whose header may leave versions open: those that its tag's newest version reads stay, as long as
    they can be read; others are the live ones. So a file that nobody changed is no new version when a tag that it reads goes on.

    Raises TagProblems as `bound` does.
    """
    open_names = {name for name, _ in tags_named(definition.sql)} - {found.tag for found in definition.reads}
    if not open_names:
        return definition
    by_name = {tag.name: tag for tag in tags}
    held = wanted(by_name[definition.name]) if definition.name in by_name else None
    before = definition_of(definition.name, held.version, held.text).reads if held else ()
    kept = (found for found in before if found.tag in open_names and not unfit(found, by_name.get(found.tag)))
    return bound(replace(definition, reads=(*definition.reads, *kept)), tags)


def tags_named(sql: str) -> Iterator[tuple[str, int]]:
    """Each TAG(name) of a text and its place; nothing for a text that is no SELECT."""
    tree, _ = read(sql)
    for table in tree.find_all(exp.Table) if tree else ():
        if name := tag_name(table):
            yield name, offset_of(table)


def _instead(name: str, by_name: Mapping[str, Tag]) -> str:
    tag = by_name.get(name)
    found: TagRead | None = live_read(tag) if tag and tag.live else None
    return f"read {found}, the live version" if found else "read a live tag"
