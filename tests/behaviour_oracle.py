"""What the charts of behaviour mean, in plain Python: every attempt, every session and every path is looked at one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tagging.behaviour import (
    FunnelPoint,
    FunnelQuery,
    Node,
    PathPoint,
    PathsQuery,
    RetentionPoint,
    RetentionQuery,
    Selector,
    SessionPoint,
    SessionsQuery,
    TrendPoint,
    TrendsQuery,
)

Row = dict[str, Any]
Values = Mapping[str, Any]
"""user -> the value of the tag to group by."""


@dataclass(frozen=True)
class Stored:
    """An event as it was written, copies too."""

    event_id: str
    user_id: str
    event_type: str
    at_ms: int
    partition: int
    offset: int
    properties: Mapping[str, str] = field(default_factory=dict)
    person: str | None = None
    """Whose event it is, where that is another id of the same person."""

    @property
    def place(self) -> tuple[int, int, int]:
        return (self.at_ms, self.partition, self.offset)


def histories(rows: Iterable[Stored], cut: Mapping[int, int] | None = None) -> dict[str, list[Stored]]:
    """Every user's events in order, each once, as far as the log goes."""
    kept: dict[tuple[str, str], Stored] = {}
    for row in rows:
        before = kept.get((row.user_id, row.event_id))
        if before is None or row.offset < before.offset:
            kept[row.user_id, row.event_id] = row
    found: dict[str, list[Stored]] = defaultdict(list)
    for row in sorted(kept.values(), key=lambda row: row.place):
        if cut is None or row.offset <= cut.get(row.partition, -1):
            found[row.person or row.user_id].append(row)
    return found


class Calendar:
    """The days of a period, by asking the time zone of every event."""

    def __init__(self, period: Any, now_ms: int) -> None:
        self.zone = ZoneInfo(period.zone)
        today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self.zone).date()
        self.last: date = period.last or today
        self.first: date = period.first or today - timedelta(days=period.last_days - 1)

    def day(self, event: Stored) -> int:
        local = datetime.fromtimestamp(event.at_ms // 1000, UTC).astimezone(self.zone)
        return (local.date() - self.first).days

    def has(self, event: Stored) -> bool:
        return 0 <= self.day(event) <= (self.last - self.first).days

    def unit(self, event: Stored, unit: str) -> int:
        return self.day(event) // (7 if unit == "week" else 1)


def takes(selector: Selector, event: Stored) -> bool:
    """Whether a selector takes an event."""
    return (selector.event is None or selector.event == event.event_type) and all(
        event.properties.get(asked.property) in asked.values for asked in selector.where
    )


def group_of(user: str, query: Any, values: Values) -> tuple[str, Any]:
    """The group of a user before the small ones are put together."""
    if query.breakdown is None:
        return ("all", None)
    value = values.get(user)
    if value is None:
        return ("none", None)
    return ("value", float(value) if type(value) in (int, float) else value)


def folded(
    sizes: Mapping[tuple[str, Any], int], text: Callable[[Any], str], groups: int
) -> dict[tuple[str, Any], tuple]:
    """Each group's own name, or that of the rest."""
    ranked = sorted((key for key in sizes if key[0] == "value"), key=lambda key: (-sizes[key], text(key[1]).encode()))
    kept = set(ranked[:groups])
    return {key: key if key[0] != "value" or key in kept else ("other", None) for key in sizes}


def trend_counts(events: Sequence[Stored], query: TrendsQuery, now_ms: int) -> Counter[int]:
    """How often one user did it, by unit."""
    days = Calendar(query.period, now_ms)
    return Counter(days.unit(event, query.unit) for event in events if days.has(event) and takes(query.event, event))


def attempts(events: Sequence[Stored], query: FunnelQuery, now_ms: int) -> list[list[int]]:
    """The times of the steps of every attempt, in order of their beginnings."""
    days, found = Calendar(query.period, now_ms), []
    for index, first in enumerate(events):
        if not (days.has(first) and takes(query.steps[0], first)):
            continue
        times, at = [first.at_ms], index
        for step in query.steps[1:]:
            later = [i for i in range(at + 1, len(events)) if takes(step, events[i])]
            if not later or events[later[0]].at_ms - first.at_ms > query.window_seconds * 1000:
                break
            at = later[0]
            times.append(events[at].at_ms)
        found.append(times)
    return found


def attempt(events: Sequence[Stored], query: FunnelQuery, now_ms: int) -> list[int]:
    """The attempt that counts."""
    found = attempts(events, query, now_ms)
    furthest = max((len(times) for times in found), default=0)
    return next((times for times in found if len(times) == furthest), [])


def comings_back(events: Sequence[Stored], query: RetentionQuery, now_ms: int) -> tuple[int, set[int]] | None:
    """The unit in which a user began, and after how many units they came back, or are held to have."""
    days = Calendar(query.period, now_ms)
    within = [event for event in events if days.has(event)]
    began = next((event for event in within if takes(query.first, event)), None)
    if began is None:
        return None
    cohort = days.unit(began, query.unit)
    after = [event for event in within if event.place > began.place and takes(query.again, event)]
    back = {days.unit(event, query.unit) - cohort for event in after}
    if query.unbounded:
        back = {unit for unit in range(query.units + 400) if any(unit <= later for later in back)}
    return cohort, back


def last_unit(query: RetentionQuery, now_ms: int) -> int:
    days = Calendar(query.period, now_ms)
    return (days.last - days.first).days // (7 if query.unit == "week" else 1)


def sessions_of(events: Sequence[Stored], query: PathsQuery | SessionsQuery, now_ms: int) -> list[list[Stored]]:
    """A user's sessions within the period."""
    days, found = Calendar(query.period, now_ms), []
    for event in (event for event in events if days.has(event)):
        if found and event.at_ms - found[-1][-1].at_ms <= query.session_gap_seconds * 1000:
            found[-1].append(event)
        else:
            found.append([event])
    return found


def paths_of(events: Sequence[Stored], query: PathsQuery, now_ms: int) -> list[list[str]]:
    """A user's paths."""
    found = []
    for session in sessions_of(events, query, now_ms):
        types: list[str] = []
        for event in session:
            if not (query.joined and types and types[-1] == event.event_type):
                types.append(event.event_type)
        if query.direction == "before":
            types.reverse()
        if query.anchor in types:
            start = types.index(query.anchor)
            found.append(types[start : start + query.steps + 1])
    return found


def users_of(point: Any, stored: Iterable[Stored], now_ms: int, cut: Mapping[int, int] | None = None) -> set[str]:
    """The users of a chart's point."""
    return {user for user, events in histories(stored, cut).items() if is_of(point, events, now_ms)}


def is_of(point: Any, events: Sequence[Stored], now_ms: int) -> bool:
    """Whether a user belongs to a point."""
    match point:
        case TrendPoint(query=query):
            counts = trend_counts(events, query, now_ms)
            times = sum(counts.values()) if point.unit is None else counts[point.unit]
            return times >= point.at_least
        case FunnelPoint(query=query):
            reached = len(attempt(events, query, now_ms))
            return reached == point.step if point.lost else reached >= point.step
        case RetentionPoint(query=query):
            found = comings_back(events, query, now_ms)
            if found is None or point.cohort not in (None, found[0]):
                return False
            if point.unit is None:
                return True
            return found[0] + point.unit <= last_unit(query, now_ms) and (point.unit in found[1]) == point.kept
        case PathPoint(query=query):
            return any(_fits(point, path) for path in paths_of(events, query, now_ms))
        case SessionPoint(query=query):
            days = Calendar(query.period, now_ms)
            begun = [days.day(session[0]) for session in sessions_of(events, query, now_ms)]
            return bool(begun) if point.day is None else point.day in begun
    raise ValueError(point)


def _fits(point: PathPoint, path: list[str]) -> bool:
    def meets(node: Node, level: int) -> bool:
        return len(path) >= level and (path[level - 1] in node.events) != node.other

    if not meets(point.node, point.level):
        return False
    if point.ended:
        return len(path) == point.level
    return point.next is None or meets(point.next, point.level + 1)
