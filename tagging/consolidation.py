"""Which live versions move into one shared job, so that the number of jobs stays bounded however many tags are changed."""

from __future__ import annotations

from collections.abc import Sequence

from tagging.dependencies import needed
from tagging.lifecycle import Policy, Status, Tag, TagVersion, shadow_job, shared_job, shared_number
from tagging.stored_texts import Fault, fault_of

CALM_MS = 60 * 60 * 1000
"""After a move that failed, or that somebody's newer version overtook, the next one waits."""


def to_move(tags: Sequence[Tag], at_ms: int, policy: Policy, fault: Fault = fault_of) -> tuple[str, list[str]]:
    """(a shared job, the tags to move into it), or no tags while there are few enough live versions in jobs of their own.

    What is in a shared job already moves with them: afterwards there is one. All versions of a job are named before it is
    started, and none joins later, since a job of other SQL begins anew. Hence a number that no job has had. A text that does
    not compile stays alone: it would keep all others from starting. So does a version that other tags read: its job would have
    to go on for them beside the shared one.
    """
    shared = [(shared_number(version.job), version) for tag in tags for version in tag.versions]
    job = shared_job(max(at_ms // 1000, 1 + max((number for number, _ in shared if number), default=0)))
    read = needed(tags)
    live = [(tag.name, tag.live) for tag in tags if tag.live and not _under_way(tag)]
    live = [(name, version) for name, version in live if (name, version.version) not in read]
    live = [(name, version) for name, version in live if not fault(name, version.version, version.text)]
    own = [name for name, version in live if version.job == shadow_job(name, version.version)]
    unsettled = any(number and _is_unsettled(version, at_ms) for number, version in shared)
    if unsettled or len(own) <= policy.most_own_jobs:
        return job, []
    return job, [name for name, version in live if name in own or shared_number(version.job)]


def _under_way(tag: Tag) -> bool:
    return any(version.status in (Status.BUILDING, Status.READY) for version in tag.versions)


def _is_unsettled(version: TagVersion, at_ms: int) -> bool:
    if version.status is Status.FAILED:
        return at_ms - version.changed_at_ms < CALM_MS
    return version.status in (Status.BUILDING, Status.READY)
