"""Keeps what belongs to erased users out of the stores: stands between a sink and its writes.

A batch is looked at right before each attempt to write it, so that of an erasure that is in the log when an attempt begins
nothing is written. A replay of the log from its beginning, or a window of Flink that moves on, brings nobody back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from prometheus_client import Counter

from jobs.sink import DeadLetter, Sink
from stores import logs
from stores.erased_users import Erased, ErasedUsers
from stores.kafka_client import KafkaUnavailable, Producer
from stores.kafka_reader import Record
from stores.settings import Settings
from tagging.changes import TagChange
from tagging.names import tag_topic

SUPPRESSED = Counter("tagstream_suppressed_total", "Records not written because their user was erased", ["job"])
log = logs.get("jobs.suppression")


class Suppressible(Sink, Protocol):
    """A sink that can leave users out."""

    def users(self, batch: Any) -> Iterable[str]:
        """Whom a batch is about. Users may be named several times, and texts that are no users do not matter."""

    def without(self, batch: Any, users: AbstractSet[str]) -> tuple[Any, int]:
        """The batch without these users, and how many records of it are left out."""


class Suppressing:
    """The same sink for all users but the erased ones. `answer` is told of what was left out, after the rest is written."""

    def __init__(
        self,
        sink: Suppressible,
        erased: Erased,
        answer: Callable[[Any, AbstractSet[str]], None] | None = None,
    ) -> None:
        self._sink = sink
        self._erased = erased
        self._answer = answer
        self.name = sink.name
        self.topics = sink.topics
        self.away = tuple({*sink.away, KafkaUnavailable})
        self.decode = sink.decode

    def open(self) -> None:
        """See `jobs.sink.Sink`."""
        self._erased.open()
        self._sink.open()

    def write(self, batch: Any, dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """See `jobs.sink.Sink`. A dead letter goes by its key: what its bytes say of whom, nobody can read."""
        senders = {letter: name for letter in dead if (name := _key(letter.record)) is not None}
        erased = self._erased.among({*self._sink.users(batch), *senders.values()})
        if not erased:
            return self._sink.write(batch, dead)
        kept_dead = [letter for letter in dead if senders.get(letter) not in erased]
        kept, left_out = self._sink.without(batch, erased)
        written = self._sink.write(kept, kept_dead)
        if self._answer is not None:
            self._answer(batch, erased)
        SUPPRESSED.labels(self.name).inc(left_out + len(dead) - len(kept_dead))
        log.info("suppressed", job=self.name, records=left_out, dead_letters=len(dead) - len(kept_dead))
        return written


def _key(record: Record) -> str | None:
    try:
        return record.key.decode() if record.key else None
    except UnicodeDecodeError:
        return None


class Tombstones:
    """Answers a tag's value of an erased user with a tombstone in the tag's topic, so that compaction removes the value."""

    def __init__(self, producer: Producer, changes_of: Callable[[Any], Iterable[TagChange]]) -> None:
        self._producer = producer
        self._changes_of = changes_of

    def __call__(self, batch: Any, erased: AbstractSet[str]) -> None:
        """Raises KafkaUnavailable."""
        of = {
            (tag_topic(change.tag, change.version), change.user_id)
            for change in self._changes_of(batch)
            # A tombstone is not answered, or it would be answered for ever.
            if change.value is not None and change.user_id in erased
        }
        for topic, user_id in sorted(of):
            self._producer.send(topic, None, user_id)
        if of:
            self._producer.flush()


def suppressing(sink: Suppressible, settings: Settings) -> Suppressing:
    """A sink with the settings' erasures."""
    return Suppressing(sink, ErasedUsers(settings))
