"""Desired against running: brings every tag version to where the registry wants it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from stores import logs
from stores.registry.store import Conflict, Entry, Tags
from tagging import lifecycle
from tagging.consolidation import to_move
from tagging.convergence import Action, Step, next_actions
from tagging.dependencies import check_build
from tagging.lifecycle import Policy, Tag, TagVersion
from tagging.stored_texts import Fault, fault_of

WHO = "controller"
log = logs.get("jobs.controller")


class BuildFailed(Exception):
    """A version cannot go live; the text is the cause that it keeps."""


class NotYet(Exception):
    """A step is not done, and nothing is wrong; the next round goes on. The text says what is left."""


class Member(NamedTuple):
    """A version that a job carries."""

    tag: str
    version: int
    text: str


class Cluster(Protocol):
    """Where jobs run. What was started is found again by its name."""

    def running(self) -> Collection[str]:
        """The names of the jobs that have not ended."""

    def submit(self, job: str, members: Sequence[Member]) -> None:
        """Start the job of these versions, or leave it running. Raises BuildFailed."""

    def stop(self, job: str) -> None:
        """End the jobs of this name, if there are any."""


class Check(Protocol):
    """The proof before a switch."""

    def check(self, tag: str, version: int, text: str, job: str) -> None:
        """Return when the job has passed a barrier and stream and batch agree.

        Raises BuildFailed with what does not, and NotYet.
        """


class Remains(Protocol):
    """What a version leaves behind in the log and in the stores."""

    def remove(self, tag: str, version: int, job: str, was_live: bool) -> None:
        """Remove all of it, a part already gone included. Its job has ended, and nobody may go back to the version.

        Raises NotYet while there is more.
        """


@dataclass(frozen=True)
class Controller:
    """One round is `run_round`; nothing is remembered between rounds but in the registry and by the cluster."""

    registry: Tags
    cluster: Cluster
    proof: Check
    remains: Remains
    now_ms: Callable[[], int]
    policy: Policy
    leads: Callable[[], bool] = lambda: True
    fault: Fault = fault_of

    def run_round(self) -> Sequence[Action]:
        """Do what is next for every version; what was to be done. Ends early when another process leads."""
        tags = {tag.name: tag for tag in self.registry.tags()}
        if self._consolidate(list(tags.values())):
            tags = {tag.name: tag for tag in self.registry.tags()}
        actions = next_actions(list(tags.values()), self.cluster.running(), self.now_ms(), self.policy, self.fault)
        for action in actions:
            if not self.leads():
                break
            members = [
                Member(tag.name, version.version, version.text)
                for tag in tags.values()
                for version in tag.versions
                if version.job == action.job
            ]
            try:
                self._do(action, tags[action.tag].version(action.version), members)
            except NotYet as error:
                log.info("not_yet", job=action.job, cause=str(error))
            except Conflict as error:
                # Somebody wrote the tag meanwhile: the next round decides on what it is now.
                log.info("decided_anew", tag=action.tag, reason=str(error))
        return actions

    def _consolidate(self, tags: Sequence[Tag]) -> bool:
        """Have live versions move into a shared job where too many have their own; whether any does."""
        job, names = to_move(tags, self.now_ms(), self.policy, self.fault)
        for tag in tags:
            if tag.name not in names or not self.leads():
                continue
            try:
                moved = lifecycle.move(tag, job, WHO, self.now_ms())
                what = f"moves into {job}"
                self.registry.save(moved, [Entry(tag.name, moved.versions[-1].version, WHO, what, self.now_ms())])
            except (Conflict, lifecycle.Refused) as error:
                log.info("stays_where_it_is", tag=tag.name, reason=str(error))
        return bool(names)

    def _do(self, action: Action, decided_on: TagVersion, members: Sequence[Member]) -> None:
        tag = self.registry.tag(action.tag)
        if tag is None or tag.version(action.version) != decided_on:
            raise Conflict(f"version {action.version} is no longer {decided_on.status}")
        text = decided_on.text
        try:
            if action.step is Step.REFUSE:
                raise BuildFailed(action.cause)
            if action.step is Step.ADMIT:
                self._save(self._admitted(tag, action.version), action, "admitted")
            elif action.step is Step.SUBMIT:
                self.cluster.submit(action.job, members)
            elif action.step is Step.CHECK:
                self._check_reads(action)
                self.proof.check(action.tag, action.version, text, action.job)
                self._save(lifecycle.ready(tag, action.version, self.now_ms()), action, "ready")
            elif action.step is Step.SWITCH:
                self._save(lifecycle.switch(tag, action.version, self.now_ms()), action, "live")
            elif action.step is Step.CLEAN:
                self._save(lifecycle.clean(tag, action.version, self.now_ms(), self.policy), action, "cleaned")
            elif action.step is Step.STOP:
                self.cluster.stop(action.job)
            else:
                was_live = decided_on.status is lifecycle.Status.RETIRED
                self.remains.remove(action.tag, action.version, action.job, was_live)
                self._save(lifecycle.removed(tag, action.version), action, "removed")
        except lifecycle.Red as error:
            self._save(lifecycle.fail(tag, action.version, str(error), self.now_ms()), action, "failed")
        except BuildFailed as error:
            if decided_on.status in (lifecycle.Status.LIVE, lifecycle.Status.RETIRED):
                log.error("job_does_not_start", job=action.job, cause=str(error))
                return
            self._save(lifecycle.fail(tag, action.version, str(error), self.now_ms()), action, "failed")

    def _check_reads(self, action: Action) -> None:
        try:
            check_build(self.registry.tags(), action.tag, action.version)
        except lifecycle.Refused as error:
            raise BuildFailed(str(error)) from error

    def _admitted(self, tag: Tag, number: int) -> Tag:
        try:
            return lifecycle.admit(tag, number, self.now_ms(), self.policy)
        except lifecycle.Refused as error:
            raise BuildFailed(str(error)) from error

    def _save(self, tag: Tag, action: Action, what: str) -> None:
        self.registry.save(tag, [Entry(action.tag, action.version, WHO, what, self.now_ms())])
