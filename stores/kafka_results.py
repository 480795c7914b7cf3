"""A topic for the answers of one batch run: made for it, read once from end to end, deleted afterwards."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from confluent_kafka import KafkaException, Message, TopicPartition
from confluent_kafka.admin import NewTopic

from stores.kafka import end_offsets
from stores.kafka_client import ANSWER_SECONDS, admin, create_consumer, unavailable
from stores.settings import Settings

POLL_SECONDS = 0.2

# For the run whose end nobody sees: what it left is gone after a day.
_CONFIG = {"cleanup.policy": "delete", "retention.ms": str(24 * 60 * 60 * 1000)}


@contextmanager
def result_topic(settings: Settings, prefix: str) -> Iterator[str]:
    """The name of a new topic `<prefix>.<unique>`, which is deleted at the end. Raises KafkaUnavailable."""
    name = f"{prefix}.{uuid.uuid4().hex}"
    client = admin(settings)
    topic = NewTopic(name, settings.kafka.partitions, settings.kafka.replication, config=_CONFIG)
    try:
        client.create_topics([topic], operation_timeout=ANSWER_SECONDS)[name].result(ANSWER_SECONDS)
    except KafkaException as error:
        raise unavailable(settings, f"creating topic {name}", error) from error
    try:
        yield name
    finally:
        with suppress(KafkaException):
            client.delete_topics([name], operation_timeout=ANSWER_SECONDS)[name].result(ANSWER_SECONDS)


def read_all(settings: Settings, topic: str) -> Iterator[bytes]:
    """Every message's value up to the end that the topic has now. Raises KafkaUnavailable."""
    for message in read_messages(settings, topic):
        yield message.value()


def read_messages(
    settings: Settings,
    topic: str,
    ends: Mapping[int, int] | None = None,
    last: int | None = None,
    begins: Mapping[int, int] | None = None,
) -> Iterator[Message]:
    """Every message up to these ends, or to those that the topic has now, each partition's in order; of each partition the
    `last` ones alone, or those from `begins` on, where given. Raises KafkaUnavailable.
    """
    wanted = end_offsets(settings, [topic])[topic] if ends is None else ends
    firsts = {
        partition: max(0, end - last) if last else (begins or {}).get(partition, 0) for partition, end in wanted.items()
    }
    left = {partition: end for partition, end in wanted.items() if end > firsts[partition]}
    consumer = create_consumer(settings, f"{topic}.reader")
    try:
        consumer.assign([TopicPartition(topic, partition, firsts[partition]) for partition in left])
        silent_since = time.monotonic()
        while left:
            # It waits this long for a full batch, and the last one never is.
            messages = consumer.consume(10_000, timeout=POLL_SECONDS)
            if messages:
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > ANSWER_SECONDS:
                raise unavailable(settings, f"reading topic {topic}", KafkaException("no answer"))
            for message in messages:
                if message.error():
                    raise unavailable(settings, f"reading topic {topic}", KafkaException(message.error()))
                if message.offset() < left.get(message.partition(), 0):
                    yield message
                if left.get(message.partition(), 0) <= message.offset() + 1:
                    left.pop(message.partition(), None)
    finally:
        consumer.close()
