"""Tells the log of merges and of their end: one message for each id that belongs to another person than before.

MySQL says what is still to be told, and is told once the log has it. Killed anywhere, the same is told again, under the same
number of change, by which readers know it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Gauge

from stores import logs
from tagging.identity import Identity

AT_ONCE = 1_000
WAITING = Gauge(
    "tagstream_identities_waiting", "Ids of which the log was not told yet that they belong to another person"
)
log = logs.get("jobs.identities")


class Told(Protocol):
    """What is to be told; `stores.identities.IdentityTable` is the real one."""

    def unpublished(self, limit: int) -> Sequence[Identity]: ...

    def published(self, told: Iterable[Identity]) -> None: ...

    def waiting(self) -> int: ...


class Log(Protocol):
    """The topic; `stores.identity_log.IdentityLog` is the real one."""

    def tell(self, identities: Iterable[Identity]) -> None: ...


@dataclass(frozen=True)
class IdentityPublisher:
    """See `jobs.worker.Worker`. Raises MySQLUnavailable and KafkaUnavailable."""

    identities: Told
    log: Log
    leads: Callable[[], bool]

    def step(self) -> bool:
        """Tell what has waited longest. False when nothing waits, or another process leads."""
        if not self.leads():
            return False
        WAITING.set(self.identities.waiting())
        found = self.identities.unpublished(AT_ONCE)
        if not found:
            return False
        self.log.tell(found)
        self.identities.published(found)
        log.info("identities_told", ids=len(found), change=found[-1].change)
        return True
