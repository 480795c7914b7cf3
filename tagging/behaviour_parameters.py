"""The values that the queries of sql/clickhouse/behaviour are bound to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tagging.behaviour import (
    FunnelPoint,
    FunnelQuery,
    Node,
    PathPoint,
    PathsQuery,
    Period,
    Point,
    Query,
    RetentionPoint,
    RetentionQuery,
    Selector,
    SessionPoint,
    SessionsQuery,
    TrendPoint,
    TrendsQuery,
)

DAYS_OF = {"day": 1, "week": 7}
_EVERYTHING = 2**64 - 1
CHART_OF: Mapping[type, str] = {
    TrendsQuery: "trends",
    FunnelQuery: "funnel",
    RetentionQuery: "retention",
    PathsQuery: "paths",
    SessionsQuery: "sessions",
}


@dataclass(frozen=True)
class Days:
    """A period's calendar days, both included, and the time from the first's beginning up to the last's end, in epoch ms."""

    first: date
    last: date
    from_ms: int
    until_ms: int

    def units(self, unit: str) -> int:
        """How many days or weeks there are, the last week perhaps not whole."""
        return -(-((self.last - self.first).days + 1) // DAYS_OF[unit])


def days_of(period: Period, now_ms: int) -> Days:
    """The days that a period means at a time."""
    zone = ZoneInfo(period.zone)
    if period.last_days is None:
        first, last = period.first, period.last
    else:
        last = datetime.fromtimestamp(now_ms / 1000, zone).date()
        first = last - timedelta(days=period.last_days - 1)
    return Days(first, last, _midnight(first, zone), _midnight(last + timedelta(days=1), zone))


def _midnight(day: date, zone: ZoneInfo) -> int:
    # The first instant of the day, also where clocks are put forward or back at midnight.
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp() * 1000)


def of_query(
    query: Query, now_ms: int, version: int = 0, cut: Mapping[int, int] | None = None, grouped: bool = True
) -> dict[str, Any]:
    """A chart's values. `version`: of the breakdown's tag. `cut`: the highest offset of each partition that counts, else all."""
    days = days_of(query.period, now_ms)
    reach = {} if cut is None else cut
    bound: dict[str, Any] = {
        "zone": query.period.zone,
        "first_day": days.first,
        "from_ms": days.from_ms,
        "read_until_ms": days.until_ms,
        "partitions": [0, *reach],
        "offsets": [_EVERYTHING if cut is None else 0, *(offset + 1 for offset in reach.values())],
        "elsewhere": _EVERYTHING if cut is None else 0,
        "people_at_ms": now_ms,
    }
    if cut is not None and 0 in reach:
        bound["partitions"], bound["offsets"] = bound["partitions"][1:], bound["offsets"][1:]
    if isinstance(query, TrendsQuery | FunnelQuery) and grouped:
        bound |= {"tag": query.breakdown or "", "version": version, "groups": query.groups}
    match query:
        case TrendsQuery():
            bound |= _selected((query.event,)) | {"unit_days": DAYS_OF[query.unit]}
        case FunnelQuery():
            window_ms = query.window_seconds * 1000
            bound |= _selected(query.steps) | {"window_ms": window_ms, "until_ms": days.until_ms}
            bound["read_until_ms"] = days.until_ms + window_ms
        case RetentionQuery():
            last_unit = days.units(query.unit) - 1
            bound |= _selected((query.first, query.again))
            bound |= {"unit_days": DAYS_OF[query.unit], "units": query.units, "last_unit": last_unit}
            bound["unbounded"] = int(query.unbounded)
        case PathsQuery():
            bound |= _selected((Selector(),)) | {"gap_ms": query.session_gap_seconds * 1000, "anchor": query.anchor}
            bound |= {"steps": query.steps, "nodes": query.nodes, "joined": int(query.joined)}
            bound["before"] = int(query.direction == "before")
        case SessionsQuery():
            bound |= _selected((Selector(),)) | {"gap_ms": query.session_gap_seconds * 1000}
    return bound


def of_point(point: Point, now_ms: int, cut: Mapping[int, int] | None = None) -> dict[str, Any]:
    """The values of a query for a point's users."""
    bound = of_query(point.query, now_ms, cut=cut, grouped=False)
    for chart_only in ("groups", "nodes"):
        bound.pop(chart_only, None)
    match point:
        case TrendPoint():
            bound |= {"unit": _or_all(point.unit), "at_least": point.at_least}
        case FunnelPoint():
            bound |= {"step": point.step, "lost": int(point.lost)}
        case RetentionPoint():
            bound |= {"cohort": _or_all(point.cohort), "unit": _or_all(point.unit), "kept": int(point.kept)}
        case PathPoint():
            followed = 2 if point.ended else int(point.next is not None)
            bound |= {"level": point.level, "followed": followed}
            bound |= _node("node", point.node) | _node("next", point.next or Node(events=()))
        case SessionPoint():
            bound |= {"day": _or_all(point.day)}
    return bound


def _or_all(index: int | None) -> int:
    return -1 if index is None else index


def _node(name: str, node: Node) -> dict[str, Any]:
    return {f"{name}_events": list(node.events), f"{name}_other": int(node.other)}


def _selected(selectors: tuple[Selector, ...]) -> dict[str, Any]:
    any_type = any(selector.event is None for selector in selectors)
    return {
        "selectors": [
            (selector.event or "", [(found.property, list(found.values)) for found in selector.where])
            for selector in selectors
        ],
        "any_type": int(any_type),
        "types": [] if any_type else sorted({selector.event for selector in selectors if selector.event}),
    }
