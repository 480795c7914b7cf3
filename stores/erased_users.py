"""The topic of erasures: written by the job that erases, followed by everyone who writes what belongs to users."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Protocol

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stores.kafka import ensure_erasures_topic
from stores.kafka_client import ANSWER_SECONDS, Producer, create_consumer, unavailable
from stores.settings import Settings
from tagging.erasure import Subjects, erasure_message, read_erasure
from tagging.names import ERASURES_TOPIC

MOST_AT_ONCE = 10_000
POLL_SECONDS = 0.2


class Erased(Protocol):
    """Who was erased."""

    def open(self) -> None:
        """Make ready. Called until it succeeds; again it changes nothing."""

    def among(self, user_ids: Iterable[str]) -> Set[str]:
        """Those of the users that were erased by now."""


class ErasedUsers:
    """Follows the topic. One thread. Every method raises KafkaUnavailable, and WrongSecret where nobody could be recognised.

    Every question reads the topic to its present end: a write that begins after somebody was erased knows of it. It costs one
    question to the broker, a millisecond, a batch. Subjects are kept in memory: a million of them take 130 MB.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._subjects = Subjects(settings.erasure.secret.get_secret_value())
        self._erased: set[bytes] = set()
        self._consumer: Consumer | None = None
        self._next = 0

    def open(self) -> None:
        """See `Erased`: the topic is made where it is missing."""
        ensure_erasures_topic(self._settings)

    def among(self, user_ids: Iterable[str]) -> Set[str]:
        """See `Erased`."""
        try:
            self._catch_up()
        except KafkaException as error:
            self.close()
            raise unavailable(self._settings, f"reading topic {ERASURES_TOPIC}", error) from error
        return self._subjects.among(user_ids, self._erased)

    def close(self) -> None:
        """Close the connection."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _catch_up(self) -> None:
        # Without a group's offsets: every process reads all of it.
        self._consumer = self._consumer or create_consumer(
            self._settings, f"{self._settings.sinks.group_prefix}.erased"
        )
        _, end = self._consumer.get_watermark_offsets(TopicPartition(ERASURES_TOPIC, 0), timeout=ANSWER_SECONDS)
        if self._next < end:
            self._consumer.assign([TopicPartition(ERASURES_TOPIC, 0, self._next)])
            self._read(self._consumer, end)
            # A broker answers one connection's requests in turn: while a fetch waits there for what does not come, half a
            # second by default, the next question would wait behind it, and with it every batch of every sink.
            self._consumer.unassign()

    def _read(self, consumer: Consumer, end: int) -> None:
        silent = 0.0
        while self._next < end:
            messages = consumer.consume(MOST_AT_ONCE, POLL_SECONDS)
            silent = 0.0 if messages else silent + POLL_SECONDS
            if silent > ANSWER_SECONDS:
                raise KafkaException("no answer")
            for message in messages:
                if message.error():
                    raise KafkaException(message.error())
                self._erased.add(read_erasure(message.value(), self._subjects.fingerprint()))
                self._next = message.offset() + 1


def publish(settings: Settings, subject: bytes, erased_at_ms: int) -> None:
    """Write an erasure: it is in the log when this returns. Raises KafkaUnavailable and WrongSecret."""
    ensure_erasures_topic(settings)
    fingerprint = Subjects(settings.erasure.secret.get_secret_value()).fingerprint()
    producer = Producer(settings)
    producer.send(ERASURES_TOPIC, erasure_message(subject, erased_at_ms, fingerprint), subject)
    producer.flush()
