"""Clients of the log: how to reach Kafka, the producer, and consumers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from stores import logs
from stores.settings import Kafka, Settings

ANSWER_SECONDS = 30


class KafkaUnavailable(Exception):
    """Kafka did not do what was asked in time. The text names the servers, what was asked, and what came back."""


def client_options(kafka: Kafka) -> dict[str, Any]:
    """librdkafka's options to reach the log, credentials included: never log them."""
    found: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol,
        "client.id": "tagstream",
        "error_cb": _log_error,
        "logger": logging.getLogger("librdkafka"),
        # The defaults wait up to 10 s before they try a broker again, which is long after it is back.
        "reconnect.backoff.max.ms": 1000,
    }
    if kafka.sasl_mechanism:
        found["sasl.mechanism"] = kafka.sasl_mechanism
        found["sasl.username"] = kafka.sasl_username or ""
        found["sasl.password"] = kafka.sasl_password.get_secret_value() if kafka.sasl_password else ""
    if kafka.ssl_ca_file:
        found["ssl.ca.location"] = kafka.ssl_ca_file
    return found


def _log_error(error: KafkaError) -> None:
    logs.get(__name__).warning("kafka_error", code=error.name(), detail=error.str(), fatal=error.fatal())


def create_consumer(settings: Settings, group: str, **options: Any) -> confluent_kafka.Consumer:
    """A consumer that starts a new group at the beginning and commits only when told to."""
    return confluent_kafka.Consumer(
        {
            **client_options(settings.kafka),
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 50,
            **options,
        }
    )


class Producer:
    """Writes to the log, each message once and in order a partition, acknowledged by all replicas.

    A key goes to the partition that Java producers would choose, so that a user's events share one whoever sends them.
    """

    def __init__(self, settings: Settings, **options: Any) -> None:
        self._servers = settings.kafka.bootstrap_servers
        self._failed: KafkaError | None = None
        self._producer = confluent_kafka.Producer(
            {
                **client_options(settings.kafka),
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "linger.ms": 20,
                "message.timeout.ms": ANSWER_SECONDS * 1000,
                # A report a message would cost more than the sending: only failures are told.
                "delivery.report.only.error": True,
                **options,
            }
        )

    def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | str | None = None,
        on_delivery: Callable[[KafkaError | None, Any], None] | None = None,
    ) -> None:
        """Hand over one message; `flush` says whether it arrived. `value` None is a tombstone. The key chooses the partition.

        Raises KafkaUnavailable when an earlier message could not be delivered, unless `on_delivery` was told of it, and
        ValueError for a message larger than the log takes.
        """
        self._raise_failed()
        while True:
            try:
                self._producer.produce(topic, value, key, on_delivery=on_delivery or self._delivered)
                break
            except BufferError:
                # As many as the client may hold are under way: wait for the log, which either takes or refuses them.
                self._producer.poll(0.1)
                self._raise_failed()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.MSG_SIZE_TOO_LARGE:
                    raise KafkaUnavailable(
                        f"kafka at {self._servers}: message not sent: {error.args[0].str()}"
                    ) from error
                raise ValueError(
                    f"topic {topic}: a message of {len(value or b'')} bytes; allowed: message.max.bytes of the producer and topic"
                ) from error
        self._producer.poll(0)

    def flush(self, seconds: float = ANSWER_SECONDS + 5) -> None:
        """Wait until everything sent is in the log. Raises KafkaUnavailable when something is not."""
        left = self._producer.flush(seconds)
        self._raise_failed()
        if left:
            raise KafkaUnavailable(f"kafka at {self._servers}: {left} messages not acknowledged within {seconds:g} s")

    def _delivered(self, error: KafkaError | None, _message: Any) -> None:
        if error is not None:
            self._failed = error

    def _raise_failed(self) -> None:
        if self._failed is not None:
            error, self._failed = self._failed, None
            raise KafkaUnavailable(f"kafka at {self._servers}: message not delivered: {error.str()}")


def admin(settings: Settings) -> AdminClient:
    """A client for the log's own administration."""
    return AdminClient(client_options(settings.kafka))


def unavailable(settings: Settings, doing: str, error: KafkaException) -> KafkaUnavailable:
    """The library's error as ours, with the servers and what was asked of them."""
    detail = error.args[0].str() if error.args and isinstance(error.args[0], KafkaError) else str(error)
    return KafkaUnavailable(f"kafka at {settings.kafka.bootstrap_servers}: {doing}: {detail}")
