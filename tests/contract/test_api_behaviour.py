"""What the API asks about behaviour, of ClickHouse and of the store in memory: the same events, the same answers."""

from __future__ import annotations

import pytest

from api.live.behaviour import ClickHouseBehaviour
from api.ports import BehaviourCharts, Unavailable
from stores.settings import ClickHouse, Settings
from tagging.behaviour import FunnelQuery, PathsQuery, Period, RetentionQuery, Selector, SessionsQuery, TrendsQuery
from tests.clickhouse_fixture import HOST, free_port
from tests.fakes.api_stores import MemoryStatistics, StoredValue
from tests.fakes.memory_behaviour import MemoryBehaviour, made_up
from tests.integration.test_behaviour_on_clickhouse import NOON, TIERS, plain, put, put_tags, sorted_rows

EVENTS = made_up(12, NOON)
ROWS = [StoredValue("tier", 2, int(user[1:]) + 1, user, tier, NOON) for user, tier in TIERS.items()]
FORTNIGHT = Period(last_days=14, zone="Asia/Shanghai")
STEPS = tuple(Selector(event=kind) for kind in ("view", "cart", "pay"))
QUERIES = [
    TrendsQuery(period=FORTNIGHT, breakdown="tier", groups=1),
    FunnelQuery(period=FORTNIGHT, steps=STEPS, breakdown="tier"),
    RetentionQuery(period=FORTNIGHT, unit="week"),
    PathsQuery(period=FORTNIGHT, anchor="view", nodes=1),
    SessionsQuery(period=FORTNIGHT),
]


@pytest.fixture(params=["memory", "clickhouse"])
def charts(request: pytest.FixtureRequest) -> BehaviourCharts:
    """Both hold EVENTS, and ROWS as values of the tag."""
    if request.param == "memory":
        return MemoryBehaviour(EVENTS, MemoryStatistics(ROWS))
    clickhouse = request.getfixturevalue("clickhouse")
    put_tags(clickhouse)
    put(clickhouse, EVENTS)
    return ClickHouseBehaviour(clickhouse.settings)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: type(query).__name__)
def test_a_chart_has_rows_and_the_same_ones_in_both(charts, query):
    rows = sorted_rows(plain(charts.rows(query, NOON, 2)))
    assert rows and rows == sorted_rows(plain(MemoryBehaviour(EVENTS, MemoryStatistics(ROWS)).rows(query, NOON, 2)))


def test_types_of_events_come_by_how_frequent_they_are(charts):
    assert list(charts.event_types(10)) == ["view", "cart", "pay"]
    assert list(charts.event_types(1)) == ["view"]


def test_a_store_that_does_not_answer_is_unavailable():
    away = ClickHouseBehaviour(Settings(clickhouse=ClickHouse(host=HOST, port=free_port())))
    with pytest.raises(Unavailable):
        away.event_types(1)
