"""Reads a topic from places that the reader's owner keeps itself, together with what it made of the records before them."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import KafkaException, TopicPartition

from stores import logs
from stores.kafka_client import ANSWER_SECONDS, KafkaUnavailable, unavailable
from stores.kafka_reader import KafkaReader
from stores.settings import Settings

log = logs.get(__name__)


class PlacedReader(KafkaReader):
    """All partitions of one topic, whatever the group has committed: that is for whoever watches the lag. One thread.

    `begin_at` comes before the first read.
    """

    def __init__(self, settings: Settings, group: str, topic: str) -> None:
        super().__init__(settings, group, ())
        self._settings = settings
        self._topic = topic

    def begin_at(self, offsets: Mapping[int, int]) -> None:
        """Read on from these offsets; partitions that are not named from their beginning. May be called again.

        Raises KafkaUnavailable, also while there is no such topic.
        """
        try:
            partitions = self._consumer.list_topics(self._topic, ANSWER_SECONDS).topics[self._topic].partitions
        except KafkaException as error:
            raise unavailable(self._settings, f"reading topic {self._topic}", error) from error
        if not partitions:
            raise KafkaUnavailable(
                f"kafka at {self._servers} has no topic {self._topic}; `python -m deploy.prepare` makes it"
            )
        places = {(self._topic, partition): offsets.get(partition, 0) for partition in sorted(partitions)}
        self._forget(set(self._owned))
        self._owned = set(places)
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in places.items()])
        log.info(
            "reading_from", topic=self._topic, offsets={partition: offset for (_, partition), offset in places.items()}
        )
