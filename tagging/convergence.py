"""From what is wanted and what runs to what is to be done next. Each action may be done twice, or be lost and decided anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tagging.lifecycle import Policy, Status, Tag, TagVersion, shadow_job, to_clean
from tagging.stored_texts import fault_of

Fault = Callable[[str, int, str], str]
"""(tag, version, text) -> what is wrong with the text, or ""."""


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
    """A step for one version; `job`: the Flink job that carries it. `cause`: why it is refused."""

    step: Step
    tag: str
    version: int
    job: str
    cause: str = ""


def next_actions(
    tags: Sequence[Tag], running: Collection[str], at_ms: int, policy: Policy, fault: Fault = fault_of
) -> list[Action]:
    """In order of name and version. `running`: the names of the jobs that have not ended.

    A version that no job carries yet may come from anywhere: what is wrong with its text is found here.

    A job that carries more than one version is nobody's to start or stop here.
    """
    found = []
    for tag in tags:
        for version in tag.versions:
            if version.status in (Status.DRAFT, Status.BUILDING, Status.READY) and not version.job:
                if cause := fault(tag.name, version.version, version.text):
                    found.append(Action(Step.REFUSE, tag.name, version.version, "", cause))
                elif version.status is not Status.DRAFT:
                    found.append(Action(Step.ADMIT, tag.name, version.version, ""))
                continue
            own = version.job == shadow_job(tag.name, version.version)
            step = _step(version, own, version.job in running, at_ms, policy)
            if step:
                found.append(Action(step, tag.name, version.version, version.job))
    return found


def _step(version: TagVersion, own: bool, runs: bool, at_ms: int, policy: Policy) -> Step | None:
    if to_clean(version, at_ms, policy):
        return Step.CLEAN
    if version.cleaned:
        # What a job writes to that carries other versions too must stay: it would fail.
        return (Step.STOP if runs else Step.REMOVE) if own else None
    if version.status is Status.FAILED:
        return Step.STOP if own and runs else None
    # A version that is kept for rollback is kept up to date.
    if own and not runs:
        return Step.SUBMIT
    return {Status.BUILDING: Step.CHECK, Status.READY: Step.SWITCH}.get(version.status)
