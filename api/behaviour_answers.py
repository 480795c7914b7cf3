"""Rows of the behaviour queries as answers: every unit, step and day is there, also where nobody did anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from api.behaviour_models import (
    Cohort,
    Funnel,
    FunnelGroup,
    FunnelStep,
    PathLink,
    PathNode,
    Paths,
    Retention,
    SessionFigures,
    Sessions,
    TrendGroup,
    Trends,
)
from tagging.behaviour import FunnelQuery, PathsQuery, RetentionQuery, SessionsQuery, TrendsQuery
from tagging.behaviour_parameters import DAYS_OF, Days

Rows = Sequence[Mapping[str, Any]]
_PLACES = {"all": 0, "value": 1, "other": 2, "none": 3}


def _period(query: Any, days: Days) -> dict[str, Any]:
    return {"first": days.first, "last": days.last, "zone": query.period.zone}


def _by_group(rows: Rows, index: str) -> dict[tuple[str, str], dict[int, Mapping[str, Any]]]:
    found: dict[tuple[str, str], dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        found[row["kind"], row["value"]][row[index]] = row
    return found


def _named(group: tuple[str, str]) -> dict[str, Any]:
    kind, value = group
    return {"kind": kind, "value": orjson.loads(value) if kind == "value" else None}


def _ranked(groups: list[Any], size: Any) -> list[Any]:
    return sorted(groups, key=lambda group: (_PLACES[group.kind], -size(group)))


def trends(query: TrendsQuery, days: Days, rows: Rows) -> Trends:
    """Rows of trends.sql."""
    units = range(days.units(query.unit))
    groups = [
        TrendGroup(
            **_named(group),
            events_total=found[-1]["events"],
            users_total=found[-1]["users"],
            events=[found[unit]["events"] if unit in found else 0 for unit in units],
            users=[found[unit]["users"] if unit in found else 0 for unit in units],
        )
        for group, found in _by_group(rows, "unit").items()
    ]
    return Trends(
        **_period(query, days),
        units=[days.first + timedelta(days=DAYS_OF[query.unit] * unit) for unit in units],
        groups=_ranked(groups, lambda group: group.users_total),
    )


def funnel(query: FunnelQuery, days: Days, rows: Rows) -> Funnel:
    """Rows of funnel.sql."""
    groups = [
        FunnelGroup(**_named(group), steps=_steps(query, found)) for group, found in _by_group(rows, "step").items()
    ]
    return Funnel(**_period(query, days), groups=_ranked(groups, lambda group: group.steps[0].users))


def _steps(query: FunnelQuery, found: Mapping[int, Mapping[str, Any]]) -> list[FunnelStep]:
    users = [found[step]["users"] if step in found else 0 for step in range(1, len(query.steps) + 1)]
    steps = []
    for step, count in enumerate(users, 1):
        row = found.get(step, {"since_first_ms": (None, None), "since_last_ms": (None, None)})
        steps.append(
            FunnelStep(
                users=count,
                share_of_first=_share(count, users[0]),
                share_of_last=_share(count, users[max(step - 2, 0)]),
                since_first_median_ms=row["since_first_ms"][0],
                since_first_p90_ms=row["since_first_ms"][1],
                since_last_median_ms=row["since_last_ms"][0],
                since_last_p90_ms=row["since_last_ms"][1],
            )
        )
    return steps


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def retention(query: RetentionQuery, days: Days, rows: Rows) -> Retention:
    """Rows of retention.sql."""
    users = {(row["cohort"], row["unit"]): row["users"] for row in rows}
    count = days.units(query.unit)
    cohorts = [
        Cohort(
            begins=days.first + timedelta(days=DAYS_OF[query.unit] * cohort),
            users=users.get((cohort, -1), 0),
            back=[
                users.get((cohort, unit), 0) if cohort + unit < count else None
                for unit in range(min(query.units, count - 1) + 1)
            ],
        )
        for cohort in range(count)
    ]
    overall = []
    for unit in range(min(query.units, count - 1) + 1):
        old = [cohort for cohort in cohorts if cohort.back[unit] is not None]
        overall.append(_share(sum(cohort.back[unit] or 0 for cohort in old), sum(cohort.users for cohort in old)))
    return Retention(**_period(query, days), cohorts=cohorts, overall=overall)


def paths(query: PathsQuery, days: Days, rows: Rows) -> Paths:
    """Rows of paths.sql."""
    links = [
        PathLink(
            level=row["level"],
            node=PathNode(event=None if row["node_other"] else row["node"]),
            next=None if row["ended"] else PathNode(event=None if row["next_other"] else row["next"]),
            sessions=row["sessions"],
            users=row["users"],
        )
        for row in rows
    ]
    return Paths(**_period(query, days), sessions=sum(link.sessions for link in links if link.level == 1), links=links)


def sessions(query: SessionsQuery, days: Days, rows: Rows) -> Sessions:
    """Rows of sessions.sql."""
    by_day = {row["day"]: row for row in rows}

    def figures(day: int) -> SessionFigures:
        begins = None if day < 0 else days.first + timedelta(days=day)
        if day not in by_day:
            return SessionFigures(begins=begins, sessions=0, users=0, events=0, bounces=0, mean_ms=None, median_ms=None)
        return SessionFigures(begins=begins, **{name: value for name, value in by_day[day].items() if name != "day"})

    return Sessions(**_period(query, days), total=figures(-1), days=[figures(day) for day in range(days.units("day"))])
