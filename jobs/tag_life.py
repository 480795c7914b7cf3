"""What a person does with a tag's versions in the registry: one transition, written with who did it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from stores.registry.store import Entry, Tags
from stores.settings import Settings
from tagging.drafting import live_before
from tagging.lifecycle import Policy, Status, Tag


def change(
    registry: Tags,
    name: str,
    who: str,
    what: str,
    at_ms: int,
    transition: Callable[[Tag], tuple[Tag, int]],
    check: Callable[[Sequence[Tag]], None] = lambda tags: None,
) -> int:
    """Do one transition of a tag's life; the version that it concerns. Raises LookupError, Refused and Conflict.

    `check` sees all tags once the transition is known to be allowed, and raises what stands against it.
    """
    known = registry.tag(name)
    if known is None:
        raise LookupError(f"there is no tag {name} in the registry; `list` names those that there are")
    tag, number = transition(known)
    check(registry.tags())
    registry.save(tag, [Entry(name, number, who, what, at_ms)])
    return number


def before_live(tag: Tag) -> int:
    """The version to roll back to. Raises LookupError."""
    found = live_before(tag)
    if found is None:
        raise LookupError(f"tag {tag.name} has no version to roll back to: none was live before, or it is cleaned")
    return found.version


def live_number(tag: Tag) -> int:
    """The live version. Raises LookupError."""
    if tag.live is None:
        raise LookupError(f"tag {tag.name} has no live version")
    return tag.live.version


def policy_of(settings: Settings) -> Policy:
    """The configured policy."""
    publishing = settings.publishing
    return Policy(publishing.approval_required, int(publishing.rollback_hours * 3_600_000), publishing.most_own_jobs)


def as_row(tag: Tag) -> dict[str, Any]:
    """A tag for machines, without its texts."""
    versions = [
        {"version": v.version, "status": str(v.status), "cause": v.cause, "job": v.job, "created_by": v.created_by,
         "approved_by": v.approved_by, "changed_at_ms": v.changed_at_ms, "cleaned": v.cleaned}
        for v in tag.versions
    ]  # fmt: skip
    live = tag.live.version if tag.live else None
    return {"name": tag.name, "owner": tag.owner, "dimension": tag.dimension, "live": live, "versions": versions}


def until_live(registry: Tags, name: str, number: int, pause: Callable[[], None]) -> Iterator[str]:
    """Say how far a version is, each time that it gets further, until readers see it.

    Raises ValueError with the cause when it never will.
    """
    said = None
    while True:
        tag = registry.tag(name)
        version = tag.version(number) if tag else None
        if version is None:
            raise ValueError(f"{name}: there is no version {number} any more")
        if version.status != said:
            said = version.status
            yield f"{name}: version {number} is {version.status}"
        if version.status is Status.LIVE:
            return
        if version.status not in (Status.BUILDING, Status.READY):
            raise ValueError(f"{name}: version {number} is {version.status}: {version.cause}")
        pause()
