"""The ledger over rows in memory. It passes the contract suite of the real one (tests/contract/test_ledger.py)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.quality_ports import ArrivedHour, Corrections, DeadLetterPlace, DeadLetterRow, RefusedHour
from tests.fakes.breakable import Breakable

HOUR_MS, MINUTE_MS, DAY_MS = 3_600_000, 60_000, 86_400_000


@dataclass(frozen=True)
class Arrival:
    """An event as it lies in the log."""

    event_id: str
    user_id: str
    occurred_at_ms: int
    logged_at_ms: int
    partition: int
    offset: int


@dataclass(frozen=True)
class RowArrival:
    """A row change as it lies in the log. `change`: what is the same in each copy."""

    source: str
    change: str
    changed_at_ms: int
    logged_at_ms: int
    partition: int
    offset: int


@dataclass(frozen=True)
class Change:
    """A tag change as it lies in the log."""

    tag: str
    version: int
    user_id: str
    changed_at_ms: int
    offset: int


@dataclass
class MemoryLedger(Breakable):
    """What was delivered, some of it more than once."""

    arrivals: list[Arrival] = field(default_factory=list)
    rows: list[RowArrival] = field(default_factory=list)
    letters: list[DeadLetterRow] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    remembered_days: int = 7

    def __post_init__(self) -> None:
        super().__init__("clickhouse")

    def arrived(self, from_ms: int, to_ms: int) -> Sequence[ArrivedHour]:
        self.ask()
        events = {
            ("events", row.event_id, row.occurred_at_ms, row.logged_at_ms, (row.offset, row.partition))
            for row in self.arrivals
        }
        rows = {
            (row.source, row.change, row.changed_at_ms, row.logged_at_ms, (row.offset, row.partition))
            for row in self.rows
        }
        known = [row for row in events | rows if from_ms - self.remembered_days * DAY_MS <= row[3] < to_ms]
        first: dict[tuple[str, str], tuple[int, int]] = {}
        for source, same, _, _, place in known:
            first[source, same] = min(place, first.get((source, same), (2**63, 0)))
        hours: dict[tuple[str, int], list[tuple[bool, int]]] = defaultdict(list)
        for source, same, happened_ms, logged_ms, place in known:
            if logged_ms >= from_ms:
                copy = first[source, same] != place
                hours[source, logged_ms // HOUR_MS * HOUR_MS].append((copy, logged_ms - happened_ms))
        return [
            ArrivedHour(
                *of,
                sum(not copy and behind <= MINUTE_MS for copy, behind in rows),
                sum(not copy and behind > MINUTE_MS for copy, behind in rows),
                sum(copy for copy, _ in rows),
                max((behind for copy, behind in rows if not copy), default=0),
            )
            for of, rows in sorted(hours.items())
        ]

    def refused(self, from_ms: int, to_ms: int) -> Sequence[RefusedHour]:
        self.ask()
        counts = Counter(
            (row.place.logged_at_ms // HOUR_MS * HOUR_MS, row.place.topic, row.reason)
            for row in self._letters()
            if from_ms <= row.place.logged_at_ms < to_ms
        )
        return [RefusedHour(*key, number) for key, number in sorted(counts.items())]

    def corrections(self, from_ms: int, to_ms: int) -> Sequence[Corrections]:
        self.ask()
        late: dict[str, list[int]] = defaultdict(list)
        for row in self.arrivals:
            if row.logged_at_ms - row.occurred_at_ms > MINUTE_MS:
                late[row.user_id].append(row.logged_at_ms)
        found: dict[tuple[str, int], list[bool]] = defaultdict(list)
        for change in set(self.changes):
            if from_ms <= change.changed_at_ms < to_ms:
                after = any(0 <= change.changed_at_ms - at <= MINUTE_MS for at in late[change.user_id])
                found[change.tag, change.version].append(after)
        return [Corrections(*key, len(changes), sum(changes)) for key, changes in sorted(found.items())]

    def dead_letters(self, reason: str, after: DeadLetterPlace | None, limit: int) -> Sequence[DeadLetterRow]:
        self.ask()
        rows = sorted((row for row in self._letters() if reason in ("", row.reason)), key=lambda row: _order(row.place))
        return [row for row in rows if after is None or _order(row.place) > _order(after)][:limit]

    def _letters(self) -> Sequence[DeadLetterRow]:
        return list({row.place: row for row in self.letters}.values())


def _order(place: DeadLetterPlace) -> tuple[int, str, int, int]:
    return -place.logged_at_ms, place.topic, place.partition, place.offset
