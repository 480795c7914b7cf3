"""What the API asks on behalf of operators: something of a Flink job, and that a dead letter be sent again.

As in `api.ports`: every method raises `Unavailable` when its store does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stores.dead_letters import Place, Replay
from stores.job_requests import JobRequest, What


class JobRequests(Protocol):
    """What was asked of jobs (MySQL); the controller's process does it."""

    def ask(self, job: str, what: What, who: str) -> JobRequest:
        """Ask for something; the same that waits already is that request. Raises `stores.job_requests.JobIsBusy`."""

    def read(self, request_id: str) -> JobRequest | None:
        """One request."""

    def newest(self, limit: int) -> Sequence[JobRequest]:
        """The newest first."""


class Letters(Protocol):
    """Dead letters with all of their bytes (ClickHouse)."""

    def payload(self, letter: Place) -> bytes | None:
        """The bytes of one, or None where there is none."""


class Replays(Protocol):
    """Which dead letters were sent again (MySQL)."""

    def once(self, letter: Place, sha256: str, who: str, send: Callable[[], Place]) -> Replay:
        """Send a letter again unless it was. See `stores.dead_letters.ReplayTable`."""

    def read(self, letter: Place) -> Replay | None:
        """What became of one."""


class Resender(Protocol):
    """Puts bytes into a topic of the log (Kafka)."""

    def send(self, topic: str, key: str, value: bytes) -> Place:
        """Where they lie once all replicas have them. Raises ValueError for more than the log takes."""


@dataclass(frozen=True)
class Operations:
    """All of them."""

    requests: JobRequests
    letters: Letters
    replays: Replays
    resender: Resender
