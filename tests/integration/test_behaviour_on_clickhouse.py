"""Charts of behaviour on a real engine against plain Python: random histories, random questions, the same answers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.behaviour import BehaviourEvents, composed
from tagging.behaviour import (
    FunnelPoint,
    FunnelQuery,
    Node,
    PathPoint,
    PathsQuery,
    Period,
    PropertyFilter,
    RetentionPoint,
    RetentionQuery,
    Selector,
    SessionPoint,
    SessionsQuery,
    TrendPoint,
    TrendsQuery,
)
from tagging.behaviour_parameters import CHART_OF, of_point
from tests import behaviour_charts, behaviour_oracle
from tests.behaviour_oracle import Stored

MINUTE = 60_000
HOUR = 60 * MINUTE
NOON = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp() * 1000)
"""The last day of a month: copies lie in another partition as well."""
TYPES = ["view", "cart", "pay", "查看", "it's"]
HOSTILE = ["a", "b", "it's", 'qu"ote\\', "x') OR 1=1 --", "{zone:String}", "用户", "\n\t", ""]
USERS = [f"u{number}" for number in range(6)]
TIERS = {"u0": "gold", "u1": "gold", "u2": "silver", "u3": "bronze"}
SPEND = {"u0": 10, "u1": 10.0, "u2": 2.5, "u4": -1}
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Close together, so that same times, repeats and the edges of windows, sessions and days are met often.
TIMES = st.one_of(
    st.integers(0, 6).map(lambda step: NOON + step * 10 * MINUTE),
    st.integers(-30, 30).map(lambda hours: NOON + hours * HOUR),
    st.sampled_from([12 * HOUR - 1, 12 * HOUR, 12 * HOUR + 1, 4 * HOUR - 1, 4 * HOUR, -12 * HOUR, -12 * HOUR - 1]).map(
        lambda away: NOON + away
    ),
    st.integers(-8, 8).map(lambda days: NOON + days * 24 * HOUR),
)
PROPERTIES = st.dictionaries(st.sampled_from(["p", "q", "it's"]), st.sampled_from(HOSTILE), max_size=2)
EVENTS = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(USERS), st.sampled_from(TYPES), TIMES, PROPERTIES), max_size=40
)
PERIODS = st.one_of(
    st.sampled_from([(31, 31), (30, 31), (20, 31)]).map(
        lambda days: {"first": date(2026, 1, days[0]), "last": date(2026, 1, days[1])}
    ),
    st.just({"first": date(2026, 1, 25), "last": date(2026, 2, 8)}),
    st.sampled_from([1, 3, 14]).map(lambda days: {"last_days": days}),
).flatmap(
    lambda days: st.sampled_from(["UTC", "Asia/Shanghai", "America/St_Johns"]).map(lambda z: Period(**days, zone=z))
)
FILTERS = st.builds(
    lambda name, values: PropertyFilter(property=name, values=tuple(values)),
    st.sampled_from(["p", "q", "it's"]),
    st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3),
)
SELECTORS = st.builds(
    lambda event, where: Selector(event=event, where=tuple(where)),
    st.none() | st.sampled_from(TYPES),
    st.just([]) | st.lists(FILTERS, max_size=2),
)
BREAKDOWNS = st.sampled_from([None, "tier", "spend"])
TRENDS = st.builds(
    TrendsQuery, period=PERIODS, event=SELECTORS, unit=st.sampled_from(["day", "week"]), breakdown=BREAKDOWNS,
    groups=st.integers(1, 3),
)  # fmt: skip
FUNNELS = st.builds(
    FunnelQuery,
    period=PERIODS,
    steps=st.lists(SELECTORS, min_size=2, max_size=4).map(tuple),
    window_seconds=st.sampled_from([1, 600, 1200, 3600, 86_400]),
    breakdown=BREAKDOWNS,
    groups=st.integers(1, 3),
)
RETENTIONS = st.builds(
    RetentionQuery, period=PERIODS, first=SELECTORS, again=SELECTORS, unit=st.sampled_from(["day", "week"]),
    units=st.integers(1, 9), unbounded=st.booleans(),
)  # fmt: skip
PATHS = st.builds(
    PathsQuery, period=PERIODS, anchor=st.sampled_from(TYPES), direction=st.sampled_from(["after", "before"]),
    steps=st.integers(1, 4), session_gap_seconds=st.sampled_from([600, 1200, 3600]), nodes=st.integers(1, 3),
    joined=st.booleans(),
)  # fmt: skip
SESSIONS = st.builds(SessionsQuery, period=PERIODS, session_gap_seconds=st.sampled_from([600, 1200, 3600]))
QUESTIONS = {"trends": TRENDS, "funnel": FUNNELS, "retention": RETENTIONS, "paths": PATHS, "sessions": SESSIONS}


def points_of(query):
    """Every kind of point of a chart, on it and beside it."""
    match query:
        case TrendsQuery():
            return st.builds(
                TrendPoint, query=st.just(query), unit=st.none() | st.integers(0, 14), at_least=st.integers(1, 3)
            )
        case FunnelQuery():
            last = len(query.steps)
            return st.booleans().flatmap(
                lambda lost: st.builds(
                    FunnelPoint, query=st.just(query), step=st.integers(1, last - lost), lost=st.just(lost)
                )
            )
        case RetentionQuery():
            return st.builds(
                RetentionPoint, query=st.just(query), cohort=st.none() | st.integers(0, 14),
                unit=st.none() | st.integers(0, query.units), kept=st.booleans(),
            )  # fmt: skip
        case PathsQuery():
            nodes = st.builds(
                lambda names, other: Node(events=tuple(names), other=other),
                st.lists(st.sampled_from(TYPES), max_size=2), st.booleans(),
            )  # fmt: skip
            return st.builds(
                lambda level, node, after: PathPoint(query=query, level=level, node=node, **after),
                st.integers(1, query.steps), nodes,
                st.just({}) | st.just({"ended": True}) | nodes.map(lambda node: {"next": node}),
            )  # fmt: skip
        case SessionsQuery():
            return st.builds(SessionPoint, query=st.just(query), day=st.none() | st.integers(0, 14))


PEOPLE = st.dictionaries(st.sampled_from(USERS), st.sampled_from(USERS), max_size=4)
"""Of some ids the canonical one."""


def stored(drawn, people=None):
    """Drawn events as the log has them: one that is drawn again is a copy, with its own time and type.

    A user's are all in one partition, so that of two copies one always came first.
    """
    return [
        Stored(f"e{number}", user, kind, at, int(user[1:]) % 2, offset * 10, properties, (people or {}).get(user))
        for offset, (number, user, kind, at, properties) in enumerate(drawn)
    ]


def put(store, rows):
    """In two inserts, the later half first; and whose they are."""
    store.driver.command("TRUNCATE TABLE events")
    put_people(store, {row.user_id: row.person for row in rows if row.person is not None})
    for part in (rows[len(rows) // 2 :], rows[: len(rows) // 2]):
        store.client.insert_columns(
            "events",
            {
                "event_id": [row.event_id for row in part],
                "user_id": [row.user_id for row in part],
                "event_type": [row.event_type for row in part],
                "item_id": [None for _ in part],
                "properties": [dict(row.properties) for row in part],
                "occurred_at": [row.at_ms for row in part],
                "logged_at": [row.at_ms for row in part],
                "partition": [row.partition for row in part],
                "offset": [row.offset for row in part],
            },
        )


def put_people(store, people):
    """Each told twice, belonging to another before, and to a third after the time that is asked about."""
    store.driver.command("TRUNCATE TABLE identities")
    told = [
        row
        for user, person in people.items()
        for row in ((user, 1, "u0", NOON - 2), *[(user, 2, person, NOON)] * 2, (user, 3, "u1", NOON + 1))
    ]
    names = ("user_id", "change", "canonical", "logged_at")
    columns = {name: [row[place] for row in told] for place, name in enumerate(names)}
    store.client.insert_columns("identities", columns)


def put_tags(store):
    for tag, version, values in (("tier", 2, TIERS), ("spend", 1, SPEND), ("tier", 1, dict.fromkeys(USERS, "old"))):
        users = list(values)
        store.client.insert_columns(
            "tag_values",
            {
                "tag": [tag] * len(users),
                "version": [version] * len(users),
                "user_no": [int(user[1:]) + 1 for user in users],
                "user_id": users,
                "value": [orjson.dumps(values[user]).decode() for user in users],
                "number": [float(v) if type(v) in (int, float) else None for v in values.values()],
                "present": [True] * len(users),
                "changed_at": [NOON] * len(users),
                "partition": [0] * len(users),
                "offset": [1] * len(users),
            },
        )


@pytest.fixture(scope="module")
def store(clickhouse_process):
    clickhouse_process.empty()
    put_tags(clickhouse_process)
    return clickhouse_process


def asked(store, query, version=None):
    versions = {"tier": 2, "spend": 1}
    version = versions.get(getattr(query, "breakdown", None) or "", 0) if version is None else version
    return [dict(row) for row in BehaviourEvents(store.client).rows(query, NOON, version)]


def plain(rows):
    """Flags as truth, tuples as lists."""
    flags = ("node_other", "next_other", "ended")
    return [
        {
            name: bool(value) if name in flags else list(value) if isinstance(value, tuple) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def sorted_rows(rows):
    return sorted(rows, key=repr)


def users_of_point(store, point, cut=None):
    chart = CHART_OF[type(point.query)]
    text = composed(chart, "_point")
    found = [row["user_id"] for row in store.client.query_text(chart, text, of_point(point, NOON, cut))]
    assert len(found) == len(set(found))
    return set(found)


VALUES = {"tier": TIERS, "spend": SPEND, None: {}}


@pytest.mark.parametrize("chart", QUESTIONS)
def test_a_chart_shows_what_plain_python_counts(store, chart):
    @FEW
    @given(drawn=EVENTS, people=PEOPLE, query=QUESTIONS[chart])
    def answers_agree(drawn, people, query):
        rows = stored(drawn, people)
        put(store, rows)
        expected = behaviour_charts.rows(query, rows, NOON, VALUES[getattr(query, "breakdown", None)])
        assert sorted_rows(plain(asked(store, query))) == sorted_rows(plain(expected))

    answers_agree()


@pytest.mark.parametrize("chart", QUESTIONS)
def test_a_point_has_the_users_that_plain_python_finds_one_by_one(store, chart):
    @FEW
    @given(
        drawn=EVENTS, people=PEOPLE, point=QUESTIONS[chart].flatmap(points_of), ends=st.none() | st.integers(-1, 300)
    )
    def users_agree(drawn, people, point, ends):
        rows = stored(drawn, people)
        put(store, rows)
        cut = None if ends is None else {1: ends} if ends % 2 else {0: ends, 1: ends}
        assert users_of_point(store, point, cut) == behaviour_oracle.users_of(point, rows, NOON, cut)

    users_agree()
