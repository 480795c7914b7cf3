"""What operators ask for, on the real stores, with failures as the API's ports name them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError

from api.live.clickhouse import Queries
from api.live.mysql import answering
from api.operation_ports import Operations
from api.ports import Unavailable
from stores.dead_letters import Place, Replay, ReplayTable
from stores.job_requests import JobRequest, JobRequestTable, What
from stores.kafka import KafkaUnavailable, Producer
from stores.settings import Settings

SEND_SECONDS = 5


class MySQLJobRequests:
    """See `api.operation_ports.JobRequests`."""

    def __init__(self, settings: Settings) -> None:
        self._table = JobRequestTable(settings)

    def ask(self, job: str, what: What, who: str) -> JobRequest:
        """See `api.operation_ports.JobRequests`."""
        with answering():
            return self._table.ask(job, what, who)

    def read(self, request_id: str) -> JobRequest | None:
        """See `api.operation_ports.JobRequests`."""
        with answering():
            return self._table.read(request_id)

    def newest(self, limit: int) -> Sequence[JobRequest]:
        """See `api.operation_ports.JobRequests`."""
        with answering():
            return self._table.newest(limit)


class ClickHouseLetters:
    """See `api.operation_ports.Letters`."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def payload(self, letter: Place) -> bytes | None:
        """See `api.operation_ports.Letters`."""
        rows = self._queries.rows("ledger/payload", **vars(letter))
        return base64.b64decode(rows[0]["payload"]) if rows else None


class MySQLReplays:
    """See `api.operation_ports.Replays`."""

    def __init__(self, settings: Settings) -> None:
        self._table = ReplayTable(settings)

    def once(self, letter: Place, sha256: str, who: str, send: Callable[[], Place]) -> Replay:
        """See `api.operation_ports.Replays`."""
        with answering():
            return self._table.once(letter, sha256, who, send)

    def read(self, letter: Place) -> Replay | None:
        """See `api.operation_ports.Replays`."""
        with answering():
            return self._table.read(letter)


class KafkaResender:
    """See `api.operation_ports.Resender`. A producer for each message: it is done by hand, and seldom."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, topic: str, key: str, value: bytes) -> Place:
        """See `api.operation_ports.Resender`."""
        places: list[Place] = []
        failures: list[str] = []

        def report(error: KafkaError | None, message: Any) -> None:
            if error is not None:
                failures.append(error.str())
            else:
                places.append(Place(topic, message.partition(), message.offset()))

        options = {"message.timeout.ms": SEND_SECONDS * 1000, "delivery.report.only.error": False, "linger.ms": 0}
        try:
            producer = Producer(self._settings, **options)
            producer.send(topic, value, key, report)
            producer.flush(SEND_SECONDS + 2)
        except KafkaUnavailable as error:
            raise Unavailable("kafka", str(error)) from error
        if not places:
            raise Unavailable("kafka", "; ".join(failures) or f"no report within {SEND_SECONDS + 2} s")
        return places[0]


def operations(settings: Settings, queries: Queries) -> Operations:
    """All of them on the settings' stores."""
    return Operations(
        MySQLJobRequests(settings), ClickHouseLetters(queries), MySQLReplays(settings), KafkaResender(settings)
    )
