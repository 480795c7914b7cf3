"""The rows of each chart of behaviour, by the plain Python of behaviour_oracle."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import orjson

from tagging.behaviour import FunnelQuery, PathsQuery, RetentionQuery, SessionsQuery, TrendsQuery
from tests.behaviour_oracle import (
    Calendar,
    Row,
    Stored,
    Values,
    attempt,
    comings_back,
    folded,
    group_of,
    histories,
    last_unit,
    paths_of,
    sessions_of,
    trend_counts,
)


def rows(query: Any, stored: Iterable[Stored], now_ms: int, values: Values | None = None) -> list[Row]:
    """What stores.behaviour answers, a group's value as text of its JSON."""
    users = histories(stored)
    match query:
        case TrendsQuery():
            return _trends(query, users, now_ms, values or {})
        case FunnelQuery():
            return _funnel(query, users, now_ms, values or {})
        case RetentionQuery():
            return _retention(query, users, now_ms)
        case PathsQuery():
            return _paths(query, users, now_ms)
        case SessionsQuery():
            return _sessions(query, users, now_ms)
    raise ValueError(query)


def as_text(value: Any) -> str:
    """A group's value as the store writes it: a number in its shortest way, another value as JSON."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return orjson.dumps(value).decode()


def _grouped(query: Any, sizes: dict[Any, int], cells: dict[Any, Any]) -> dict[Any, list[Any]]:
    names = folded(sizes, as_text, query.groups)
    found: dict[Any, list[Any]] = defaultdict(list)
    for (group, index), each in cells.items():
        kind, value = names[group]
        found[kind, as_text(value), index] += each
    return dict(sorted(found.items()))


def _trends(query: TrendsQuery, users: Any, now_ms: int, values: Values) -> list[Row]:
    sizes: Counter[Any] = Counter()
    cells: dict[Any, list[int]] = defaultdict(list)
    for user, events in users.items():
        counts = trend_counts(events, query, now_ms)
        if not counts:
            continue
        group = group_of(user, query, values)
        sizes[group] += 1
        for unit, times in [(-1, sum(counts.values())), *counts.items()]:
            cells[group, unit].append(times)
    return [
        {"kind": kind, "value": value, "unit": unit, "events": sum(times), "users": len(times)}
        for (kind, value, unit), times in _grouped(query, sizes, cells).items()
    ]


def _quantiles(numbers: list[int]) -> list[int]:
    ordered = sorted(numbers)
    return [ordered[int(level * len(ordered))] for level in (0.5, 0.9)]


def _funnel(query: FunnelQuery, users: Any, now_ms: int, values: Values) -> list[Row]:
    sizes: Counter[Any] = Counter()
    cells: dict[Any, list[Any]] = defaultdict(list)
    for user, events in users.items():
        times = attempt(events, query, now_ms)
        if not times:
            continue
        group = group_of(user, query, values)
        sizes[group] += 1
        for step, at in enumerate(times, 1):
            cells[group, step].append((at - times[0], at - times[max(step - 2, 0)] if step > 1 else 0))
    return [
        {
            "kind": kind,
            "value": value,
            "step": step,
            "users": len(each),
            "since_first_ms": _quantiles([first for first, _ in each]),
            "since_last_ms": _quantiles([last for _, last in each]),
        }
        for (kind, value, step), each in _grouped(query, sizes, cells).items()
    ]


def _retention(query: RetentionQuery, users: Any, now_ms: int) -> list[Row]:
    cells: Counter[tuple[int, int]] = Counter()
    for events in users.values():
        found = comings_back(events, query, now_ms)
        if found is None:
            continue
        cohort, back = found
        cells[cohort, -1] += 1
        for unit in back:
            if unit <= query.units and cohort + unit <= last_unit(query, now_ms):
                cells[cohort, unit] += 1
    return [{"cohort": cohort, "unit": unit, "users": n} for (cohort, unit), n in sorted(cells.items())]


def _paths(query: PathsQuery, users: Any, now_ms: int) -> list[Row]:
    paths = [(user, path) for user, events in users.items() for path in paths_of(events, query, now_ms)]
    shown: dict[int, set[str]] = {}
    for level in range(1, query.steps + 2):
        sizes = Counter(path[level - 1] for _, path in paths if len(path) >= level)
        ranked = sorted(sizes, key=lambda name, sizes=sizes: (-sizes[name], name.encode()))
        shown[level] = set(ranked[: query.nodes])

    def node(level: int, path: list[str]) -> tuple[bool, str]:
        name = path[level - 1]
        return (False, name) if name in shown[level] else (True, "")

    links: dict[Any, list[str]] = defaultdict(list)
    for user, path in paths:
        for level in range(1, min(len(path), query.steps) + 1):
            ended = len(path) == level
            after = (False, "") if ended else node(level + 1, path)
            links[level, node(level, path), ended, after].append(user)
    return [
        {
            "level": level, "node_other": source[0], "node": source[1], "ended": ended,
            "next_other": after[0], "next": after[1], "sessions": len(who), "users": len(set(who)),
        }
        for (level, source, ended, after), who in sorted(links.items())
    ]  # fmt: skip


def _sessions(query: SessionsQuery, users: Any, now_ms: int) -> list[Row]:
    days = Calendar(query.period, now_ms)
    found: dict[int, list[tuple[str, list[Stored]]]] = defaultdict(list)
    for user, events in users.items():
        for session in sessions_of(events, query, now_ms):
            for day in (-1, days.day(session[0])):
                found[day].append((user, session))
    answer = []
    for day, each in sorted(found.items()):
        lengths = [session[-1].at_ms - session[0].at_ms for _, session in each]
        answer.append(
            {
                "day": day,
                "sessions": len(each),
                "users": len({user for user, _ in each}),
                "events": sum(len(session) for _, session in each),
                "bounces": sum(len(session) == 1 for _, session in each),
                "mean_ms": statistics.fmean(lengths),
                "median_ms": sorted(lengths)[len(lengths) // 2],
            }
        )
    return answer
