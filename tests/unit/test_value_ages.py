"""From an event to its tag value: what is sampled, when it is looked up, and what a sink observes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY

from jobs import value_ages
from jobs.sink_events import EventSink
from jobs.sink_values import ValueSink
from jobs.value_ages import SAMPLE, SETTLE_SECONDS, ValueAges
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable
from stores.kafka_reader import Record
from tagging.changes import TagChange
from tests.fakes.memory_stores import MemoryNumbers, MemoryTables

NOW = 1_790_000_000.0


@dataclass
class Causes:
    """Events that each occurred `before_ms` before the change that they made; `asked` is what was looked up."""

    before_ms: int = 2_000
    asked: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def query(self, name: str, parameters: Any = None) -> list[dict[str, Any]]:
        self.asked.append(dict(parameters))
        if self.error is not None:
            raise self.error
        return [{"occurred_ms": at - self.before_ms} for at in parameters["changed"]]


def change(user: int, at: float = NOW) -> TagChange:
    return TagChange("vip", 1, f"u{user}", True, user, int(at * 1000))


def observed(job: str) -> tuple[float, float]:
    """(how many, seconds in all) of a job so far."""
    found = (
        REGISTRY.get_sample_value(f"tagstream_end_to_end_seconds_{part}", {"job": job}) for part in ("count", "sum")
    )
    count, seconds = found
    return count or 0.0, seconds or 0.0


@pytest.fixture
def clock():
    return [NOW]


def test_a_sample_is_looked_up_once_its_events_are_stored_and_aged_by_when_it_was_written(clock):
    causes, before = Causes(), observed("sink_values")
    ages = ValueAges(causes, lambda: clock[0])
    ages.note([change(1, NOW - 3), change(2, NOW - 5)])
    clock[0] += SETTLE_SECONDS - 1
    ages.note([change(3)])
    assert causes.asked == []
    clock[0] += 1
    ages.note([change(4)])
    [asked] = causes.asked
    assert asked["users"] == ["u1", "u2"] and asked["within_ms"] == value_ages.WITHIN_MS
    count, seconds = observed("sink_values")
    assert (count - before[0], seconds - before[1]) == (2, pytest.approx(3 + 5 + 2 * 2))


def test_the_next_sample_is_of_what_comes_after(clock):
    causes = Causes()
    ages = ValueAges(causes, lambda: clock[0])
    for user in range(3):
        ages.note([change(user)])
        clock[0] += SETTLE_SECONDS
    assert [asked["users"] for asked in causes.asked] == [["u0"], ["u1"]]


def test_a_sample_is_bounded(clock):
    causes = Causes()
    ages = ValueAges(causes, lambda: clock[0])
    ages.note(change(user) for user in range(10 * SAMPLE))
    clock[0] += SETTLE_SECONDS
    ages.note([])
    assert len(causes.asked[0]["users"]) == SAMPLE


@pytest.mark.parametrize("error", [ClickHouseUnavailable("away"), ClickHouseRefused("slow")])
def test_a_figure_that_cannot_be_had_stops_no_sink(clock, error):
    causes = Causes(error=error)
    tables, ages = MemoryTables(), ValueAges(causes, lambda: clock[0])
    sink = ValueSink(tables, MemoryNumbers(), ages)
    for offset in range(2):
        record = Record(
            "tag.vip.v1", 0, offset, b"u1", orjson.dumps({"user_id": "u1", "value": offset}), int(NOW * 1000)
        )
        batch, dead = sink.decode([record])
        sink.write(batch, dead)
        clock[0] += SETTLE_SECONDS
    assert len(tables.rows["tag_changes"]) == 2 and len(causes.asked) == 1


def test_an_event_is_aged_by_when_it_occurred_and_one_of_a_fast_clock_not_at_all(monkeypatch):
    monkeypatch.setattr("jobs.sink_events.time.time", lambda: NOW)
    sink, before = EventSink(MemoryTables()), observed("sink_events")
    records = []
    for offset, behind in enumerate((7.5, -3.0)):
        event = {
            "event_id": f"e{offset}",
            "user_id": "u1",
            "event_type": "view",
            "occurred_at": int((NOW - behind) * 1000),
        }
        records.append(Record("events", 0, offset, b"u1", orjson.dumps(event), int(NOW * 1000)))
    batch, dead = sink.decode(records)
    assert dead == []
    sink.write(batch, dead)
    count, seconds = observed("sink_events")
    assert (count - before[0], seconds - before[1]) == (2, pytest.approx(7.5))
