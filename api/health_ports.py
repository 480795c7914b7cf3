"""What the API asks about how things go: what has gone through, how far readers are behind, Flink's jobs, each dependency.

Every method raises `api.ports.Unavailable` when its store does not answer. Times are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Freshness:
    """How long after the log had an event it had the tag change that it made, over `changes` of the last two minutes.

    The half came within `p50_ms`, all but one in a hundred within `p99_ms`; both None where there were no changes.
    """

    changes: int
    p50_ms: int | None
    p99_ms: int | None


@dataclass(frozen=True)
class Activity:
    """What has gone through: totals, and rates over the last minute."""

    events_total: int
    dead_letters_total: int
    events_per_second: float
    tag_changes_per_second: float
    events_by_minute: Sequence[tuple[int, int]] = ()
    """(epoch minute, events) of every one of the last 60 minutes, oldest first, zeros included."""
    freshness: Freshness = Freshness(0, None, None)


class Activities(Protocol):
    """Counts over the stored events and tag changes (ClickHouse)."""

    def read(self) -> Activity:
        """As of now."""


class Lags(Protocol):
    """How far behind the log its readers are (Kafka)."""

    def by_group(self) -> Mapping[str, int]:
        """Messages that each of Tagstream's consumer groups has not yet committed."""


@dataclass(frozen=True)
class JobState:
    """A Flink job. `problem` is the named cause of a failure that it has not recovered from.

    `bounded`: it reads up to a point and ends, as a batch run does. `last_checkpoint_bytes`: of the whole state;
    `last_checkpoint_ms`: how long it took.
    """

    id: str
    name: str
    state: str
    uptime_seconds: int
    last_checkpoint_at_ms: int | None
    problem: str | None = None
    bounded: bool = False
    checkpoints_completed: int = 0
    checkpoints_failed: int = 0
    last_checkpoint_bytes: int | None = None
    last_checkpoint_ms: int | None = None


class FlinkJobs(Protocol):
    """The jobs of the Flink cluster."""

    def read(self) -> Sequence[JobState]:
        """Newest first; of jobs with the same name only the newest."""

    def problem(self, name: str) -> str | None:
        """That of the newest job of this name; None where there is none of either."""


Status = Literal["ok", "degraded", "down"]


@dataclass(frozen=True)
class Finding:
    """What a check found about one thing."""

    name: str
    status: Status
    detail: str
    lag: int | None = None


class Check(Protocol):
    """One dependency's health. `essential`: without it requests fail, so that the whole service counts as down."""

    name: str
    essential: bool

    def run(self) -> Sequence[Finding]:
        """Ask the dependency now; give up after a short time. May raise anything: that is a finding too."""
