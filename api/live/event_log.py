"""Events into Kafka, each acknowledged by all replicas before the request is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Event, Lock, Thread
from typing import Any

import orjson
from confluent_kafka import KafkaError, KafkaException

from api.ports import Delivery
from stores.kafka import KafkaUnavailable, Producer
from stores.settings import Settings
from tagging.names import EVENTS_TOPIC

ANSWER_SECONDS = 5
"""How long Kafka may take to acknowledge; then the request fails."""


def encode(event: Mapping[str, Any]) -> bytes:
    """An event as it stands in the log."""
    return orjson.dumps(event)


class _Batch:
    """The fate of one request's events; `complete` is set when all are known."""

    def __init__(self, size: int) -> None:
        self.fates: list[Delivery | None] = [None] * size
        self.complete = Event()
        self._left = size
        self._lock = Lock()

    def settle(self, index: int, problem: str | None) -> None:
        with self._lock:
            if self.fates[index] is None:
                self.fates[index] = Delivery(problem)
                self._left -= 1
            if not self._left:
                self.complete.set()


class _PolledProducer(Producer):
    """A producer whose delivery reports are served by a thread of its own, for many requests at once."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            settings,
            **{
                "linger.ms": 5,
                "message.timeout.ms": ANSWER_SECONDS * 1000,
                "delivery.report.only.error": False,
            },
        )
        Thread(target=self._serve, name="kafka-reports", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._producer.poll(1)


class KafkaEventLog:
    """The `events` topic. An event's key is its user, so that one user's events keep their order."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()

    @cached_property
    def _producer(self) -> Producer:
        return _PolledProducer(self._settings)

    def append(self, events: Sequence[Mapping[str, Any]]) -> Sequence[Delivery]:
        """See `api.ports.EventLog`."""
        with self._lock:
            producer = self._producer
        batch = _Batch(len(events))
        for index, event in enumerate(events):
            self._send(producer, batch, index, event)
        # The client itself gives up after ANSWER_SECONDS; the rest is for its report to arrive.
        batch.complete.wait(ANSWER_SECONDS + 2)
        return [fate or Delivery(f"no report within {ANSWER_SECONDS + 2} s") for fate in batch.fates]

    def _send(self, producer: Producer, batch: _Batch, index: int, event: Mapping[str, Any]) -> None:
        def report(error: KafkaError | None, _message: Any) -> None:
            batch.settle(index, None if error is None else error.str())

        try:
            producer.send(EVENTS_TOPIC, encode(event), event["user_id"], report)
        except KafkaException as error:
            batch.settle(index, error.args[0].str())
        except KafkaUnavailable as error:
            batch.settle(index, str(error))
