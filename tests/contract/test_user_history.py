"""A user's past, in the real ClickHouse and in memory: the same rows at every time, by both kinds of knowledge."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from api.live.clickhouse import Queries
from api.live.user_history import ClickHouseUserHistory
from api.user_history import NEWEST_PLACE, PastChange, PastValue, Tick, UserHistory
from jobs.sink_rows import RowSink
from stores.kafka_reader import Record
from tagging.explaining.rows import TagValue, TooWide
from tagging.names import CLOCK_TOPIC, cdc_topic
from tagging.sources import CATALOG
from tagging.tag_reads import TagRead
from tests.clickhouse_fixture import RunningClickHouse
from tests.fakes.memory_history import MemoryUserHistory, Row, StoredChange

MINUTE, DAY = 60_000, 86_400_000
NOW = 29_900_000 * MINUTE
END = (2**62, "")


def order(order_id: str, offset: int, logged_at: int, op: str = "c", **more) -> Row:
    row = {**dict.fromkeys(CATALOG["orders"].columns), "order_id": order_id, "user_id": "ann", "amount": "10.50"}
    return {**row, "ordered_at": NOW - DAY, "op": op, "offset": offset, "logged_at": logged_at, **more}


def event(event_id: str, offset: int, occurred_at: int, logged_at: int | None = None, **more) -> Row:
    row = {"event_id": event_id, "user_id": "ann", "event_type": "cart", "item_id": None, "properties": {}}
    return {**row, "occurred_at": occurred_at, "logged_at": logged_at or occurred_at, "offset": offset, **more}


LOG: dict[str, list[Row]] = {
    "users": [],
    "products": [],
    "orders": [
        order("o1", 0, NOW - 100, changed_at=NOW - 500),
        order("o1", 1, NOW + 100, "u", changed_at=NOW - 50, amount="99.99"),
        order("o2", 2, NOW - 90),
        order("o2", 3, NOW + 90, "d"),
        order("o3", 4, NOW - 80),
        order("o3", 5, NOW - 70, "u", user_id="bob"),
        order("o4", 6, NOW - 60, user_id=None),
    ],
    "events": [
        event("e1", 0, NOW - 200),
        # Copies that lie in another month: the lowest offset counts, whichever partition is read.
        event("e1", 1, NOW - 45 * DAY, NOW - 150, event_type="late copy"),
        event("e2", 2, NOW - 45 * DAY, NOW - 140, properties={"campaign": "spring"}),
        event("e2", 3, NOW - 130),
        event("late", 4, NOW - 300, NOW + 1000),
        event("after", 5, NOW + 2000),
        event("other", 6, NOW - 10, user_id="bob"),
    ],
}
TICKS = {NOW // MINUTE - 1: NOW - 59_000, NOW // MINUTE: NOW + 5, NOW // MINUTE + 1: NOW + 60_003}
CHANGES = [
    StoredChange("ann", "tier", 1, "silver", NOW - 1000, 3),
    StoredChange("ann", "tier", 1, None, NOW - 500, 5),
    StoredChange("ann", "tier", 1, "gold", NOW + 500, 9),
    StoredChange("ann", "tier", 2, 17, NOW - 900, 1),
    StoredChange("ann", "spend", 1, 1.5, NOW - 100, 4),
    StoredChange("bob", "tier", 1, "bronze", NOW - 100, 4),
]


def _columns(rows: list[Row]) -> dict[str, list]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _fill(clickhouse: RunningClickHouse) -> None:
    client = clickhouse.client
    sink = RowSink(client, "shop", "debezium")
    records = [_record(row) for row in LOG["orders"]]
    # Ticks come in 64 shards, and a sink may write everything twice.
    for shard in range(3):
        records += [_tick(minute, at + shard) for minute, at in TICKS.items()]
    for _ in range(2):
        batch, dead = sink.decode(records)
        assert dead == []
        sink.write(batch, dead)
    for row in LOG["events"]:
        client.insert_columns("events", _columns([{**row, "partition": 1}]))
    client.insert_columns("users", {"user_no": [7, 8], "user_id": ["ann", "bob"]})
    rows = [
        {
            "tag": change.tag,
            "version": change.version,
            "user_no": 7 if change.user_id == "ann" else 8,
            "user_id": change.user_id,
            "value": orjson.dumps(change.value).decode(),
            "present": change.value is not None,
            "changed_at": change.changed_at_ms,
            "partition": 0,
            "offset": change.offset,
        }
        for change in CHANGES
    ]
    for _ in range(2):
        client.insert_columns("tag_changes", _columns(rows))


def _record(row: Row) -> Record:
    columns = {name: row[name] for name in CATALOG["orders"].columns}
    deleted = row["op"] == "d"
    value = {
        "before": columns if deleted else None,
        "after": None if deleted else columns,
        "op": row["op"],
        "source": {"ts_ms": row.get("changed_at", row["logged_at"])},
    }
    return Record(cdc_topic("orders"), 2, row["offset"], None, orjson.dumps(value), row["logged_at"])


def _tick(minute: int, at_ms: int) -> Record:
    return Record(CLOCK_TOPIC, 0, minute, None, f'{{"minute": {minute}, "shard": 1}}'.encode(), at_ms)


@pytest.fixture(params=["memory", "clickhouse"])
def history(request: pytest.FixtureRequest) -> UserHistory:
    if request.param == "memory":
        return MemoryUserHistory(LOG, TICKS, CHANGES)
    clickhouse = request.getfixturevalue("clickhouse")
    _fill(clickhouse)
    return ClickHouseUserHistory(Queries(clickhouse.settings))


def read(history: UserHistory, source: str, at_ms: int, hindsight: bool = False, **wanted) -> list[tuple]:
    chosen = {name: frozenset(values) for name, values in wanted.items()}
    found = history.rows(at_ms, hindsight).read(CATALOG[source], chosen)
    assert found.left_out == 0
    key = CATALOG[source].key
    rows = [row for row in found.rows if all(row.values[name] in values for name, values in chosen.items())]
    return sorted((row.values[key], row.logged_at_ms - NOW, row.offset) for row in rows)


@pytest.mark.parametrize(
    ("at_ms", "hindsight", "found"),
    [
        (NOW, False, [("o1", -100, 0), ("o2", -90, 2)]),
        (NOW + 200, False, [("o1", 100, 1)]),
        (NOW, True, [("o1", 0, 1), ("o2", -90, 2)]),
        (NOW - 75, False, [("o1", -100, 0), ("o2", -90, 2), ("o3", -80, 4)]),
    ],
)
def test_of_a_row_the_newest_change_that_was_known_counts_or_in_hindsight_that_was_made(
    history, at_ms, hindsight, found
):
    assert read(history, "orders", at_ms, hindsight, user_id=["ann"]) == found


def test_rows_are_found_by_their_key_too(history):
    assert read(history, "orders", NOW, order_id=["o3", "o1", "nothing"]) == [("o1", -100, 0), ("o3", -70, 5)]


def test_a_row_has_the_values_that_a_tag_reads(history):
    (row,) = history.rows(NOW, False).read(CATALOG["orders"], {"order_id": frozenset(["o1"])}).rows
    assert row.values == {
        **dict.fromkeys(CATALOG["orders"].columns),
        "order_id": "o1",
        "user_id": "ann",
        "amount": Decimal("10.50"),
        "ordered_at": NOW - DAY,
    }


@pytest.mark.parametrize(
    ("at_ms", "hindsight", "found"),
    [
        (NOW, False, [("e1", -200, 0), ("e2", -140, 2)]),
        (NOW - 135, False, [("e1", -200, 0), ("e2", -140, 2)]),
        (NOW, True, [("e1", -200, 0), ("e2", -140, 2), ("late", 0, 4)]),
        (NOW + 5000, False, [("after", 2000, 5), ("e1", -200, 0), ("e2", -140, 2), ("late", 1000, 4)]),
    ],
)
def test_an_event_counts_once_by_its_lowest_offset_and_in_hindsight_although_it_came_late(
    history, at_ms, hindsight, found
):
    assert read(history, "events", at_ms, hindsight, user_id=["ann"]) == found


def test_events_have_their_properties_and_times(history):
    rows = history.rows(NOW, False).read(CATALOG["events"], {"user_id": frozenset(["ann"])}).rows
    assert [(row.values["event_type"], row.values["properties"], row.values["occurred_at"]) for row in rows] == [
        ("cart", {}, NOW - 200),
        ("cart", {"campaign": "spring"}, NOW - 45 * DAY),
    ]


@pytest.mark.parametrize(
    ("at_ms", "minute"), [(NOW - 60_000, None), (NOW, -1), (NOW + 4, -1), (NOW + 5, 0), (NOW + DAY, 1)]
)
def test_now_is_the_newest_tick_that_had_been_logged(history, at_ms, minute):
    wanted = None if minute is None else NOW // MINUTE + minute
    assert history.tick(at_ms) == Tick(wanted, NOW // MINUTE + 1, NOW - 59_000)


def test_values_are_those_of_the_asked_versions_as_the_stream_had_them(history):
    versions = {"tier": 1, "spend": 1, "flag": 1}
    assert history.values("ann", versions, NOW - 600) == {"tier": PastValue("silver", NOW - 1000, 1)}
    assert history.values("ann", versions, NOW) == {
        "tier": PastValue(None, NOW - 500, 2),
        "spend": PastValue(1.5, NOW - 100, 1),
    }
    assert history.values("nobody", versions, NOW) == {}


def test_a_tag_that_is_read_has_the_values_of_that_version_at_that_time_for_all_who_are_asked_for(history):
    tier, spend = TagRead("tier", 1, "string"), TagRead("spend", 1, "decimal")
    both = frozenset({"ann", "bob", "nobody"})
    then, now = history.rows(NOW - 600, False), history.rows(NOW, False)
    assert then.values(tier, both) == {"ann": TagValue("silver", NOW - 1000)}
    assert now.values(tier, both) == {"ann": TagValue(None, NOW - 500), "bob": TagValue("bronze", NOW - 100)}
    assert now.values(tier, frozenset({"bob"})) == {"bob": TagValue("bronze", NOW - 100)}
    assert now.values(TagRead("tier", 2, "integer"), both) == {"ann": TagValue(17, NOW - 900)}
    found = now.values(spend, both)
    assert found == {"ann": TagValue(Decimal("1.5000"), NOW - 100)} and str(found["ann"].value) == "1.5000"
    assert now.values(tier, frozenset()) == {}


def test_changes_come_newest_first_page_by_page(history):
    first = history.changes("ann", "tier", 1, NEWEST_PLACE, 2)
    assert first == [PastChange("gold", NOW + 500, 9), PastChange(None, NOW - 500, 5)]
    assert history.changes("ann", "tier", 1, first[-1].place, 2) == [PastChange("silver", NOW - 1000, 3)]
    assert history.changes("nobody", "tier", 1, NEWEST_PLACE, 2) == []


def test_events_come_newest_first_page_by_page(history):
    ids = [event.event_id for event in history.events(["ann"], END, 10)]
    assert ids == ["after", "e1", "late", "e2"]
    page = history.events(["ann"], END, 2)
    rest = history.events(["ann"], (page[-1].occurred_at_ms, page[-1].event_id), 10)
    assert [event.event_id for event in [*page, *rest]] == ids
    assert history.events(["nobody"], END, 2) == []


def test_a_source_that_nothing_narrows_is_refused(clickhouse):
    history = ClickHouseUserHistory(Queries(clickhouse.settings))
    with pytest.raises(TooWide, match="which orders concern one user: a tag must narrow it by order_id, user_id"):
        history.rows(NOW, False).read(CATALOG["orders"], {"status": frozenset(["paid"])})
