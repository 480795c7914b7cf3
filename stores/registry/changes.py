"""Waiting for a change of the registry, which anybody may write: its binlog topic says that there is one."""

from __future__ import annotations

import threading
import time

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from stores import logs
from stores.kafka_client import create_consumer
from stores.settings import Settings
from tagging.names import REGISTRY_TOPIC

SLICE_SECONDS = 0.5
ANSWER_SECONDS = 2.0
MOST_AT_ONCE = 1_000
log = logs.get("stores.registry")


class RegistryChanges:
    """One thread. What is in a message is not looked at, so that Debezium and Canal may both write it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: Consumer | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Whether there was a change since the last wait, as soon as there is; False after `seconds`, or when `stop` is set.

        Without the log, or without the topic, it waits as long as it was told to.
        """
        until = time.monotonic() + seconds
        try:
            self._consumer = self._consumer or self._connected()
            while not stop.is_set() and (left := until - time.monotonic()) > 0:
                message = self._consumer.poll(min(left, SLICE_SECONDS))
                if message is not None:
                    if message.error() is not None:
                        raise KafkaException(message.error())
                    # One write is several row changes.
                    self._consumer.consume(MOST_AT_ONCE, 0)
                    return True
        except KafkaException as error:
            log.warning("registry_changes_not_heard", cause=str(error))
            self.close()
            stop.wait(max(0.0, until - time.monotonic()))
        return False

    def _connected(self) -> Consumer:
        # Without a group's offsets: what was changed before this process looked is read from MySQL itself.
        consumer = create_consumer(self._settings, "tagstream.controller")
        try:
            found = consumer.list_topics(REGISTRY_TOPIC, timeout=ANSWER_SECONDS).topics[REGISTRY_TOPIC]
            if found.error is not None:
                raise KafkaException(found.error)
            consumer.assign([TopicPartition(REGISTRY_TOPIC, number, OFFSET_END) for number in found.partitions])
        except KafkaException:
            consumer.close()
            raise
        return consumer
