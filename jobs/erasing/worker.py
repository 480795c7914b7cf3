"""Carries erasures out, store by store, and looks again before it says that one is complete.

Every step may be done twice: one that is killed anywhere, or that a store refuses, is done again. The log is told first, and
the stores are emptied once no sink can have an older batch in hand; what a process wrote in between all the same is found when
all stores are looked at again, so much later, and then the stores are emptied once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from prometheus_client import Gauge

from stores import logs
from stores.causes import cause_of
from stores.erasures import Erasures
from stores.mysql import MySQLUnavailable
from tagging.erasure import STORES, Erasure, State, Step, StepState

RETRY_MS = 30_000
OPEN = Gauge("tagstream_erasures_open", "Erasures that are not complete")
OLDEST = Gauge(
    "tagstream_erasure_oldest_seconds", "Since when the oldest erasure that is not complete waits; 0 for none"
)
log = logs.get("jobs.eraser")


class Store(Protocol):
    """One store that a user is removed from. Raises what it raises while it is away; both may be asked again."""

    def remove(self, erasure: Erasure) -> tuple[int, str]:
        """Remove the user: how much was there, and what a certificate should say besides."""

    def left(self, erasure: Erasure) -> int:
        """How much is there still."""


@dataclass(frozen=True)
class EraseWorker:
    """See `jobs.worker.Worker`. `stores`: by the names of `tagging.erasure.STORES`; `kept`: what is left elsewhere at its end.

    `why_not`: what stands against erasing a user, such as a merge that was made at the same moment.
    """

    erasures: Erasures
    stores: Mapping[str, Store]
    number_of: Callable[[str], int | None]
    why_not: Callable[[str], str]
    kept: Callable[[Erasure], Sequence[Step]]
    leads: Callable[[], bool]
    now_ms: Callable[[], int]
    settle_ms: int

    def step(self) -> bool:
        """Do what waits longest. False when nothing does. Raises MySQLUnavailable; another failure is noted, and tried again."""
        if not self.leads():
            return False
        waiting, oldest_ms = self.erasures.open()
        OPEN.set(waiting)
        OLDEST.set(0 if oldest_ms is None else max(0, self.now_ms() - oldest_ms) / 1000)
        erasure = self.erasures.next(self.now_ms())
        if erasure is None:
            return False
        try:
            after = self._next(erasure)
        except MySQLUnavailable:
            raise
        except Exception as error:
            cause = cause_of(error)
            log.warning("erasure_failed", id=erasure.id, cause=cause)
            # Of what was done up to here nothing is lost: it is written step by step.
            held = self.erasures.read(erasure.id) or erasure
            after = replace(held, state=State.FAILED, cause=cause, next_at_ms=self.now_ms() + RETRY_MS)
        self.erasures.write(after)
        return True

    def _next(self, erasure: Erasure) -> Erasure:
        running = replace(erasure, state=State.RUNNING, cause="")
        if running.published_at_ms is None:
            return self._published(running)
        if not running.is_swept():
            return self._swept(running)
        return self._looked(running)

    def _published(self, erasure: Erasure) -> Erasure:
        if problem := self.why_not(named(erasure)):
            raise LookupError(problem)
        number = self.number_of(named(erasure))
        erasure = self._removed(replace(erasure, user_no=number), STORES[0])
        now_ms = self.now_ms()
        return replace(erasure, published_at_ms=now_ms, next_at_ms=now_ms + self.settle_ms)

    def _swept(self, erasure: Erasure) -> Erasure:
        # A batch that a sink had in hand may have given the user a number since.
        erasure = replace(erasure, user_no=self.number_of(named(erasure)) or erasure.user_no)
        for store in STORES[1:]:
            if erasure.step(store).state is not StepState.DONE:
                if not self.leads():
                    return erasure
                erasure = self._removed(erasure, store)
                self.erasures.write(erasure)
        now_ms = self.now_ms()
        return replace(erasure, swept_at_ms=now_ms, next_at_ms=now_ms + self.settle_ms)

    def _looked(self, erasure: Erasure) -> Erasure:
        left = {store: self.stores[store].left(erasure) for store in STORES}
        again = [replace(erasure.step(store), state=StepState.WAITING) for store, found in left.items() if found]
        if again:
            log.info("erasure_again", id=erasure.id, left=left)
            return replace(erasure.noting(*again), swept_at_ms=None)
        kept = self.kept(erasure)
        log.info("erasure_complete", id=erasure.id)
        return erasure.noting(*kept).completed(self.now_ms())

    def _removed(self, erasure: Erasure, store: str) -> Erasure:
        removed, detail = self.stores[store].remove(erasure)
        before = erasure.step(store)
        log.info("erased", id=erasure.id, store=store, removed=removed)
        return erasure.noting(
            Step(store, StepState.DONE, before.removed + removed, self.now_ms(), detail=detail or before.detail)
        )


def named(erasure: Erasure) -> str:
    """The user. Raises LookupError once nobody knows any more."""
    if erasure.user_id is None:
        raise LookupError(f"erasure {erasure.id} is complete, and names nobody")
    return erasure.user_id
