"""Sends messages to the topic `events` and returns when the log has them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaError

from stores import logs
from stores.kafka import KafkaUnavailable, Producer
from stores.settings import Settings
from tagging.names import EVENTS_TOPIC

_PATIENCE_SECONDS = 5.0


class SendProblem(Exception):
    """Messages did not get into the log: it refused them for good, or the sender was stopped while it was away."""


class EventLog:
    """A producer whose `send` is done only when every message is acknowledged."""

    def __init__(self, settings: Settings, stop: threading.Event, topic: str = EVENTS_TOPIC) -> None:
        # A message never expires: while Kafka is away the sender waits, and nothing is lost or counted twice.
        self._producer = Producer(settings, **{"message.timeout.ms": 0, "linger.ms": 5})
        self._topic = topic
        self._stop = stop
        self._refused: list[str] = []

    def send(self, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Send (key, value) pairs in order and wait for the log, however long it is away.

        Raises SendProblem when the log refuses one for good (such as one that is too large), or on a stop meanwhile.
        """
        for key, value in messages:
            self._producer.send(self._topic, value, key, self._delivered)
        while True:
            try:
                self._producer.flush(_PATIENCE_SECONDS)
                break
            except KafkaUnavailable as problem:
                logs.get(__name__).warning("waiting_for_kafka", cause=str(problem), fix="start Kafka; nothing is lost")
                if self._stop.is_set():
                    raise SendProblem(f"topic {self._topic}: stopped while Kafka was away: {problem}") from problem
        if self._refused:
            refused, self._refused = self._refused, []
            raise SendProblem(f"topic {self._topic}: {len(refused)} messages were refused: {refused[0]}")

    def _delivered(self, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            self._refused.append(error.str())
