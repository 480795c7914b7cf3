"""Why stream and batch differ on one user: a label found from the rows of the log that concern the user, and nothing else.

A suspect is `sure` when the rows alone explain this difference, and `likely` when they hold what often causes one. The label is
the one suspect that is left; where several are equally strong, or none is, it is `unknown`, and all of them are told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Any

from tagging.parity import Finding, Outcome
from tagging.windows import MINUTE_MS, Window

DAY_MS = 24 * 60 * MINUTE_MS
LATE_MS = MINUTE_MS
"""A row is late when the log took it in more than one tick after it happened."""


class Cause(StrEnum):
    """What made a user's value differ."""

    LATE_EVENT = "late_event"
    DUPLICATE = "duplicate"
    CDC_ORDER = "cdc_order"
    TIE = "tie"
    VERSION_SKEW = "version_skew"
    STORE_WRITE = "store_write"
    UNKNOWN = "unknown"


class Strength(IntEnum):
    """How much a suspect explains."""

    LIKELY = 1
    SURE = 2


@dataclass(frozen=True)
class InputRow:
    """A message of a source that concerns the user. Times are epoch milliseconds.

    `key`: the event's or the row's; `at_ms`: the time that moves it through windows, None for none; `op`: `event`, or
    the row change's c, r, u or d; `written`: its place in the database's own order of writes, empty for an event.
    """

    source: str
    key: str
    partition: int
    offset: int
    logged_at_ms: int
    at_ms: int | None
    op: str = "event"
    written: tuple[int, ...] = ()
    text: str = ""

    @property
    def place(self) -> tuple[str, int, int]:
        """Where in the log it lies."""
        return self.source, self.partition, self.offset


@dataclass(frozen=True)
class Emitted:
    """A message of the tag's topic about the user."""

    value: Any
    offset: int
    at_ms: int


@dataclass(frozen=True)
class Evidence:
    """What is known of one user besides the two values.

    `other_versions`: what the store holds for the user under the tag's other versions; `other_sql`: the job that writes the
    topic runs other statements than were recomputed; `tick_minute`: the newest tick that the batch run read.
    """

    barrier_at_ms: int
    tick_minute: int
    windows: Sequence[Window] = ()
    rows: Sequence[InputRow] = ()
    emitted: Sequence[Emitted] = ()
    other_versions: Mapping[int, Any] = field(default_factory=dict)
    other_sql: bool = False
    late_days: int = 7
    deduplicate_days: int = 7

    def windows_of(self, row: InputRow) -> list[Window]:
        """The tag's windows that the row may be in."""
        return [window for window in self.windows if window.source == row.source and row.at_ms is not None]

    def leaves_at_minute(self, row: InputRow) -> int | None:
        """The tick that takes the row from the last of its windows; None for a row in no window."""
        return max((window.leaves_at_minute(row.at_ms) for window in self.windows_of(row)), default=None)

    def counts(self, row: InputRow) -> bool:
        """Whether the row was in one of the tag's windows at the newest tick, by the rule of `LAST`."""
        leaves_at = self.leaves_at_minute(row)
        if leaves_at is None:
            return not any(window.source == row.source for window in self.windows)
        return leaves_at > self.tick_minute and leaves_at * MINUTE_MS > row.logged_at_ms

    def left_when_logged(self, row: InputRow) -> bool:
        """Whether the row had left every window by the time that the log took it in."""
        leaves_at = self.leaves_at_minute(row)
        return leaves_at is not None and leaves_at * MINUTE_MS <= row.logged_at_ms


@dataclass(frozen=True)
class Suspect:
    """A cause that the evidence speaks for, why, and the rows that decide."""

    cause: Cause
    strength: Strength
    reason: str
    rows: Sequence[InputRow] = ()


@dataclass(frozen=True)
class Diagnosis:
    """The label, why, the rows that decide, and everything that was suspected."""

    cause: Cause
    reason: str
    rows: Sequence[InputRow]
    suspects: Sequence[Suspect]


def diagnose(finding: Finding, evidence: Evidence) -> Diagnosis:
    """The cause of one difference."""
    # A store that does not hold what the stream said, and a stream of other SQL, need no row of the log to differ.
    suspects = _store_suspects(finding, evidence) or _skew(evidence)
    if not suspects:
        suspects = [suspect for look in _STREAM for suspect in look(finding, evidence)]
    strongest = max((suspect.strength for suspect in suspects), default=Strength.LIKELY)
    left = [suspect for suspect in suspects if suspect.strength is strongest]
    if len(left) == 1:
        return Diagnosis(left[0].cause, left[0].reason, left[0].rows, suspects)
    causes = ", ".join(suspect.cause for suspect in left)
    reason = f"the rows speak for several: {causes}" if left else "no row of the log explains it"
    return Diagnosis(Cause.UNKNOWN, reason, (), suspects)


def _store_suspects(finding: Finding, evidence: Evidence) -> list[Suspect]:
    """Whether the store holds something else than the stream said: then the stream's inputs do not matter."""
    before = [said for said in evidence.emitted if said.at_ms < evidence.barrier_at_ms]
    newest = max(before, key=lambda said: said.offset, default=None)
    held = next((said for said in evidence.emitted if said.offset == finding.offset), None)
    same = held is not None and _equal(held.value, finding.stored)
    behind = newest is not None and newest.offset > (-1 if finding.offset is None else finding.offset)
    if (finding.offset is None and newest is None) or (same and not behind):
        return []
    others = [number for number, value in evidence.other_versions.items() if _equal(value, finding.stored)]
    foreign = finding.stored is not None and not any(_equal(said.value, finding.stored) for said in evidence.emitted)
    if foreign and others:
        reason = f"the store holds the value of version {others[0]}, which this version's topic never had"
        return [Suspect(Cause.VERSION_SKEW, Strength.SURE, reason)]
    if behind:
        at = "nothing" if finding.offset is None else f"the message at offset {finding.offset}"
        reason = f"the topic says {newest.value!r} at offset {newest.offset}, the store holds {at}"
    elif held is not None:
        reason = f"the topic says {held.value!r} at offset {held.offset}, the store holds {finding.stored!r} from there"
    else:
        reason = f"the store holds offset {finding.offset}, which is no message about this user"
    return [Suspect(Cause.STORE_WRITE, Strength.SURE, reason)]


def _skew(evidence: Evidence) -> list[Suspect]:
    reason = "the job that writes the topic runs other statements than were recomputed"
    return [Suspect(Cause.VERSION_SKEW, Strength.SURE, reason)] if evidence.other_sql else []


def _duplicates(finding: Finding, evidence: Evidence) -> Iterator[Suspect]:
    copies = [rows for rows in _by_key(evidence, "event").values() if len(rows) > 1]
    if not copies:
        return
    rows = [row for of_key in copies for row in of_key]
    forgotten = [
        of_key
        for of_key in copies
        if max(row.logged_at_ms for row in of_key) - min(row.logged_at_ms for row in of_key)
        > evidence.deduplicate_days * DAY_MS
    ]
    # Of each event the copy with the lowest offset counts; every other one is one too many.
    extra = sum(1 for of_key in copies for row in of_key[1:] if evidence.counts(row))
    if forgotten:
        reason = (
            f"a copy came more than {evidence.deduplicate_days} days after the first, when its event_id was forgotten"
        )
        yield Suspect(Cause.DUPLICATE, Strength.SURE, reason, [row for of_key in forgotten for row in of_key])
    elif extra and _more_by(finding) == extra:
        yield Suspect(
            Cause.DUPLICATE, Strength.SURE, f"the stream counts as many more as there are copies: {extra}", rows
        )
    else:
        yield Suspect(Cause.DUPLICATE, Strength.LIKELY, f"events that were logged more than once: {len(copies)}", rows)


def _late(finding: Finding, evidence: Evidence) -> Iterator[Suspect]:
    first = [of_key[0] for of_key in _by_key(evidence, "event").values()]
    late = [row for row in first if row.at_ms is not None and row.logged_at_ms - row.at_ms > LATE_MS]
    if not late:
        return
    gone = [row for row in late if evidence.left_when_logged(row)]
    counted = [row for row in late if evidence.counts(row)]
    counting = [row for row in first if evidence.counts(row)]
    forgotten = [row for row in counted if row.logged_at_ms - row.at_ms > evidence.late_days * DAY_MS]
    more = _more_by(finding)
    if gone and (more == len(gone) or (finding.outcome is Outcome.EXTRA and not counting)):
        reason = f"late events that had left the window when they were logged, and that the stream counts: {len(gone)}"
        yield Suspect(Cause.LATE_EVENT, Strength.SURE, reason, gone)
    elif counted and (more == -len(counted) or (finding.outcome is Outcome.MISSING and len(counted) == len(counting))):
        reason = f"late events in the window that the stream lacks: {len(counted)}"
        yield Suspect(Cause.LATE_EVENT, Strength.SURE, reason, counted)
    elif forgotten:
        reason = f"an event was logged more than {evidence.late_days} days late, when its ticks were forgotten"
        yield Suspect(Cause.LATE_EVENT, Strength.SURE, reason, forgotten)
    else:
        yield Suspect(Cause.LATE_EVENT, Strength.LIKELY, f"events that were logged late: {len(late)}", late)


def _cdc_order(finding: Finding, evidence: Evidence) -> Iterator[Suspect]:
    turned: list[InputRow] = []
    for rows in _by_key(evidence, "row change").values():
        earlier = any(one.written > following.written for one, following in pairwise(rows))
        if earlier or len({row.partition for row in rows}) > 1:
            turned += rows
    if turned:
        reason = "the log does not hold a row's changes in the order in which the database wrote them"
        yield Suspect(Cause.CDC_ORDER, Strength.SURE, reason, turned)


def _ties(finding: Finding, evidence: Evidence) -> Iterator[Suspect]:
    if _more_by(finding) is not None:
        # Which of two rows comes first changes no count.
        return
    counting = [of_key[0] for of_key in _by_key(evidence, "event").values() if evidence.counts(of_key[0])]
    at_time: dict[tuple[str, int], list[InputRow]] = defaultdict(list)
    for row in counting:
        if row.at_ms is not None:
            at_time[row.source, row.at_ms].append(row)
    tied = {place: rows for place, rows in at_time.items() if len(rows) > 1}
    if not tied:
        return
    edges = {(row.source, at) for row in counting for at in _edges(counting, row.source)}
    decisive = [row for place, rows in tied.items() if place in edges for row in rows]
    if decisive:
        yield Suspect(Cause.TIE, Strength.SURE, "the user's first or last events have equal times", decisive)
    else:
        rows = [row for of_time in tied.values() for row in of_time]
        yield Suspect(Cause.TIE, Strength.LIKELY, "several events of the user have equal times", rows)


_STREAM: Sequence[Callable[[Finding, Evidence], Iterator[Suspect]]] = (_duplicates, _late, _cdc_order, _ties)


def _edges(rows: Sequence[InputRow], source: str) -> tuple[int, int]:
    times = [row.at_ms for row in rows if row.source == source and row.at_ms is not None]
    return min(times), max(times)


def _by_key(evidence: Evidence, kind: str) -> dict[tuple[str, str], list[InputRow]]:
    """The rows of events, or of tables, by source and key, each key's in order of the log."""
    found: dict[tuple[str, str], list[InputRow]] = defaultdict(list)
    for row in sorted(evidence.rows, key=lambda row: (row.offset, row.partition)):
        if (row.op == "event") == (kind == "event"):
            found[row.source, row.key].append(row)
    return found


def _more_by(finding: Finding) -> int | None:
    """By how much the stream's whole number is larger than batch's, no value being none; None for other values."""
    numbers = [0 if value is None else value for value in (finding.batch, finding.stored)]
    if any(type(number) is not int for number in numbers):
        return None
    return numbers[1] - numbers[0]


def _equal(left: Any, right: Any) -> bool:
    return left == right and type(left) is type(right)
