"""One member of a consumer group: batches of records in, offsets committed when the caller says that they are safe."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from stores import logs
from stores.kafka_client import KafkaUnavailable, create_consumer
from stores.settings import Settings

Place = tuple[str, int]
"""(topic, partition)."""

IDLE_SECONDS = 1.0
NEW_TOPICS_SECONDS = 5
"""How soon a topic that begins to match a pattern is read."""

_GROUP_OPTIONS = {
    "partition.assignment.strategy": "cooperative-sticky",
    "topic.metadata.refresh.interval.ms": NEW_TOPICS_SECONDS * 1000,
    # A member that was killed is missed after this long; the broker's own lower bound by default.
    "session.timeout.ms": 6_000,
    "heartbeat.interval.ms": 2_000,
    # One write may take as long as a store's time-out; between attempts the member is heard.
    "max.poll.interval.ms": 300_000,
}

log = logs.get(__name__)


class Record(NamedTuple):
    """One message. `timestamp_ms`: the log's own, epoch ms."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int


class KafkaReader:
    """Reads topics as a member of a group. One thread.

    `topics`: names, or patterns that begin with ``^``. A group that has committed nothing begins at the beginning. `together`:
    partitions of one number, of all topics, go to one member: with one key in one partition of each, all of a key's records do.
    """

    def __init__(self, settings: Settings, group: str, topics: Sequence[str], together: bool = False) -> None:
        self._servers = settings.kafka.bootstrap_servers
        options = _GROUP_OPTIONS | ({"partition.assignment.strategy": "range"} if together else {})
        self._consumer = create_consumer(settings, group, **options)
        self._owned: set[Place] = set()
        self._carried: list[Message] = []
        self._waiting = False
        self._uncommitted: dict[Place, int] = {}
        if topics:
            self._consumer.subscribe(
                list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
            )

    def read(self, most: int, linger_seconds: float, idle_seconds: float = IDLE_SECONDS) -> list[Record]:
        """The next records, in order within a partition: at most `most`, and those that come within `linger_seconds` of the
        first; none when none comes in `idle_seconds`. Raises KafkaUnavailable when this member cannot go on.
        """
        if self._waiting:
            self._waiting = False
            self._consumer.resume(self._consumer.assignment())
        found, self._carried = self._carried, []
        if not found:
            found = self._consumer.consume(1, idle_seconds)
        if found and len(found) < most:
            found += self._consumer.consume(most - len(found), linger_seconds)
        return [record for message in found if (record := self._record(message)) is not None]

    def wait(self, seconds: float) -> None:
        """Read nothing for so long, and stay a member of the group."""
        self._waiting = True
        until = time.monotonic() + seconds
        while True:
            # Again each time: a partition may have been given to us since.
            self._consumer.pause(self._consumer.assignment())
            message = self._consumer.poll(max(0.0, min(0.5, until - time.monotonic())))
            if message is not None:
                self._carried.append(message)
            if time.monotonic() >= until:
                return

    def commit(self, places: Mapping[Place, int]) -> bool:
        """Commit the next offset to read of each partition that is still ours; whether Kafka has taken it.

        What it has not taken is committed with the next call, or read again by whoever reads on.
        """
        self._uncommitted.update(places)
        return self._commit([place for place in self._uncommitted if place in self._owned])

    def lags(self) -> dict[Place, int]:
        """Records after the last one read, of each partition that is ours, as far as the last fetch could tell."""
        owned = [TopicPartition(topic, partition) for topic, partition in sorted(self._owned)]
        found: dict[Place, int] = {}
        for place in self._consumer.position(owned) if owned else ():
            try:
                low, high = self._consumer.get_watermark_offsets(place, cached=True)
            except KafkaException:
                continue
            if high >= 0:
                found[place.topic, place.partition] = max(
                    0, high - (place.offset if place.offset >= 0 else max(0, low))
                )
        return found

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._consumer.close()

    def _record(self, message: Message) -> Record | None:
        error = message.error()
        if error is None:
            return Record(
                message.topic(),
                message.partition(),
                message.offset(),
                message.key(),
                message.value(),
                message.timestamp()[1],
            )
        if error.fatal():
            raise KafkaUnavailable(f"kafka at {self._servers}: {error.str()}")
        if error.code() != KafkaError._PARTITION_EOF:
            log.warning("kafka_read_error", code=error.name(), detail=error.str())
        return None

    def _commit(self, places: list[Place]) -> bool:
        offsets = [TopicPartition(*place, self._uncommitted[place]) for place in places]
        if not offsets:
            return True
        try:
            for done in self._consumer.commit(offsets=offsets, asynchronous=False) or ():
                if done.error is not None:
                    raise KafkaException(done.error)
        except KafkaException as error:
            log.warning("offsets_not_committed", detail=str(error))
            return False
        for place in places:
            del self._uncommitted[place]
        return True

    def _assigned(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        self._owned |= {(place.topic, place.partition) for place in partitions}
        log.info("partitions_assigned", partitions=[f"{place.topic}/{place.partition}" for place in partitions])

    def _revoked(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        leaving = {(place.topic, place.partition) for place in partitions}
        self._commit([place for place in self._uncommitted if place in leaving])
        self._forget(leaving)
        log.info("partitions_revoked", partitions=[f"{topic}/{partition}" for topic, partition in sorted(leaving)])

    def _lost(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        self._forget({(place.topic, place.partition) for place in partitions})
        log.warning("partitions_lost", partitions=[f"{place.topic}/{place.partition}" for place in partitions])

    def _forget(self, leaving: set[Place]) -> None:
        self._owned -= leaving
        self._carried = [message for message in self._carried if (message.topic(), message.partition()) not in leaving]
        for place in leaving:
            self._uncommitted.pop(place, None)
