"""The schema's promises and the named queries, on a real engine."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable, connect
from stores.settings import ClickHouse, Settings
from tagging.parity_buckets import BUCKETS
from tests.clickhouse_fixture import Front, RunningClickHouse, free_port

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)
SPEND_OF_ALL = {"tag": "spend", "version": 1, "buckets": list(range(BUCKETS))}


def put_values(store, *rows, tag="spend", version=1):
    """Rows of tag_values: (user_no, value, offset)."""
    numbers = [float(v) if isinstance(v, int | float) and not isinstance(v, bool) else None for _, v, _ in rows]
    store.client.insert_columns(
        "tag_values",
        {
            "tag": [tag] * len(rows),
            "version": [version] * len(rows),
            "user_no": [row[0] for row in rows],
            "user_id": [f"u{row[0]}" for row in rows],
            "value": [json.dumps(row[1]) for row in rows],
            "number": numbers,
            "present": [row[1] is not None for row in rows],
            "changed_at": [AT] * len(rows),
            "partition": [0] * len(rows),
            "offset": [row[2] for row in rows],
        },
    )


def put_events(store, *rows, at=AT):
    """Rows of events: (event_id, user_id, event_type, offset), logged when they occurred."""
    store.client.insert_columns(
        "events",
        {
            "event_id": [row[0] for row in rows],
            "user_id": [row[1] for row in rows],
            "event_type": [row[2] for row in rows],
            "item_id": [None] * len(rows),
            "properties": [{"campaign": "spring"}] * len(rows),
            "occurred_at": [at] * len(rows),
            "logged_at": [at] * len(rows),
            "partition": [0] * len(rows),
            "offset": [row[3] for row in rows],
        },
    )


def stored_events(store: RunningClickHouse, table: str) -> list[tuple]:
    query = "SELECT event_id, event_type, offset FROM {table:Identifier} FINAL ORDER BY event_id"
    return list(store.driver.query(query, parameters={"table": table}).result_rows)


@pytest.mark.parametrize("table", ["events", "events_by_time"])
def test_a_batch_of_events_delivered_twice_is_stored_once(clickhouse, table):
    for _ in range(2):
        put_events(clickhouse, ("e1", "u1", "main", 10), ("e2", "u1", "cart", 11))

    assert stored_events(clickhouse, table) == [("e1", "main", 10), ("e2", "cart", 11)]


@pytest.mark.parametrize("table", ["events", "events_by_time"])
@pytest.mark.parametrize("order", [(10, 90), (90, 10)], ids=["lowest first", "lowest last"])
def test_of_an_event_id_that_comes_again_the_lowest_offset_stays_whatever_arrives_first(clickhouse, table, order):
    for offset in order:
        put_events(clickhouse, ("e1", "u1", f"at {offset}", offset))

    assert stored_events(clickhouse, table) == [("e1", "at 10", 10)]


@pytest.mark.parametrize("table", ["events", "events_by_time"])
def test_the_lowest_offset_also_stays_once_the_parts_are_merged(clickhouse, table):
    put_events(clickhouse, ("e1", "u1", "at 10", 10))
    put_events(clickhouse, ("e1", "u1", "at 90", 90))
    clickhouse.driver.command("OPTIMIZE TABLE {table:Identifier} FINAL", parameters={"table": table})

    query = "SELECT event_type FROM {table:Identifier}"
    assert clickhouse.driver.query(query, parameters={"table": table}).result_rows == [("at 10",)]


def test_an_event_id_that_comes_again_in_another_month_is_one_row_for_queries_by_user(clickhouse):
    put_events(clickhouse, ("e1", "u1", "at 10", 10))
    put_events(clickhouse, ("e1", "u1", "at 90", 90), at=datetime(2026, 4, 1, tzinfo=UTC))

    assert stored_events(clickhouse, "events") == [("e1", "at 10", 10)]


@pytest.mark.parametrize("order", [(5, 9), (9, 5)], ids=["in order", "out of order"])
def test_of_a_tag_value_the_highest_offset_wins_whatever_arrives_first(clickhouse, order):
    for offset in order:
        put_values(clickhouse, (1, offset, offset))

    assert clickhouse.client.query("clickhouse/parity_values.sql", SPEND_OF_ALL) == [
        {"user_id": "u1", "value": "9", "present": True, "changed_at_ms": AT_MS, "offset": 9}
    ]


def test_parity_reads_absent_values_and_no_other_version(clickhouse):
    put_values(clickhouse, (1, 4, 1), (2, None, 2))
    put_values(clickhouse, (1, 7, 1), version=2)

    rows = clickhouse.client.query("clickhouse/parity_values.sql", SPEND_OF_ALL)

    assert sorted((row["user_id"], row["value"], row["present"]) for row in rows) == [
        ("u1", "4", True),
        ("u2", "null", False),
    ]


def test_coverage_counts_users_with_a_value(clickhouse):
    put_values(clickhouse, (1, 4, 1), (2, None, 2), (3, 1, 3))

    assert clickhouse.client.query("clickhouse/tag_coverage.sql") == [
        {"tag": "spend", "version": 1, "users": 2, "last_changed_at_ms": AT_MS}
    ]


def test_the_distribution_breaks_ties_by_value_numbers_as_numbers(clickhouse):
    put_values(clickhouse, (1, 10, 1), (2, 9, 2), (3, 2, 3), (4, 2, 4), (5, None, 5))

    rows = clickhouse.client.query("clickhouse/tag_distribution.sql", {"tag": "spend", "version": 1, "limit": 10})

    assert [(row["value"], row["users"]) for row in rows] == [("2", 2), ("9", 1), ("10", 1)]


def histogram(store, bins=4):
    rows = store.client.query("clickhouse/tag_histogram.sql", {"tag": "spend", "version": 1, "bins": bins})
    return [(row["low"], row["high"], row["users"]) for row in rows]


def test_the_histogram_has_ranges_of_equal_width_the_empty_ones_too(clickhouse):
    put_values(clickhouse, (1, 0, 1), (2, 1, 2), (3, 8, 3), (4, 2, 4), (5, None, 5))

    assert histogram(clickhouse) == [(0, 2, 2), (2, 4, 1), (4, 6, 0), (6, 8, 1)]


def test_the_histogram_of_equal_numbers_is_one_range(clickhouse):
    put_values(clickhouse, (1, 3, 1), (2, 3, 2))

    assert histogram(clickhouse) == [(3, 3, 2)]


def test_the_histogram_of_no_numbers_is_empty(clickhouse):
    put_values(clickhouse, (1, "gold", 1), (2, None, 2))

    assert histogram(clickhouse) == []


def test_a_page_of_users_goes_on_after_a_number_and_leaves_out_the_absent(clickhouse):
    put_values(clickhouse, (1, 3, 1), (2, None, 2), (3, 5, 3), (4, 5, 4))

    page = {"tag": "spend", "version": 1, "after": 1, "limit": 1}
    assert [row["user_no"] for row in clickhouse.client.query("clickhouse/tag_users_page.sql", page)] == [3]


@pytest.mark.parametrize(
    ("asked", "found"), [("12.5", [1]), ("12.50", [1]), ('"gold"', [2]), ("true", [3]), ('"12.5"', [])]
)
def test_a_page_of_one_value_compares_numbers_as_numbers_and_text_as_text(clickhouse, asked, found):
    put_values(clickhouse, (1, 12.5, 1), (2, "gold", 2), (3, True, 3))

    page = {"tag": "spend", "version": 1, "after": 0, "limit": 9, "value": asked}
    rows = clickhouse.client.query("clickhouse/tag_users_page_of_value.sql", page)

    assert [row["user_no"] for row in rows] == found


HOSTILE_IDS = ["it's", "tab\tand\nline", "back\\slash", "用户", "{x:String}", "%s", "--", ""]


@pytest.mark.parametrize("user_id", HOSTILE_IDS)
def test_a_user_is_found_by_its_id_whatever_characters_it_has(clickhouse, user_id):
    clickhouse.client.insert_columns("users", {"user_no": [7, 8], "user_id": [user_id, "other"]})

    assert clickhouse.client.query("clickhouse/user_number.sql", {"user_id": user_id}) == [{"user_no": 7}]


def test_the_search_of_users_takes_prefixes_literally_and_pages_by_id(clickhouse):
    ids = ["a%1", "a%2", "ab", "b"]
    clickhouse.client.insert_columns("users", {"user_no": list(range(4)), "user_id": ids})

    first = clickhouse.client.query("clickhouse/users_search.sql", {"prefix": "a%", "after": "", "limit": 1})
    rest = clickhouse.client.query("clickhouse/users_search.sql", {"prefix": "a%", "after": "a%1", "limit": 9})

    assert [row["user_id"] for row in first + rest] == ["a%1", "a%2"]


def test_users_delivered_twice_are_counted_once(clickhouse):
    for _ in range(2):
        clickhouse.client.insert_columns("users", {"user_no": [1, 2], "user_id": ["a", "b"]})

    assert clickhouse.client.query("clickhouse/users_total.sql") == [{"users": 2}]


def test_the_overview_counts_each_event_once_and_only_the_last_minute_for_the_rate(clickhouse):
    for _ in range(2):
        put_events(clickhouse, ("e1", "u1", "main", 1), ("e2", "u1", "main", 2))
    put_events(clickhouse, ("e3", "u1", "main", 3), at=datetime(2026, 3, 1, 11, 0, tzinfo=UTC))

    assert clickhouse.client.query("clickhouse/overview.sql", {"now_ms": AT_MS + 30_000}) == [
        {"events_total": 3, "dead_letters_total": 0, "events_last_minute": 2, "tag_changes_last_minute": 0}
    ]


def test_every_minute_up_to_now_has_its_count_of_events(clickhouse):
    put_events(clickhouse, ("e1", "u1", "main", 1), ("e2", "u1", "main", 2))

    rows = clickhouse.client.query("clickhouse/events_per_minute.sql", {"now_ms": AT_MS + 61_000, "minutes": 3})

    minute = AT_MS // 60_000
    assert [(row["minute"], row["events"]) for row in rows] == [(minute - 1, 0), (minute, 2), (minute + 1, 0)]


def test_a_dead_letter_keeps_its_bytes(clickhouse):
    payload = bytes(range(256))
    clickhouse.client.insert_columns(
        "dead_letters",
        {
            "topic": ["events"],
            "partition": [1],
            "offset": [2**63],
            "reason": ["malformed"],
            "detail": ["no JSON"],
            "payload": [payload],
            "logged_at": [AT],
            "seen_at": [AT],
        },
    )

    query = "SELECT hex(payload), offset, toUnixTimestamp64Milli(logged_at) FROM dead_letters FINAL"
    assert clickhouse.driver.query(query).result_rows == [(payload.hex().upper(), 2**63, AT_MS)]


def test_times_may_be_given_as_epoch_milliseconds(clickhouse):
    put_events(clickhouse, ("e1", "u1", "main", 1), at=AT_MS)

    query = "SELECT toUnixTimestamp64Milli(occurred_at) FROM events FINAL"
    assert clickhouse.driver.query(query).result_rows == [(AT_MS,)]


def plan(store: RunningClickHouse, query: str) -> str:
    return "\n".join(line for (line,) in store.driver.query(f"EXPLAIN indexes = 1 {query}").result_rows)


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("SELECT * FROM events FINAL WHERE user_id = 'u1'", "user_id"),
        ("SELECT * FROM events_by_time FINAL WHERE occurred_at > '2026-03-01 11:00:00'", "occurred_at"),
        ("SELECT * FROM users_by_id FINAL WHERE user_id = 'u1'", "user_id"),
        ("SELECT * FROM users_by_id FINAL WHERE startsWith(user_id, 'u')", "user_id"),
        ("SELECT * FROM tag_values FINAL WHERE tag = 'spend' AND version = 1 AND user_no > 5", "user_no"),
    ],
)
def test_queries_by_user_and_by_time_read_by_the_order_of_their_table(clickhouse, query, key):
    put_events(clickhouse, ("e1", "u1", "main", 1))
    put_values(clickhouse, (1, 3, 1))
    clickhouse.client.insert_columns("users", {"user_no": [1], "user_id": ["u1"]})

    primary = plan(clickhouse, query).partition("PrimaryKey")[2]

    assert key in primary.partition("Condition")[0], primary


def test_columns_of_different_length_are_refused_by_name(clickhouse):
    with pytest.raises(ValueError, match=r"users.*'user_no': 2, 'user_id': 1"):
        clickhouse.client.insert_columns("users", {"user_no": [1, 2], "user_id": ["a"]})


def test_an_empty_batch_asks_nothing_of_the_server():
    nowhere = connect(Settings(clickhouse=ClickHouse(port=free_port())))

    assert nowhere.insert_columns("users", {"user_no": [], "user_id": []}) == 0


def test_a_refusal_names_the_action_the_server_and_the_code(clickhouse):
    with pytest.raises(
        ClickHouseRefused, match=rf":{clickhouse.front.port} refused.*insert 1 rows into nowhere"
    ) as refusal:
        clickhouse.client.insert_columns("nowhere", {"a": [1]})

    assert refusal.value.code == 60


def test_a_server_that_is_away_is_named_once_patience_is_over():
    port = free_port()
    away = connect(Settings(clickhouse=ClickHouse(port=port)), answer_seconds=1, patience_seconds=0.3)

    with pytest.raises(ClickHouseUnavailable, match=f"ClickHouse at 127.0.0.1:{port} did not"):
        away.query("clickhouse/users_total.sql")


def test_of_an_event_id_that_comes_again_with_another_time_the_lowest_offset_stays_for_queries_by_user(clickhouse):
    put_events(clickhouse, ("e1", "u1", "at 90", 90), at=AT_MS + 1)
    put_events(clickhouse, ("e1", "u1", "at 10", 10), at=AT_MS)

    assert stored_events(clickhouse, "events") == [("e1", "at 10", 10)]
    assert clickhouse.client.query("clickhouse/overview.sql", {"now_ms": AT_MS})[0]["events_total"] == 1


def test_many_threads_share_a_client(clickhouse):
    asked = [{"user_id": f"u{number}"} for number in range(40)]
    clickhouse.client.insert_columns(
        "users", {"user_no": list(range(40)), "user_id": [one["user_id"] for one in asked]}
    )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: clickhouse.client.query("clickhouse/user_number.sql", one), asked))

    assert answers == [[{"user_no": number}] for number in range(40)]


def test_what_was_acknowledged_is_there_after_a_kill_and_a_client_finds_the_server_again(tmp_path):
    front = Front(tmp_path / "data")
    front.start()
    client = connect(Settings(clickhouse=ClickHouse(port=front.port)), patience_seconds=60)
    try:
        client.apply_schema()
        client.insert_columns("users", {"user_no": [1, 2], "user_id": ["a", "b"]})
        front.kill()
        front.start()

        assert client.query("clickhouse/users_total.sql") == [{"users": 2}]
    finally:
        client.close()
        front.kill()
