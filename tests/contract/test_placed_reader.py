"""What the learner asks of the log: of Kafka, and of the log in memory."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.admin import NewTopic

from stores import kafka
from stores.kafka_client import KafkaUnavailable, admin
from stores.kafka_places import PlacedReader
from stores.kafka_reader import Record
from stores.settings import Kafka, Settings
from tests.fakes.memory_log import MemoryLog, MemoryPlacedReader

PATIENCE_SECONDS = 60


class InMemory:
    """A topic with one partition and the numbers from 0 to 9 in it."""

    topic = "t"

    def __init__(self) -> None:
        self._log = MemoryLog()
        self._log.create(self.topic, partitions=1)

    def send(self, text: str) -> None:
        self._log.send(self.topic, b"k", text.encode())

    def reader(self) -> MemoryPlacedReader:
        return MemoryPlacedReader(self._log, "g", self.topic)

    def committed(self) -> int | None:
        return self._log.committed["g"].get((self.topic, 0))

    def close(self) -> None:
        pass


class OnKafka:
    """The same on a real log."""

    def __init__(self, settings: Settings) -> None:
        self.topic = f"placed-{uuid.uuid4().hex}"
        self._settings = settings
        self._producer = kafka.Producer(settings)
        self._readers: list[PlacedReader] = []
        # Its answers come only while the client is held.
        self._client = admin(settings)
        self._client.create_topics([NewTopic(self.topic, 1, 1)])[self.topic].result(30)

    def send(self, text: str) -> None:
        self._producer.send(self.topic, text.encode(), "k")
        self._producer.flush()

    def reader(self) -> PlacedReader:
        self._readers.append(PlacedReader(self._settings, f"{self.topic}.g", self.topic))
        return self._readers[-1]

    def committed(self) -> int | None:
        return kafka.committed(self._settings, f"{self.topic}.g", [self.topic]).get(self.topic, {}).get(0)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        self._client.delete_topics([self.topic])[self.topic].result(30)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.stack)])
def log(request) -> Iterator[InMemory | OnKafka]:
    made = InMemory() if request.param == "memory" else OnKafka(request.getfixturevalue("stack").settings)
    for number in range(10):
        made.send(str(number))
    yield made
    made.close()


def read_until(reader, holds: Callable[[list[Record]], bool]) -> list[Record]:
    found: list[Record] = []
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds(found):
        assert time.monotonic() < ends, found
        found += reader.read(100, 0.1, 0.2)
    return found


def test_it_reads_on_from_where_it_is_told_whatever_was_committed(log):
    first = log.reader()
    first.begin_at({})
    assert [record.offset for record in read_until(first, lambda found: len(found) >= 10)] == list(range(10))
    assert first.commit({(log.topic, 0): 9})
    assert log.committed() == 9
    second = log.reader()
    second.begin_at({0: 7})
    assert [record.offset for record in read_until(second, lambda found: len(found) >= 3)] == [7, 8, 9]


def test_it_can_be_told_to_begin_again(log):
    reader = log.reader()
    reader.begin_at({0: 8})
    read_until(reader, lambda found: len(found) >= 2)
    reader.begin_at({0: 5})
    assert [record.offset for record in read_until(reader, lambda found: len(found) >= 5)] == [5, 6, 7, 8, 9]


def test_waiting_reads_nothing_and_loses_nothing(log):
    reader = log.reader()
    reader.begin_at({0: 8})
    read_until(reader, lambda found: len(found) >= 2)
    reader.wait(0.2)
    log.send("10")
    reader.wait(0.5)
    assert [record.offset for record in read_until(reader, lambda found: len(found) >= 1)] == [10]


def test_lag_is_what_lies_behind_the_last_record_read(log):
    reader = log.reader()
    reader.begin_at({0: 2})
    read_until(reader, lambda found: len(found) >= 8)
    assert reader.lags() == {(log.topic, 0): 0}


@pytest.mark.stack
def test_a_topic_that_is_not_there_is_named(stack):
    reader = PlacedReader(stack.settings, "g", f"placed-{uuid.uuid4().hex}")
    with pytest.raises(KafkaUnavailable, match="topic placed-"):
        reader.begin_at({})
    reader.close()


def test_a_kafka_that_is_away_is_named(monkeypatch):
    monkeypatch.setattr("stores.kafka_places.ANSWER_SECONDS", 0.2)
    reader = PlacedReader(Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1")), "g", "t")
    with pytest.raises(KafkaUnavailable, match=r"127\.0\.0\.1:1: reading topic t"):
        reader.begin_at({})
    reader.close()
