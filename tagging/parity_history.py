"""Runs of the comparison of stream and batch as they are remembered, and what they say of a tag version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tagging.parity import Finding, Outcome, TagParity

LONGEST_CAUSE = 1_000


class Origin(StrEnum):
    """Who asked for a run: a person at the command line, the controller before a switch, the schedule, or the API."""

    VERIFY = "verify"
    PROOF = "proof"
    SCHEDULE = "schedule"
    REQUEST = "request"


class RunStatus(StrEnum):
    """How far a run is. A failed one found nothing out: it says neither red nor green."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Verdict(StrEnum):
    """What a run says of a tag version: red where any user is wrong in any store, empty where nobody has a value."""

    GREEN = "green"
    RED = "red"
    EMPTY = "empty"


@dataclass(frozen=True)
class Run:
    """One comparison. `tag` "" means all live tags, `version` 0 the live one; times are epoch milliseconds."""

    id: int
    origin: Origin
    status: RunStatus
    asked_at_ms: int
    tag: str = ""
    version: int = 0
    cause: str = ""
    started_at_ms: int | None = None
    finished_at_ms: int | None = None


@dataclass(frozen=True)
class Result:
    """What a run found in one store about one tag version."""

    run_id: int
    tag: str
    version: int
    store: str
    counts: Mapping[Outcome, int]
    barrier_at_ms: int

    @property
    def wrong(self) -> int:
        """Users whose value is missing, extra or different."""
        return self.counts[Outcome.MISSING] + self.counts[Outcome.EXTRA] + self.counts[Outcome.DIFFERENT]


@dataclass(frozen=True)
class NewestResult:
    """A result of the newest run of its tag version, with the run."""

    result: Result
    origin: Origin
    started_at_ms: int | None
    finished_at_ms: int | None


@dataclass(frozen=True)
class KeptFinding:
    """A finding of a run; `place` is its number in the run, from 1 on."""

    place: int
    tag: str
    version: int
    store: str
    finding: Finding


class TooManyRequests(Exception):
    """More runs are waiting than may. The text says how many."""


def verdict(results: Sequence[Result]) -> Verdict:
    """What the results of one tag version's run say, of all stores together."""
    if any(result.wrong for result in results):
        return Verdict.RED
    return Verdict.GREEN if any(sum(result.counts.values()) for result in results) else Verdict.EMPTY


_DIFFER = "differ between stream and batch"


def red_reason(run_id: int, wrong: int) -> str:
    """Why a version may not go live, in words."""
    return f"red: {wrong} users {_DIFFER} in its newest parity run, {run_id}"


def differ_reason(store: str, wrong: int, named: str) -> str:
    """Why a version failed its proof, in words. `named`: some users, and the values that they have."""
    return f"{store}: {wrong} users {_DIFFER}, as {named}"


def has_differed(cause: str) -> bool:
    """Whether a version's cause is that it failed its proof."""
    return _DIFFER in cause


def without_values(cause: str) -> str:
    """A version's cause for those who may not see its values: up to where `differ_reason` names the first user."""
    before, differ, named = cause.partition(f"{_DIFFER}, as ")
    return f"{before}{_DIFFER}" if differ and named else cause


def result_of(run_id: int, parity: TagParity) -> Result:
    """An outcome as it is kept."""
    return Result(run_id, parity.tag, parity.version, parity.store, dict(parity.counts), parity.barrier_at_ms)


def as_text(finding: Finding) -> Mapping[str, Any]:
    """A finding as plain data, without its user and outcome."""
    return {
        "batch": finding.batch,
        "stored": finding.stored,
        "offset": finding.offset,
        "cause": finding.cause,
        "evidence": finding.evidence,
    }


def from_text(user_id: str, outcome: str, kept: Mapping[str, Any]) -> Finding:
    """The inverse of `as_text`."""
    return Finding(
        user_id,
        Outcome(outcome),
        kept["batch"],
        kept["stored"],
        kept["offset"],
        kept["cause"],
        kept["evidence"],
    )
