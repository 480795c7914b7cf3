"""A tag's topic in Kafka as one who corrects it sees it: read between two cuts, write and learn where it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message

from stores.kafka import end_offsets, offsets_at
from stores.kafka_client import ANSWER_SECONDS, KafkaUnavailable, Producer, admin, unavailable
from stores.kafka_results import read_messages
from stores.settings import Settings
from tagging.names import TAG_TOPIC_PATTERN

Cut = Mapping[int, int]
"""partition -> offset."""
Place = tuple[int, int]
"""(partition, offset)."""


class TagTopics:
    """Every method raises KafkaUnavailable, and ValueError for a topic that does not exist."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def at(self, topics: Collection[str], ms: int) -> dict[str, Cut]:
        """Where each topic stood at a time, epoch ms."""
        return offsets_at(self._settings, topics, ms)

    def end(self, topics: Collection[str]) -> dict[str, Cut]:
        """Where each ends now."""
        return end_offsets(self._settings, topics)

    def names(self) -> list[str]:
        """All that there are."""
        try:
            known = admin(self._settings).list_topics(timeout=ANSWER_SECONDS).topics
        except KafkaException as error:
            raise unavailable(self._settings, "listing the topics of tags", error) from error
        return sorted(name for name in known if re.match(TAG_TOPIC_PATTERN, name))

    def read(self, topic: str, begin: Cut, end: Cut) -> Iterator[Message]:
        """What lies between two cuts, each partition's in order."""
        return read_messages(self._settings, topic, end, begins=begin)

    def write(self, topic: str, messages: Mapping[bytes, bytes | None]) -> dict[bytes, Place]:
        """Append a message a key, None a tombstone; where each stands once all are in the log."""
        found: dict[bytes, Place] = {}
        failed: list[KafkaError] = []

        def arrived(error: KafkaError | None, message: Any) -> None:
            if error:
                failed.append(error)
            else:
                found[message.key()] = (message.partition(), message.offset())

        producer = Producer(self._settings, **{"delivery.report.only.error": False})
        for key, value in messages.items():
            producer.send(topic, value, key, on_delivery=arrived)
        producer.flush()
        if failed:
            raise KafkaUnavailable(
                f"kafka at {self._settings.kafka.bootstrap_servers}: message not delivered: {failed[0].str()}"
            )
        return found
