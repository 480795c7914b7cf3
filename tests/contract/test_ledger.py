"""The ledger of what arrived: that of ClickHouse, filled by the real sink, and that in memory. Delivered twice counts once."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.live.clickhouse import Queries
from api.live.ledger import ClickHouseLedger
from api.ports import Unavailable
from api.quality_ports import ArrivedHour, Corrections, DeadLetterPlace, DeadLetterRow, RefusedHour
from jobs.sink_events import EventSink
from jobs.sink_rows import RowSink
from jobs.sink_values import ValueSink
from stores.kafka_reader import Record
from stores.settings import ClickHouse, Settings
from tagging.sources import PRODUCTS
from tests.fakes.memory_ledger import DAY_MS, HOUR_MS, MINUTE_MS, Arrival, Change, MemoryLedger, RowArrival
from tests.fakes.memory_stores import MemoryNumbers

NOW_MS = 497_222 * HOUR_MS
FROM_MS, TO_MS = NOW_MS - 3 * HOUR_MS, NOW_MS + HOUR_MS


class Fed:
    """A ledger, and how to log something: every message is delivered twice."""

    def __init__(self, ledger, clickhouse=None) -> None:
        self.ledger, self._clickhouse = ledger, clickhouse
        self._offsets: dict[str, int] = {}
        self._events: list[Record] = []

    def event(
        self, event_id: str, occurred_at_ms: int, late_ms: int = 0, user_id: str = "u1", partition: int = 0
    ) -> None:
        self.held_back(event_id, occurred_at_ms, late_ms, user_id, partition)
        self.deliver()

    def held_back(
        self, event_id: str, occurred_at_ms: int, late_ms: int = 0, user_id: str = "u1", partition: int = 0
    ) -> None:
        offset, logged_at_ms = self._next("events"), occurred_at_ms + late_ms
        row = {"event_id": event_id, "user_id": user_id, "event_type": "cart", "occurred_at": occurred_at_ms}
        if self._clickhouse is None:
            self.ledger.arrivals += [Arrival(event_id, user_id, occurred_at_ms, logged_at_ms, partition, offset)] * 2
        else:
            self._events.append(Record("events", partition, offset, None, orjson.dumps(row), logged_at_ms))

    def deliver(self) -> None:
        """Let the sink write the events that were held back."""
        if self._events:
            self._sink(EventSink(self._clickhouse), *self._events)
            self._events = []

    def row(self, product: str, price: str, changed_at_ms: int, late_ms: int = 0) -> None:
        """A product as a change left it."""
        offset, logged_at_ms = self._next("cdc.shop.products"), changed_at_ms + late_ms
        if self._clickhouse is None:
            arrival = RowArrival(
                "products", f"{product}/{price}/{changed_at_ms}", changed_at_ms, logged_at_ms, 0, offset
            )
            self.ledger.rows += [arrival] * 2
        else:
            columns = dict.fromkeys(PRODUCTS.columns) | {"product_id": product, "price": price}
            change = {"op": "u", "before": None, "after": columns, "source": {"ts_ms": changed_at_ms}}
            record = Record("cdc.shop.products", 0, offset, None, orjson.dumps(change), logged_at_ms)
            self._sink(RowSink(self._clickhouse, "shop", "debezium"), record)

    def refused(self, payload: bytes, logged_at_ms: int, reason: str, topic: str = "events") -> DeadLetterPlace:
        offset = self._next(topic)
        place = DeadLetterPlace(logged_at_ms, topic, 0, offset)
        if self._clickhouse is None:
            self.ledger.letters += [DeadLetterRow(place, reason, "said", payload[:2_000], len(payload))] * 2
            return place
        sink = EventSink(self._clickhouse) if topic == "events" else ValueSink(self._clickhouse, MemoryNumbers())
        self._sink(sink, Record(topic, 0, offset, b"u1", payload, logged_at_ms))
        return place

    def change(self, tag: str, changed_at_ms: int, user_id: str = "u1") -> None:
        offset = self._next(tag)
        if self._clickhouse is None:
            self.ledger.changes += [Change(tag, 1, user_id, changed_at_ms, offset)] * 2
        else:
            value = orjson.dumps({"user_id": user_id, "value": offset})
            record = Record(f"tag.{tag}.v1", 0, offset, user_id.encode(), value, changed_at_ms)
            self._sink(ValueSink(self._clickhouse, MemoryNumbers()), record)

    def _next(self, topic: str) -> int:
        self._offsets[topic] = self._offsets.get(topic, -1) + 1
        return self._offsets[topic]

    def _sink(self, sink, *records: Record) -> None:
        for _ in range(2):
            batch, dead = sink.decode(records)
            sink.write(batch, dead)


@pytest.fixture(params=["memory", "clickhouse"])
def fed(request) -> Fed:
    """Nothing has arrived."""
    if request.param == "memory":
        return Fed(MemoryLedger())
    clickhouse = request.getfixturevalue("clickhouse")
    return Fed(ClickHouseLedger(Queries(clickhouse.settings), 7), clickhouse.client)


def test_nothing_arrived_is_nothing(fed):
    assert list(fed.ledger.arrived(FROM_MS, TO_MS)) == list(fed.ledger.refused(FROM_MS, TO_MS)) == []
    assert list(fed.ledger.corrections(FROM_MS, TO_MS)) == list(fed.ledger.dead_letters("", None, 9)) == []


def test_events_are_on_time_or_late_by_the_hour_of_the_log_and_copies_are_neither(fed):
    fed.event("on_time", NOW_MS, MINUTE_MS)
    fed.event("late", NOW_MS, MINUTE_MS + 1)
    fed.event("very_late", NOW_MS - 5 * DAY_MS, 5 * DAY_MS + 7)
    fed.event("before", NOW_MS - HOUR_MS - 1)
    fed.event("before", NOW_MS - HOUR_MS - 1, HOUR_MS + 10)
    fed.event("before", NOW_MS - HOUR_MS - 1, HOUR_MS + 20, user_id="u2")
    fed.event("outside", TO_MS)
    assert list(fed.ledger.arrived(FROM_MS, TO_MS)) == [
        ArrivedHour("events", NOW_MS - 2 * HOUR_MS, 1, 0, 0, 0),
        ArrivedHour("events", NOW_MS, 1, 2, 2, 5 * DAY_MS + 7),
    ]


def test_a_row_change_is_a_copy_where_the_same_row_was_left_the_same_at_the_same_time(fed):
    fed.row("p1", "9.50", NOW_MS, 5)
    fed.row("p1", "9.50", NOW_MS + 1)
    fed.row("p1", "9.90", NOW_MS + 1)
    fed.row("p2", "9.50", NOW_MS, 2 * MINUTE_MS)
    fed.row("p1", "9.50", NOW_MS, MINUTE_MS + 1)
    fed.event("e", NOW_MS)
    assert list(fed.ledger.arrived(FROM_MS, TO_MS)) == [
        ArrivedHour("events", NOW_MS, 1, 0, 0, 0),
        ArrivedHour("products", NOW_MS, 3, 1, 1, 2 * MINUTE_MS),
    ]


def test_a_copy_is_one_however_long_before_the_hours_its_first_came_while_the_stream_remembers(fed):
    fed.event("remembered", NOW_MS - 6 * DAY_MS)
    fed.event("forgotten", NOW_MS - 8 * DAY_MS)
    fed.event("remembered", NOW_MS - 6 * DAY_MS, 6 * DAY_MS)
    fed.event("forgotten", NOW_MS - 8 * DAY_MS, 8 * DAY_MS)
    assert list(fed.ledger.arrived(FROM_MS, TO_MS)) == [ArrivedHour("events", NOW_MS, 0, 1, 1, 8 * DAY_MS)]


def test_messages_that_are_no_events_are_counted_by_reason_and_topic(fed):
    fed.refused(b"no json", NOW_MS, "malformed")
    fed.refused(b"{", NOW_MS + 5, "malformed")
    ahead = {"event_id": "e", "user_id": "u", "event_type": "t", "occurred_at": NOW_MS + HOUR_MS}
    fed.refused(orjson.dumps(ahead), NOW_MS, "future")
    fed.refused(b"{}", NOW_MS - HOUR_MS, "missing_field")
    fed.refused(b"x", NOW_MS, "malformed", "tag.city.v1")
    assert list(fed.ledger.refused(FROM_MS, TO_MS)) == [
        RefusedHour(NOW_MS - HOUR_MS, "events", "missing_field", 1),
        RefusedHour(NOW_MS, "events", "future", 1),
        RefusedHour(NOW_MS, "events", "malformed", 2),
        RefusedHour(NOW_MS, "tag.city.v1", "malformed", 1),
    ]


def test_a_change_right_after_a_late_event_of_the_same_user_is_a_correction(fed):
    fed.event("late", NOW_MS - 2 * HOUR_MS, 2 * HOUR_MS)
    fed.event("on_time", NOW_MS, user_id="u2")
    fed.change("heat", NOW_MS - 1)
    fed.change("heat", NOW_MS)
    fed.change("heat", NOW_MS + MINUTE_MS)
    fed.change("heat", NOW_MS + MINUTE_MS + 1)
    fed.change("heat", NOW_MS + 1, user_id="u2")
    fed.change("city", NOW_MS + 1, user_id="u3")
    assert list(fed.ledger.corrections(FROM_MS, TO_MS)) == [Corrections("city", 1, 1, 0), Corrections("heat", 1, 5, 2)]


def test_dead_letters_come_by_pages_the_newest_first_with_the_beginning_of_their_bytes(fed):
    payloads = [b"\xff\x00no json", b"[", "用户".encode(), b"y" * 5_000]
    places = [fed.refused(payload, NOW_MS + number // 2, "malformed") for number, payload in enumerate(payloads)]
    fed.refused(b"{}", NOW_MS, "missing_field")
    order = [places[2], places[3], places[0], places[1]]
    found = fed.ledger.dead_letters("malformed", None, 9)
    assert [row.place for row in found] == order
    assert [(row.payload, row.payload_bytes) for row in found] == [
        (payloads[2], 6),
        (b"y" * 2_000, 5_000),
        (payloads[0], 9),
        (payloads[1], 1),
    ]
    assert [row.place for row in fed.ledger.dead_letters("malformed", order[1], 1)] == [order[2]]
    assert len(fed.ledger.dead_letters("", None, 9)) == 5


arrivals = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from([0, HOUR_MS // 2, HOUR_MS, 2 * HOUR_MS, 9 * DAY_MS]),
        st.sampled_from([0, MINUTE_MS, MINUTE_MS + 1, HOUR_MS]),
        st.integers(0, 1),
    ),
    max_size=12,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals)
def test_clickhouse_counts_what_memory_counts(clickhouse, given_arrivals):
    clickhouse.empty()
    memory = Fed(MemoryLedger())
    real = Fed(ClickHouseLedger(Queries(clickhouse.settings), 7), clickhouse.client)
    for event_id, ago_ms, late_ms, partition in given_arrivals:
        for fed in (memory, real):
            fed.held_back(event_id, NOW_MS - ago_ms, late_ms, partition=partition)
    real.deliver()
    assert list(real.ledger.arrived(FROM_MS, TO_MS)) == list(memory.ledger.arrived(FROM_MS, TO_MS))


def test_a_server_that_is_away_is_said_to_be_away():
    nobody = ClickHouseLedger(Queries(Settings(clickhouse=ClickHouse(host="127.0.0.1", port=1))), 7)
    with pytest.raises(Unavailable, match="clickhouse"):
        nobody.arrived(FROM_MS, TO_MS)
