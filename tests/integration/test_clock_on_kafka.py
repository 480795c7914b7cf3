"""The clock on a real log: outages are filled, two clocks agree, nothing comes from the future."""

from __future__ import annotations

import threading
import time

import orjson
import pytest

from jobs import clock
from stores import kafka
from stores.kafka_results import read_all
from tagging.names import CLOCK_SHARDS
from tests.kafka_topics import new_topic

pytestmark = pytest.mark.stack

NOON = 29_400_000
"""A minute long past."""


@pytest.fixture
def topic(stack, monkeypatch):
    """A clock topic of this test alone."""
    with new_topic(stack.settings, "clock", 4) as name:
        monkeypatch.setattr(clock, "CLOCK_TOPIC", name)
        yield name


def ticks(settings, topic: str) -> list[tuple[int, int]]:
    found = map(orjson.loads, read_all(settings, topic))
    return sorted((tick["minute"], tick["shard"]) for tick in found)


def every_tick(first: int, last: int) -> set[tuple[int, int]]:
    return {(minute, shard) for minute in range(first, last + 1) for shard in range(CLOCK_SHARDS)}


def run_until(settings, minute: int, clocks: int = 1) -> None:
    """Run clocks at the last second of a minute until the topic is complete up to it."""
    stop = threading.Event()
    arguments = (settings, stop, 0, lambda: minute * 60 + 59.0)
    threads = [threading.Thread(target=clock.run, args=arguments) for _ in range(clocks)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 60
    try:
        while clock.last_complete(clock.read_newest(settings)) != minute:
            assert time.monotonic() < until, f"minute {minute} is not complete"
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_first_clock_writes_the_present_minute_alone(stack, topic):
    run_until(stack.settings, NOON)
    assert ticks(stack.settings, topic) == sorted(every_tick(NOON, NOON))


def test_an_outage_is_filled_by_the_next_clock(stack, topic):
    run_until(stack.settings, NOON)
    run_until(stack.settings, NOON + 37)
    assert ticks(stack.settings, topic) == sorted(every_tick(NOON, NOON + 37))


def test_a_minute_that_was_cut_off_is_written_again(stack, topic):
    run_until(stack.settings, NOON)
    producer = kafka.Producer(stack.settings)
    for shard in range(11):
        producer.send(topic, orjson.dumps({"minute": NOON + 1, "shard": shard}), str(shard))
    producer.flush()
    run_until(stack.settings, NOON + 3)
    assert set(ticks(stack.settings, topic)) == every_tick(NOON, NOON + 3)


def test_two_clocks_leave_no_gap_and_write_nothing_but_repeats(stack, topic):
    run_until(stack.settings, NOON)
    run_until(stack.settings, NOON + 20, clocks=2)
    found = ticks(stack.settings, topic)
    assert set(found) == every_tick(NOON, NOON + 20)
    assert len(found) <= 2 * len(set(found))


def test_a_message_that_is_no_tick_is_named(stack, topic):
    producer = kafka.Producer(stack.settings)
    producer.send(topic, b"noise")
    producer.flush()
    with pytest.raises(ValueError, match=r"offset 0: b'noise' is not a tick"):
        clock.read_newest(stack.settings)
