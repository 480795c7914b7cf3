"""From what is wanted and what runs to what is to be done next. Each action may be done twice, or be lost and decided anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tagging.dependencies import awaits, needed
from tagging.lifecycle import Policy, Status, Tag, TagVersion, shadow_job, shared_number, to_clean
from tagging.stored_texts import Fault, fault_of


class Step(StrEnum):
    """What to do with a version."""

    REFUSE = "refuse"
    ADMIT = "admit"
    SUBMIT = "submit"
    CHECK = "check"
    SWITCH = "switch"
    CLEAN = "clean"
    STOP = "stop"
    REMOVE = "remove"


@dataclass(frozen=True)
class Action:
    """A step for one version; `job`: the Flink job that carries it. `cause`: why it is refused.

    Where a job carries several versions, it is started and stopped for the first of them.
    """

    step: Step
    tag: str
    version: int
    job: str
    cause: str = ""


def next_actions(
    tags: Sequence[Tag], running: Collection[str], at_ms: int, policy: Policy, fault: Fault = fault_of
) -> list[Action]:
    """In order of name and version. `running`: the names of the jobs that have not ended.

    A version that no job carries yet may come from anywhere: what is wrong with its text is found here. A version that
    another tag reads goes on running, and one that reads others is built after them.
    """
    found: list[Action] = []
    read_by_others = needed(tags)
    wanted = {version.job for tag in tags for version in tag.versions if is_kept(version)}
    begun: set[tuple[Step, str]] = set()
    for tag in tags:
        for version in tag.versions:
            cause = ""
            if version.status in (Status.DRAFT, Status.BUILDING, Status.READY) and not version.job:
                cause = fault(tag.name, version.version, version.text)
                step = _step_without_job(version, cause)
            elif version.status is Status.BUILDING and awaits(tags, tag.name, version):
                continue
            elif to_clean(tag, version, at_ms, policy) and (tag.name, version.version) not in read_by_others:
                step = Step.CLEAN
            else:
                ours = version.job == shadow_job(tag.name, version.version) or shared_number(version.job) is not None
                step = _step(version, ours, version.job in running, version.job in wanted)
            if step in (Step.SUBMIT, Step.STOP):
                if (step, version.job) in begun:
                    continue
                begun.add((step, version.job))
            if step:
                found.append(Action(step, tag.name, version.version, version.job, cause))
    return found


def is_kept(version: TagVersion) -> bool:
    """Whether the version's job is to run: a version that is kept for rollback is kept up to date."""
    if version.status is Status.RETIRED:
        return not version.cleaned
    return version.status in (Status.BUILDING, Status.READY, Status.LIVE)


def _step_without_job(version: TagVersion, cause: str) -> Step | None:
    if cause:
        return Step.REFUSE
    return None if version.status is Status.DRAFT else Step.ADMIT


def _step(version: TagVersion, ours: bool, runs: bool, wanted: bool) -> Step | None:
    if is_kept(version):
        if ours and not runs:
            return Step.SUBMIT
        return {Status.BUILDING: Step.CHECK, Status.READY: Step.SWITCH}.get(version.status)
    # What a job writes to must stay while it runs for the sake of other versions: it would fail.
    if not ours or wanted or version.status is Status.DRAFT:
        return None
    if runs:
        return Step.STOP
    return Step.REMOVE if version.cleaned else None
