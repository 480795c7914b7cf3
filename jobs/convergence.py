"""Desired against running: brings every tag version to where the registry wants it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from stores import logs
from stores.registry.store import Conflict, Entry, Tags
from tagging import lifecycle
from tagging.convergence import Action, Step, next_actions
from tagging.lifecycle import Policy, Tag

WHO = "controller"
log = logs.get("jobs.controller")


class BuildFailed(Exception):
    """A version cannot go live; the text is the cause that it keeps."""


class NotYet(Exception):
    """A version has not caught up; the next round looks again. The text says how far it is behind."""


class Cluster(Protocol):
    """Where jobs run. What was started is found again by its name."""

    def running(self) -> Collection[str]:
        """The names of the jobs that have not ended."""

    def submit(self, tag: str, version: int, text: str, job: str) -> None:
        """Start the job of one version, or leave it running. Raises BuildFailed."""

    def stop(self, job: str) -> None:
        """End the jobs of this name, if there are any."""


class Check(Protocol):
    """The proof before a switch."""

    def check(self, tag: str, version: int, text: str, job: str) -> None:
        """Return when the job has passed a barrier and stream and batch agree.

        Raises BuildFailed with what does not, and NotYet.
        """


@dataclass(frozen=True)
class Controller:
    """One round is `run_round`; nothing is remembered between rounds but in the registry and by the cluster."""

    registry: Tags
    cluster: Cluster
    proof: Check
    now_ms: Callable[[], int]
    policy: Policy
    leads: Callable[[], bool] = lambda: True

    def run_round(self) -> Sequence[Action]:
        """Do what is next for every version; what was to be done. Ends early when another process leads."""
        actions = next_actions(self.registry.tags(), self.cluster.running(), self.now_ms(), self.policy)
        for action in actions:
            if not self.leads():
                break
            try:
                self._do(action)
            except NotYet as error:
                log.info("not_yet", job=action.job, cause=str(error))
            except Conflict as error:
                # Somebody wrote the tag meanwhile: the next round decides on what it is now.
                log.info("decided_anew", tag=action.tag, reason=str(error))
        return actions

    def _do(self, action: Action) -> None:
        tag = self.registry.tag(action.tag)
        if tag is None:
            return
        text = tag.version(action.version).text
        try:
            if action.step is Step.SUBMIT:
                self.cluster.submit(action.tag, action.version, text, action.job)
            elif action.step is Step.CHECK:
                self.proof.check(action.tag, action.version, text, action.job)
                self._save(lifecycle.ready(tag, action.version, self.now_ms()), action, "ready")
            elif action.step is Step.SWITCH:
                self._save(lifecycle.switch(tag, action.version, self.now_ms()), action, "live")
            elif action.step is Step.STOP:
                self.cluster.stop(action.job)
            else:
                self._save(lifecycle.clean(tag, action.version, self.now_ms(), self.policy), action, "cleaned")
        except lifecycle.Red as error:
            self._save(lifecycle.fail(tag, action.version, str(error), self.now_ms()), action, "failed")
        except BuildFailed as error:
            if tag.version(action.version).status is not lifecycle.Status.BUILDING:
                log.error("job_does_not_start", job=action.job, cause=str(error))
                return
            self._save(lifecycle.fail(tag, action.version, str(error), self.now_ms()), action, "failed")

    def _save(self, tag: Tag, action: Action, what: str) -> None:
        self.registry.save(tag, [Entry(action.tag, action.version, WHO, what, self.now_ms())])
