"""From what is wanted and what runs to what is to be done next. Each action may be done twice, or be lost and decided anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tagging.dependencies import awaits, needed
from tagging.lifecycle import Policy, Status, Tag, TagVersion, shadow_job, to_clean


class Step(StrEnum):
    """What to do with a version."""

    SUBMIT = "submit"
    CHECK = "check"
    SWITCH = "switch"
    STOP = "stop"
    CLEAN = "clean"


@dataclass(frozen=True)
class Action:
    """A step for one version; `job`: the Flink job that carries it."""

    step: Step
    tag: str
    version: int
    job: str


def next_actions(tags: Sequence[Tag], running: Collection[str], at_ms: int, policy: Policy) -> list[Action]:
    """In order of name and version. `running`: the names of the jobs that have not ended.

    A job that carries more than one version is nobody's to start or stop here. A version that another tag reads goes on
    running, and one that reads others is built after them.
    """
    found = []
    kept = needed(tags)
    for tag in tags:
        for version in tag.versions:
            if version.status is Status.BUILDING and awaits(tags, tag.name, version):
                continue
            own = version.job == shadow_job(tag.name, version.version)
            is_kept = version.status is Status.RETIRED and (tag.name, version.version) in kept
            step = _step(version, own, version.job in running, at_ms, policy, is_kept)
            if step:
                found.append(Action(step, tag.name, version.version, version.job))
    return found


def _step(version: TagVersion, own: bool, runs: bool, at_ms: int, policy: Policy, is_kept: bool) -> Step | None:
    if not is_kept and to_clean(version, at_ms, policy):
        return Step.STOP if own and runs else Step.CLEAN
    if version.cleaned or version.status is Status.DRAFT:
        return None
    # A version that is kept for rollback is kept up to date.
    if own and not runs:
        return Step.SUBMIT
    return {Status.BUILDING: Step.CHECK, Status.READY: Step.SWITCH}.get(version.status)
