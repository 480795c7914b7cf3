"""What the API asks about tags' values, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.ports import Bin, Coverage, Member, ValueCount
from tests.fakes.breakable import Breakable


@dataclass(frozen=True)
class StoredValue:
    """A row of tag values."""

    tag: str
    version: int
    user_no: int
    user_id: str
    value: Any
    changed_at_ms: int


class MemoryStatistics(Breakable):
    """Counts over rows. A value None is the explicit "no value"."""

    def __init__(self, rows: Sequence[StoredValue]) -> None:
        super().__init__("clickhouse")
        self.rows = sorted(rows, key=lambda row: row.user_no)
        self.asked = 0

    def _of(self, tag: str, version: int) -> list[StoredValue]:
        self.ask()
        self.asked += 1
        return [row for row in self.rows if (row.tag, row.version) == (tag, version) and row.value is not None]

    def coverage(self) -> Mapping[tuple[str, int], Coverage]:
        self.ask()
        self.asked += 1
        found: dict[tuple[str, int], Coverage] = {}
        for row in self.rows:
            before = found.get((row.tag, row.version), Coverage(0, 0))
            found[(row.tag, row.version)] = Coverage(
                before.users + (row.value is not None), max(before.last_changed_at_ms or 0, row.changed_at_ms)
            )
        return found

    def distribution(self, tag: str, version: int, limit: int) -> Sequence[ValueCount]:
        counts = Counter(row.value for row in self._of(tag, version))
        return [
            ValueCount(value, users) for value, users in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ][:limit]

    def histogram(self, tag: str, version: int, bins: int) -> Sequence[Bin]:
        numbers = [float(row.value) for row in self._of(tag, version)]
        if not numbers:
            return []
        low, high = min(numbers), max(numbers)
        if low == high:
            return [Bin(low, high, len(numbers))]
        width = (high - low) / bins
        counts = Counter(min(int((number - low) / width), bins - 1) for number in numbers)
        return [Bin(low + width * index, low + width * (index + 1), counts[index]) for index in range(bins)]

    def members(self, tag: str, version: int, value: Any | None, after: int, limit: int) -> Sequence[Member]:
        return [
            Member(row.user_id, row.user_no, row.value, row.changed_at_ms)
            for row in self._of(tag, version)
            if row.user_no > after and (value is None or row.value == value)
        ][:limit]
