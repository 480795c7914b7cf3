"""What a sink asks of the log: of Kafka, and of the log in memory."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from confluent_kafka.admin import NewTopic

from jobs.sink import Reader
from stores import kafka
from stores.kafka_client import admin
from stores.kafka_reader import KafkaReader, Record
from stores.settings import Settings
from tests.fakes.memory_log import MemoryLog

PATIENCE_SECONDS = 60


class Log(Protocol):
    """A log that a test writes to and joins. Names are made unique, so that tests share one Kafka."""

    prefix: str

    def create(self, name: str) -> str: ...

    def send(self, topic: str, key: bytes, value: bytes | None) -> None: ...

    def join(self, topics: Sequence[str], group: str = "g", together: bool = False) -> Reader: ...


@dataclass
class InMemory:
    prefix: str = "t"
    log: MemoryLog = field(default_factory=MemoryLog)

    def create(self, name: str) -> str:
        self.log.create(f"{self.prefix}.{name}")
        return f"{self.prefix}.{name}"

    def send(self, topic: str, key: bytes, value: bytes | None) -> None:
        self.log.send(topic, key, value)

    def join(self, topics: Sequence[str], group: str = "g", together: bool = False) -> Reader:
        return self.log.reader(group, topics)


class OnKafka:
    def __init__(self, settings: Settings) -> None:
        self.prefix = f"reader-{uuid.uuid4().hex}"
        self._settings = settings
        self._client = admin(settings)
        self._producer = kafka.Producer(settings)
        self._topics: list[str] = []
        self._readers: list[KafkaReader] = []

    def create(self, name: str) -> str:
        topic = f"{self.prefix}.{name}"
        self._client.create_topics([NewTopic(topic, 4, 1)])[topic].result(30)
        self._topics.append(topic)
        return topic

    def send(self, topic: str, key: bytes, value: bytes | None) -> None:
        self._producer.send(topic, value, key)
        self._producer.flush()

    def join(self, topics: Sequence[str], group: str = "g", together: bool = False) -> Reader:
        reader = KafkaReader(self._settings, f"{self.prefix}.{group}", topics, together)
        self._readers.append(reader)
        return reader

    def clean(self) -> None:
        for reader in self._readers:
            reader.close()
        if self._topics:
            for future in self._client.delete_topics(self._topics).values():
                future.result(30)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.stack)])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """A log without topics."""
    if request.param == "memory":
        yield InMemory()
        return
    real = OnKafka(request.getfixturevalue("stack").settings)
    try:
        yield real
    finally:
        real.clean()


def read_until(readers: Sequence[Reader], enough: Callable[[list[Record]], bool]) -> list[Record]:
    """What the members read, in turns, until it is enough."""
    found: list[Record] = []
    until = time.monotonic() + PATIENCE_SECONDS
    while not enough(found):
        assert time.monotonic() < until, f"only {len(found)} records after {PATIENCE_SECONDS} s: {found[:20]}"
        for reader in readers:
            found += reader.read(100, 0.05, 0.2)
    return found


def values(records: Sequence[Record]) -> list[Any]:
    return sorted(record.value for record in records if record.value is not None)


def numbered(count: int, start: int = 0) -> list[bytes]:
    return sorted(str(number).encode() for number in range(start, start + count))


def test_a_new_group_reads_from_the_beginning_in_order_within_a_partition(log):
    topic = log.create("a")
    for number in range(40):
        log.send(topic, f"k{number % 7}".encode(), str(number).encode())
    found = read_until([log.join([topic])], lambda records: len(records) >= 40)
    assert values(found) == numbered(40)
    for partition in {record.partition for record in found}:
        offsets = [record.offset for record in found if record.partition == partition]
        assert offsets == list(range(len(offsets)))


def test_of_topics_that_go_together_one_member_reads_all_that_there_is_of_a_key(log):
    topics = [log.create(name) for name in "abc"]
    readers = [log.join(topics, together=True) for _ in range(2)]
    until = time.monotonic() + PATIENCE_SECONDS
    while [len(reader.lags()) for reader in readers] != [6, 6]:
        assert time.monotonic() < until, [reader.lags() for reader in readers]
        for reader in readers:
            reader.read(1, 0.05, 0.2)
    for number in range(60):
        log.send(topics[number % 3], f"k{number % 20}".encode(), str(number).encode())
    read: list[list[Record]] = [[], []]
    while sum(map(len, read)) < 60:
        assert time.monotonic() < until
        for reader, found in zip(readers, read, strict=True):
            found += reader.read(100, 0.05, 0.2)
    first, second = ({record.key for record in found} for found in read)
    assert first and second and not first & second


def test_a_record_has_key_value_and_time_and_a_tombstone_has_no_value(log):
    topic = log.create("a")
    log.send(topic, b"k", b"v")
    log.send(topic, b"k", None)
    first, second = read_until([log.join([topic])], lambda records: len(records) >= 2)
    assert (first.topic, first.key, first.value, second.value) == (topic, b"k", b"v", None)
    assert first.timestamp_ms > 1_700_000_000_000


def test_at_most_so_many_records_are_read_at_once(log):
    topic = log.create("a")
    for number in range(10):
        log.send(topic, b"k", str(number).encode())
    reader = log.join([topic])
    sizes = []
    until = time.monotonic() + PATIENCE_SECONDS
    while sum(sizes) < 10 and time.monotonic() < until:
        sizes.append(len(reader.read(3, 0.2, 0.5)))
    assert sum(sizes) == 10
    assert max(sizes) <= 3


def test_what_was_not_committed_is_read_again_by_the_next_member(log):
    topic = log.create("a")
    for number in range(10):
        log.send(topic, b"k", str(number).encode())
    first = log.join([topic])
    found = read_until([first], lambda records: len(records) >= 10)
    place = (topic, found[0].partition)
    assert first.commit({place: 4})
    first.close()
    again = read_until([log.join([topic])], lambda records: len(records) >= 6)
    assert [record.offset for record in again] == [4, 5, 6, 7, 8, 9]


def test_groups_do_not_know_of_each_other(log):
    topic = log.create("a")
    log.send(topic, b"k", b"0")
    for group in ("one", "two"):
        reader = log.join([topic], group)
        (record,) = read_until([reader], bool)
        assert reader.commit({(topic, record.partition): 1})


def test_two_members_share_the_partitions_and_read_everything(log):
    topic = log.create("a")
    readers = [log.join([topic]), log.join([topic])]
    found = []
    until = time.monotonic() + PATIENCE_SECONDS
    number = 0
    # Until both have something of their own.
    while not all(reader.lags() for reader in readers) or number < 40:
        assert time.monotonic() < until
        log.send(topic, f"k{number}".encode(), str(number).encode())
        number += 1
        for reader in readers:
            found += reader.read(100, 0.0, 0.1)
    found += read_until(readers, lambda records: {r.value for r in found + records} >= set(numbered(number)))
    assert {record.value for record in found} == set(numbered(number))
    first, second = (set(reader.lags()) for reader in readers)
    assert first & second == set()
    assert first | second == {(topic, partition) for partition in range(4)}


def test_waiting_reads_nothing_and_loses_nothing(log):
    topic = log.create("a")
    reader = log.join([topic])
    log.send(topic, b"k", b"0")
    read_until([reader], bool)
    reader.wait(0.3)
    for number in range(1, 6):
        log.send(topic, b"k", str(number).encode())
    reader.wait(0.7)
    reader.wait(0.1)
    found = read_until([reader], lambda records: len(records) >= 5)
    assert [record.offset for record in found] == [1, 2, 3, 4, 5]


def test_a_topic_that_begins_to_match_the_pattern_is_read(log):
    first = log.create("tag.a.v1")
    reader = log.join([f"^{log.prefix}[.]tag[.][a-z]+[.]v[0-9]+$"])
    log.send(first, b"k", b"0")
    read_until([reader], bool)
    second, other = log.create("tag.b.v1"), log.create("else")
    log.send(second, b"k", b"1")
    log.send(other, b"k", b"2")
    found = read_until([reader], bool)
    assert values(found) == [b"1"]


def test_lag_is_what_lies_behind_the_last_record_read(log):
    topic = log.create("a")
    for number in range(5):
        log.send(topic, b"k", str(number).encode())
    reader = log.join([topic])
    found = read_until([reader], lambda records: len(records) >= 5)
    lags = reader.lags()
    assert lags[topic, found[0].partition] == 0
    assert sum(lags.values()) == 0
