"""Charts of behaviour in memory: the plain Python that the real store's answers are compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tagging.behaviour import Point, Query
from tests import behaviour_charts
from tests.behaviour_oracle import Stored, users_of
from tests.fakes.api_stores import AT_MS, MemoryStatistics
from tests.fakes.breakable import Breakable

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def made_up(users: int, now_ms: int) -> list[Stored]:
    """Two weeks of visits, often or seldom. One user of five only looks; the others buy at times."""
    rows: list[Stored] = []
    for number in range(users):
        for visit, day in enumerate(range(number % 4, 14, 2 + number % 5)):
            at = now_ms - day * DAY - (number % 7) * 13 * MINUTE - 60 * MINUTE
            steps = ["view", "view", *["cart", "pay"][: (number + visit) % 3 if number % 5 else 0]]
            for step, kind in enumerate(steps):
                properties = {"campaign": "spring" if number % 2 else "none"}
                event_id = f"{number}-{visit}-{step}"
                rows.append(Stored(event_id, f"u{number}", kind, at + step * 4 * MINUTE, 0, len(rows), properties))
    return rows


class MemoryBehaviour(Breakable):
    """Charts over events as they were stored; the crowds' points are as of `now_ms`."""

    def __init__(self, events: Sequence[Stored], statistics: MemoryStatistics, now_ms: int = AT_MS) -> None:
        super().__init__("clickhouse")
        self.events = events
        self.now_ms = now_ms
        self._statistics = statistics

    def rows(self, query: Query, now_ms: int, version: int) -> Sequence[Mapping[str, Any]]:
        self.ask()
        tag = getattr(query, "breakdown", None)
        values = {row.user_id: row.value for row in self._statistics.rows if (row.tag, row.version) == (tag, version)}
        return behaviour_charts.rows(query, self.events, now_ms, values)

    def event_types(self, limit: int) -> Sequence[str]:
        self.ask()
        counts = Counter(event.event_type for event in self.events)
        return sorted(counts, key=lambda kind: (-counts[kind], kind))[:limit]

    def users_of(self, point: Point) -> set[str]:
        """The users of a chart's point."""
        return users_of(point, self.events, self.now_ms)
