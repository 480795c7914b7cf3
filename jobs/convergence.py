"""Desired against running: brings every tag version to where the registry wants it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from stores import logs
from stores.registry.store import Conflict, Entry, Tags
from tagging import lifecycle
from tagging.consolidation import to_move
from tagging.convergence import Action, Step, next_actions
from tagging.dependencies import check_build
from tagging.lifecycle import Policy, Tag, TagVersion, shared_number
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


class Proofs(Protocol):
    """The proofs before a switch. They go on beside the rounds, which wait for none of them."""

    def outcomes(self, wanted: Mapping[str, Sequence[Member]]) -> Mapping[str, Mapping[Member, str]]:
        """By job what stands against each of its versions in the making, nothing where stream and batch agree.

        `wanted`: by job all that are to be proven, those first that come first. A job whose proof has no outcome yet is left
        out, and asked for again in the next round; one that is no longer wanted is forgotten.
        """


class Remains(Protocol):
    """What a version leaves behind in the log and in the stores."""

    def remove(self, tag: str, version: int, job: str, was_live: bool) -> None:
        """Remove all of it, a part already gone included. Its job has ended, and nobody may go back to the version.

        Raises NotYet while there is more.
        """


@contextmanager
def _passed_over(action: Action) -> Iterator[None]:
    """What this action cannot do now, the next round decides on."""
    try:
        yield
    except NotYet as error:
        log.info("not_yet", job=action.job, cause=str(error))
    except Conflict as error:
        # Somebody wrote the tag meanwhile.
        log.info("decided_anew", tag=action.tag, reason=str(error))


def _missing_reads(tags: Sequence[Tag], action: Action) -> str:
    """Why what the version reads is not there; empty where it is."""
    try:
        check_build(tags, action.tag, action.version)
    except lifecycle.Refused as error:
        return str(error)
    return ""


@dataclass(frozen=True)
class Controller:
    """One round is `run_round`; between rounds only the registry, the cluster and `proofs` remember anything."""

    registry: Tags
    cluster: Cluster
    proofs: Proofs
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
        checks = {action: tags[action.tag].version(action.version) for action in actions if action.step is Step.CHECK}
        for action in actions:
            if not self.leads():
                return actions
            if action in checks:
                continue
            members = [
                Member(tag.name, version.version, version.text)
                for tag in tags.values()
                for version in tag.versions
                if version.job == action.job
            ]
            with _passed_over(action):
                self._do(action, tags[action.tag].version(action.version), members)
        self._prove(checks)
        return actions

    def _prove(self, checks: Mapping[Action, TagVersion]) -> None:
        """End the making of versions whose proof has come to an outcome. All that one job carries are proven together."""
        tags = self.registry.tags() if checks else ()
        causes = {action: _missing_reads(tags, action) for action in checks}
        members = {action: Member(action.tag, action.version, version.text) for action, version in checks.items()}
        wanted: dict[str, list[Member]] = {}
        # Somebody waits for a new version; one that moves is live all the while.
        for action in sorted(checks, key=lambda action: shared_number(action.job) is not None):
            if not causes[action]:
                wanted.setdefault(action.job, []).append(members[action])
        found = self.proofs.outcomes(wanted)
        for action, version in checks.items():
            cause = causes[action] or found.get(action.job, {}).get(members[action])
            if cause is not None and self.leads():
                with _passed_over(action):
                    self._judge(action, version, cause)

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
        tag = self._as_decided(action, decided_on)
        try:
            if action.step is Step.REFUSE:
                raise BuildFailed(action.cause)
            if action.step is Step.ADMIT:
                self._save(self._admitted(tag, action.version), action, "admitted")
            elif action.step is Step.SUBMIT:
                self.cluster.submit(action.job, members)
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

    def _judge(self, action: Action, decided_on: TagVersion, cause: str) -> None:
        tag = self._as_decided(action, decided_on)
        if cause:
            self._save(lifecycle.fail(tag, action.version, cause, self.now_ms()), action, "failed")
        else:
            self._save(lifecycle.ready(tag, action.version, self.now_ms()), action, "ready")

    def _as_decided(self, action: Action, decided_on: TagVersion) -> Tag:
        tag = self.registry.tag(action.tag)
        if tag is None or tag.version(action.version) != decided_on:
            raise Conflict(f"version {action.version} is no longer {decided_on.status}")
        return tag

    def _admitted(self, tag: Tag, number: int) -> Tag:
        try:
            return lifecycle.admit(tag, number, self.now_ms(), self.policy)
        except lifecycle.Refused as error:
            raise BuildFailed(str(error)) from error

    def _save(self, tag: Tag, action: Action, what: str) -> None:
        self.registry.save(tag, [Entry(action.tag, action.version, WHO, what, self.now_ms())])
