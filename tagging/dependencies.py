"""Which tag version rests on which: cycles, what must be kept for others, and the order in which tags are built and proven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from tagging.access import strictest
from tagging.definition import SENSITIVITIES
from tagging.lifecycle import Refused, Status, Tag, TagVersion
from tagging.sight import read as read_text
from tagging.sight import sight
from tagging.tag_reads import TagRead

UNDER_WAY = frozenset({Status.BUILDING, Status.READY})
IN_USE = UNDER_WAY | {Status.LIVE}
Place = tuple[str, int]
"""A tag and one of its versions."""


def reads_of(tag: str, version: TagVersion) -> tuple[TagRead, ...]:
    """The tag versions that a stored version reads."""
    found = read_text(tag, version.version, version.text)
    # A text that is no tag was written by hand. It cannot be built, so nothing rests on what it reads.
    return found.reads if found else ()


def cycle(name: str, reads: Iterable[TagRead], tags: Sequence[Tag]) -> tuple[str, ...]:
    """The path from a tag that reads these back to itself, in any of its versions; empty when there is none."""
    known = {(tag.name, version.version): reads_of(tag.name, version) for tag in tags for version in tag.versions}
    seen: set[Place] = set()

    def back(read: TagRead) -> tuple[str, ...]:
        place = (read.tag, read.version)
        step = f"{read.tag} v{read.version}"
        if read.tag == name:
            return (step,)
        if place in seen:
            return ()
        seen.add(place)
        for below in known.get(place, ()):
            if path := back(below):
                return (step, *path)
        return ()

    return next(((name, *path) for read in reads if (path := back(read))), ())


def dependents(tags: Sequence[Tag], name: str) -> list[Place]:
    """The versions of other tags that are in use and read any version of this tag, in order of name."""
    return [
        (tag.name, version.version)
        for tag in tags
        for version in tag.versions
        if version.status in IN_USE and any(read.tag == name for read in reads_of(tag.name, version))
    ]


def check_retire(tags: Sequence[Tag], name: str) -> None:
    """Raises Refused, with their names, while other tags read this one."""
    if found := dependents(tags, name):
        by = ", ".join(f"{tag} v{version}" for tag, version in found)
        raise Refused("retire", f"tag {name}", f"read by {by}", "after these tags are retired or read another tag")


def check_build(tags: Sequence[Tag], name: str, number: int) -> None:
    """Raises Refused when a tag that the version reads is unknown, of another type, not kept up to date, or rests on it."""
    by_name = {tag.name: tag for tag in tags}
    reads = reads_of(name, by_name[name].version(number))
    where = f"version {number} of tag {name}"
    if path := cycle(name, reads, tags):
        raise Refused("build", where, f"in a cycle: {' -> '.join(path)}", "tags that do not read each other")
    for read in reads:
        if why := unfit(read, by_name.get(read.tag)):
            raise Refused("build", where, f"a reader of {read.tag} v{read.version}, which {why}", _fit(by_name, read))
        own = _own_sensitivity(name, by_name[name].version(number))
        if stricter := stricter_read(own, read, tags):
            got = f"{own}, and a reader of {read.tag} v{read.version}, which is {stricter}"
            raise Refused("build", where, got, f"a header that says sensitivity: {stricter}")


def unfit(read: TagRead, tag: Tag | None) -> str:
    """Why this version of the tag cannot be read; empty when it can."""
    held = _held(read, tag)
    if held is None:
        return "is not in the registry"
    if not is_carried(held) and held.status not in UNDER_WAY:
        return f"is {held.status}" + (" and cleaned" if held.cleaned else "")
    found = value_type(read.tag, held)
    return f"is of type {found}, not {read.value_type}" if found != read.value_type else ""


def stricter_read(own: str, read: TagRead, tags: Sequence[Tag]) -> str:
    """The sensitivity of the version that is read, where fewer people may see it than a tag of sensitivity `own`; else empty."""
    found = sight(tags).sensitivity(read.tag, read.version)
    return found if strictest((own, found)) != own else ""


def _held(read: TagRead, tag: Tag | None) -> TagVersion | None:
    return next((version for version in tag.versions if version.version == read.version), None) if tag else None


def _fit(by_name: Mapping[str, Tag], read: TagRead) -> str:
    tag = by_name.get(read.tag)
    return str(live_read(tag)) if tag and tag.live else "a reader of live tags"


def live_read(tag: Tag) -> TagRead:
    """The live version of a tag, as it is read. Raises LookupError when none is live."""
    if tag.live is None:
        raise LookupError(f"tag {tag.name} has no live version")
    return TagRead(tag.name, tag.live.version, value_type(tag.name, tag.live))


def value_type(tag: str, version: TagVersion) -> str:
    """The type of a stored version's values; empty for a text that is no tag."""
    found = read_text(tag, version.version, version.text)
    return found.value_type if found else ""


def _own_sensitivity(tag: str, version: TagVersion) -> str:
    """What a stored version's own header says; the least restricted for a text that is no tag."""
    found = read_text(tag, version.version, version.text)
    return found.sensitivity if found else SENSITIVITIES[0]


def is_carried(version: TagVersion) -> bool:
    """Whether a job keeps the version up to date: it is live, or kept for rollback or for a reader."""
    return version.status is Status.LIVE or (version.status is Status.RETIRED and not version.cleaned)


def needed(tags: Sequence[Tag]) -> frozenset[Place]:
    """The versions that must go on running for others: those that a version in use, or one kept for rollback, reads."""
    return frozenset(
        (read.tag, read.version)
        for tag in tags
        for version in tag.versions
        if version.status in IN_USE or is_carried(version)
        for read in reads_of(tag.name, version)
    )


def awaits(tags: Sequence[Tag], name: str, version: TagVersion) -> bool:
    """Whether a version that it reads is still being built: it is built after that, over the values that readers see.

    Versions that wait for each other wait for nothing: `check_build` refuses them.
    """
    by_name = {tag.name: tag for tag in tags}
    reads = reads_of(name, version)
    under_way = any(
        other.version == read.version and other.status in UNDER_WAY
        for read in reads
        if read.tag in by_name
        for other in by_name[read.tag].versions
    )
    return under_way and not cycle(name, reads, tags)


def in_order(reads: Mapping[str, Iterable[TagRead]]) -> list[str]:
    """Names so that each comes after those that it reads, else by name. Raises ValueError naming a cycle."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted(reads):
        sorter.add(name, *sorted({read.tag for read in reads[name]} & reads.keys()))
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(f"tags read each other: {' -> '.join(reversed(error.args[1]))}") from error
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found
