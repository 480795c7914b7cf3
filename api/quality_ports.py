"""What the API asks about the quality of the data: the history of comparisons, and the ledger of what arrived.

As in `api.ports`: every method raises `Unavailable` when its store does not answer, and times are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tagging.parity_history import KeptFinding, NewestResult, Result, Run


class ParityHistory(Protocol):
    """Runs of the comparison of stream and batch (MySQL)."""

    def ask(self, tag: str, version: int, at_ms: int) -> Run:
        """Ask for a run; a request that waits already is that request. Raises `tagging.parity_history.TooManyRequests`."""

    def newest(self) -> Sequence[NewestResult]:
        """What the newest run of every tag version found, in order of tag, version and store."""

    def runs(self, tag: str | None, before: int | None, limit: int) -> Sequence[Run]:
        """At most `limit` runs with an id below `before`, the newest first; of those that compared a tag, if given."""

    def run(self, run_id: int) -> Run | None:
        """One run."""

    def results(self, run_ids: Sequence[int]) -> Sequence[Result]:
        """What these runs found, in order of run, tag, version and store."""

    def findings(self, run_id: int, tag: str | None, after: int, limit: int) -> Sequence[KeptFinding]:
        """At most `limit` findings of a run with a place above `after`; of one tag alone, if given."""


@dataclass(frozen=True)
class ArrivedHour:
    """What the log took in of a source within one hour. `longest_behind_ms`: of what came the longest after it happened.

    `source`: `events`, or the name of a table whose row changes they are.
    """

    source: str
    hour_ms: int
    on_time: int
    late: int
    duplicate: int
    longest_behind_ms: int


@dataclass(frozen=True)
class RefusedHour:
    """Messages of a topic that were refused for one reason, by the hour in which the log took them in."""

    hour_ms: int
    topic: str
    reason: str
    messages: int


@dataclass(frozen=True)
class Corrections:
    """A tag version's changes, and those of them that came right after a late event of the same user."""

    tag: str
    version: int
    changes: int
    corrections: int


@dataclass(frozen=True)
class DeadLetterPlace:
    """Where a page of dead letters ended: they are ordered by `logged_at_ms` downwards, then by place."""

    logged_at_ms: int
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class DeadLetterRow:
    """A message that was refused. `payload`: the beginning of its bytes, `payload_bytes`: how many there are."""

    place: DeadLetterPlace
    reason: str
    detail: str
    payload: bytes
    payload_bytes: int


class Ledger(Protocol):
    """What arrived and what became of it (ClickHouse)."""

    def arrived(self, from_ms: int, to_ms: int) -> Sequence[ArrivedHour]:
        """Of every source and hour in which any of it arrived, in order of both."""

    def refused(self, from_ms: int, to_ms: int) -> Sequence[RefusedHour]:
        """In order of hour, topic and reason."""

    def corrections(self, from_ms: int, to_ms: int) -> Sequence[Corrections]:
        """Of every tag version that changed for any user, in order."""

    def dead_letters(self, reason: str, after: DeadLetterPlace | None, limit: int) -> Sequence[DeadLetterRow]:
        """At most `limit` of them after a place, the newest first; of one reason alone, unless ""."""
