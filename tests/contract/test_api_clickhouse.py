"""What the API asks of ClickHouse, of the real one and of the one in memory: the same rows, the same answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from api.live.clickhouse import ClickHouseStatistics, ClickHouseUsers, Queries
from api.ports import Bin, Coverage, Member, NumberedUser, TagStatistics, UserList, ValueCount
from tests.clickhouse_fixture import RunningClickHouse
from tests.fakes.api_stores import AT_MS, MemoryStatistics, MemoryUsers, StoredValue

IDS = ["a", "ab", "ab_c", "ab%", "b", "é", "用户", "Z"]
"""Numbered from 1 in this order."""


def _row(tag: str, user_no: int, value: Any, version: int = 1, later: int = 0) -> StoredValue:
    return StoredValue(tag, version, user_no, IDS[user_no - 1], value, AT_MS + later)


ROWS = [
    *[_row("tier", number, value) for number, value in enumerate(["gold", "silver", "gold", None, "bronze"], 1)],
    _row("tier", 6, 'qu"ote', later=7),
    _row("tier", 1, "platinum", version=2, later=9),
    *[_row("spend", number, value) for number, value in enumerate([0, 10, 10, 55.5, 100], 1)],
    _row("spend", 6, None, later=3),
    *[_row("same", number, 7) for number in (1, 2, 3)],
    *[_row("flag", number, number == 2) for number in (1, 2, 3)],
    *[_row("gone", number, None, later=number) for number in (1, 2)],
]


def _insert(clickhouse: RunningClickHouse) -> None:
    client = clickhouse.client
    client.insert_columns("users", {"user_no": list(range(1, len(IDS) + 1)), "user_id": IDS})
    columns: dict[str, list[Any]] = {
        "tag": [row.tag for row in ROWS],
        "version": [row.version for row in ROWS],
        "user_no": [row.user_no for row in ROWS],
        "user_id": [row.user_id for row in ROWS],
        "value": [orjson.dumps(row.value).decode() for row in ROWS],
        "number": [float(row.value) if type(row.value) in (int, float) else None for row in ROWS],
        "present": [row.value is not None for row in ROWS],
        "changed_at": [datetime.fromtimestamp(row.changed_at_ms / 1000, UTC) for row in ROWS],
        "partition": [0 for _ in ROWS],
        "offset": [10 for _ in ROWS],
    }
    client.insert_columns("tag_values", columns)
    # An older change that arrives late, and the newest once more: neither may count.
    late = columns | {"offset": [5 for _ in ROWS], "value": ['"late"' for _ in ROWS], "present": [True for _ in ROWS]}
    client.insert_columns("tag_values", late)
    client.insert_columns("tag_values", columns)


@pytest.fixture(params=["memory", "clickhouse"])
def stores(request: pytest.FixtureRequest) -> tuple[UserList, TagStatistics]:
    """Both hold ROWS and IDS."""
    if request.param == "memory":
        return MemoryUsers(NumberedUser(user_id, number) for number, user_id in enumerate(IDS, 1)), MemoryStatistics(
            ROWS
        )
    clickhouse = request.getfixturevalue("clickhouse")
    _insert(clickhouse)
    queries = Queries(clickhouse.settings)
    return ClickHouseUsers(queries), ClickHouseStatistics(queries)


@pytest.fixture
def users(stores) -> UserList:
    return stores[0]


@pytest.fixture
def statistics(stores) -> TagStatistics:
    return stores[1]


def test_all_users_are_counted_once(users):
    assert users.total() == len(IDS)


@pytest.mark.parametrize(
    ("prefix", "after", "found"),
    [
        ("", "", ["Z", "a", "ab", "ab%", "ab_c", "b", "é", "用户"]),
        ("ab", "", ["ab", "ab%", "ab_c"]),
        ("ab", "ab%", ["ab_c"]),
        ("ab%", "", ["ab%"]),
        ("ab_", "", ["ab_c"]),
        ("用", "", ["用户"]),
        ("A", "", []),
        ("' OR 1=1 --", "", []),
        ("", "用户", []),
    ],
)
def test_a_search_takes_its_prefix_literally_and_goes_on_after_an_id(users, prefix, after, found):
    assert [user.user_id for user in users.search(prefix, after, 100)] == found
    assert [user.user_id for user in users.search(prefix, after, 2)] == found[:2]


def test_coverage_counts_those_with_a_value_and_knows_the_newest_change_of_all(statistics):
    assert statistics.coverage() == {
        ("tier", 1): Coverage(5, AT_MS + 7),
        ("tier", 2): Coverage(1, AT_MS + 9),
        ("spend", 1): Coverage(5, AT_MS + 3),
        ("same", 1): Coverage(3, AT_MS),
        ("flag", 1): Coverage(3, AT_MS),
        ("gone", 1): Coverage(0, AT_MS + 2),
    }


@pytest.mark.parametrize(
    ("tag", "limit", "counts"),
    [
        ("tier", 10, [("gold", 2), ("bronze", 1), ('qu"ote', 1), ("silver", 1)]),
        ("tier", 2, [("gold", 2), ("bronze", 1)]),
        ("spend", 10, [(10, 2), (0, 1), (55.5, 1), (100, 1)]),
        ("flag", 10, [(False, 2), (True, 1)]),
        ("gone", 10, []),
        ("unknown", 10, []),
    ],
)
def test_the_most_frequent_values_come_first_and_ties_by_value(statistics, tag, limit, counts):
    assert list(statistics.distribution(tag, 1, limit)) == [ValueCount(value, users) for value, users in counts]


def test_a_histogram_has_ranges_of_equal_width_the_empty_ones_too(statistics):
    assert list(statistics.histogram("spend", 1, 4)) == [
        Bin(0, 25, 3),
        Bin(25, 50, 0),
        Bin(50, 75, 1),
        Bin(75, 100, 1),
    ]


def test_a_histogram_of_one_number_has_one_range_and_of_none_has_none(statistics):
    assert list(statistics.histogram("same", 1, 4)) == [Bin(7, 7, 3)]
    assert list(statistics.histogram("gone", 1, 4)) == []


@pytest.mark.parametrize(
    ("tag", "value", "after", "limit", "numbers"),
    [
        ("tier", None, 0, 10, [1, 2, 3, 5, 6]),
        ("tier", None, 2, 2, [3, 5]),
        ("tier", None, 6, 10, []),
        ("tier", "gold", 0, 10, [1, 3]),
        ("tier", "gold", 1, 10, [3]),
        ("tier", 'qu"ote', 0, 10, [6]),
        ("tier", "late", 0, 10, []),
        ("spend", 10, 0, 10, [2, 3]),
        ("spend", 10.0, 0, 10, [2, 3]),
        ("spend", 55.5, 0, 10, [4]),
        ("spend", 0, 0, 10, [1]),
        ("flag", True, 0, 10, [2]),
        ("flag", False, 0, 10, [1, 3]),
        ("gone", None, 0, 10, []),
    ],
)
def test_members_come_by_number_with_a_value_or_with_the_one_asked_for(statistics, tag, value, after, limit, numbers):
    assert [member.user_no for member in statistics.members(tag, 1, value, after, limit)] == numbers


def test_a_member_carries_its_value_and_since_when(statistics):
    assert statistics.members("tier", 1, None, 5, 1) == [Member("é", 6, 'qu"ote', AT_MS + 7)]
    assert [member.value for member in statistics.members("tier", 2, None, 0, 10)] == ["platinum"]
