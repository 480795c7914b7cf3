"""The loop of every sink: read a batch, decode it, write it, commit its offsets.

Offsets are committed after the write, and a write may be repeated without effect. So a sink may be killed at any point, and
two may share a topic: the stores end with the same rows. A store that is down is waited for; the sink stays in its group.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from jobs.dead_letter_limit import DeadLetterLimit
from jobs.process import Backoff
from stores import logs, metrics
from stores.kafka_reader import Place, Record

FRESHNESS_SAMPLES = 50
LAG_SECONDS = 1.0


class DeadLetter(NamedTuple):
    """A message that a sink refuses, with the reason's short name and what was found."""

    record: Record
    reason: str
    detail: str


class Sink(Protocol):
    """What is particular to one sink. `away`: what its stores raise while they cannot be reached; trying again may help."""

    name: str
    topics: Sequence[str]
    away: tuple[type[Exception], ...]

    def open(self) -> None:
        """Make the stores ready. Called until it succeeds."""

    def decode(self, records: Sequence[Record]) -> tuple[Any, list[DeadLetter]]:
        """The records as what `write` takes, and those that are refused. Touches no store, never raises."""

    def write(self, batch: Any, dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """Write a batch; rows written, by store. Called again with the same after one of `away`."""


class Reader(Protocol):
    """The log as a sink sees it; `stores.kafka_reader.KafkaReader` is the real one."""

    def read(self, most: int, linger_seconds: float) -> list[Record]: ...

    def wait(self, seconds: float) -> None: ...

    def commit(self, places: Mapping[Place, int]) -> bool: ...

    def lags(self) -> dict[Place, int]: ...

    def close(self) -> None: ...


class Stopped(Exception):
    """The process was asked to stop while it waited for a store. The batch in hand is left to the next one."""


class SinkLoop:
    """Runs one sink until `stop` is set."""

    def __init__(
        self,
        sink: Sink,
        reader: Reader,
        stop: threading.Event,
        limit: DeadLetterLimit,
        batch_messages: int,
        linger_seconds: float,
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._stop = stop
        self._limit = limit
        self._batch_messages = batch_messages
        self._linger_seconds = linger_seconds
        self._log = logs.get(f"jobs.{sink.name}")
        self._lag_at = 0.0
        self._lagging: set[Place] = set()

    def run(self) -> None:
        """Until `stop` is set; the batch in hand is finished first.

        Raises TooManyDeadLetters, KafkaUnavailable when this member cannot go on, and whatever a store raises that no
        waiting mends; the batch in hand is not committed then.
        """
        try:
            self._patiently("open", self._sink.open)
            self._log.info("sink_started", topics=list(self._sink.topics))
            while not self._stop.is_set():
                records = self._reader.read(self._batch_messages, self._linger_seconds)
                if records:
                    self._flush(records)
                self._report_lag()
        except Stopped:
            pass
        finally:
            self._reader.close()
        self._log.info("sink_stopped")

    def _flush(self, records: list[Record]) -> None:
        batch, dead = self._sink.decode(records)
        self._limit.add(len(records), len(dead))
        for letter in dead[:3]:
            record = letter.record
            self._log.warning(
                "dead_letter",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=str(letter.reason),
                detail=letter.detail,
                in_batch=len(dead),
            )
        started = time.monotonic()
        rows = self._patiently("write", lambda: self._sink.write(batch, dead))
        self._count(records, dead, rows, time.monotonic() - started)
        places: dict[Place, int] = {}
        for record in records:
            places[record.topic, record.partition] = record.offset + 1
        if self._reader.commit(places):
            metrics.COMMITTED_AT.labels(self._sink.name).set_to_current_time()

    def _patiently(self, doing: str, action: Any) -> Any:
        """The action's result, tried again for as long as one of the sink's stores is away."""
        backoff = Backoff()
        down_since: float | None = None
        while True:
            try:
                result = action()
            except self._sink.away as error:
                if self._stop.is_set():
                    raise Stopped from error
                down_since = down_since or time.monotonic()
                seconds = backoff.next_seconds()
                metrics.STORE_UP.labels(self._sink.name, _store_of(error)).set(0)
                self._log.warning(
                    "store_down_waiting",
                    store=_store_of(error),
                    doing=doing,
                    cause=str(error),
                    down_for_seconds=round(time.monotonic() - down_since, 1),
                    retry_in_seconds=round(seconds, 2),
                )
                self._reader.wait(seconds)
                continue
            for kind in self._sink.away:
                metrics.STORE_UP.labels(self._sink.name, _store_of(kind)).set(1)
            if down_since is not None:
                self._log.info("store_back", doing=doing, down_for_seconds=round(time.monotonic() - down_since, 1))
            return result

    def _count(
        self, records: Sequence[Record], dead: Sequence[DeadLetter], rows: Mapping[str, int], seconds: float
    ) -> None:
        name = self._sink.name
        metrics.MESSAGES.labels(name).inc(len(records))
        metrics.BYTES.labels(name).inc(sum(len(record.key or b"") + len(record.value or b"") for record in records))
        metrics.BATCHES.labels(name).inc()
        metrics.WRITE_SECONDS.labels(name).observe(seconds)
        for store, number in rows.items():
            metrics.ROWS.labels(name, store).inc(number)
        for letter in dead:
            metrics.DEAD_LETTERS.labels(name, str(letter.reason)).inc()
        now_ms = time.time() * 1000
        freshness = metrics.FRESHNESS_SECONDS.labels(name)
        for record in records[:: max(1, len(records) // FRESHNESS_SAMPLES)]:
            freshness.observe(max(0.0, now_ms - record.timestamp_ms) / 1000)
        self._log.debug("batch_written", messages=len(records), rows=dict(rows), seconds=round(seconds, 3))

    def _report_lag(self) -> None:
        if time.monotonic() - self._lag_at < LAG_SECONDS:
            return
        self._lag_at = time.monotonic()
        lags = self._reader.lags()
        for topic, partition in self._lagging - lags.keys():
            metrics.LAG.remove(self._sink.name, topic, str(partition))
        for (topic, partition), messages in lags.items():
            metrics.LAG.labels(self._sink.name, topic, str(partition)).set(messages)
        self._lagging = set(lags)


def _store_of(error: Exception | type[Exception]) -> str:
    """`hbase` of HBaseUnavailable."""
    kind = error if isinstance(error, type) else type(error)
    return kind.__name__.removesuffix("Unavailable").lower()
