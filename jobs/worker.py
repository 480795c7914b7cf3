"""Workers that take what waits, one after the other: the loop that they share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from jobs import process
from stores import logs
from stores.clickhouse import ClickHouseUnavailable
from stores.kafka_client import KafkaUnavailable
from stores.mysql import MySQLUnavailable

IDLE_SECONDS = 0.5
AWAY = (MySQLUnavailable, ClickHouseUnavailable, KafkaUnavailable)
log = logs.get("jobs.worker")


class Worker(Protocol):
    """Does one thing at a time."""

    def step(self) -> bool:
        """Do what waits longest. False when nothing waits. Raises one of AWAY."""


def work(
    prepare: Callable[[], None], worker: Worker, stop: threading.Event, idle_seconds: float = IDLE_SECONDS
) -> None:
    """Go step by step until `stop` is set; `prepare` comes first, until it succeeds once. Stores that are away are waited for."""
    backoff = process.Backoff()
    prepared = False
    while not stop.is_set():
        try:
            if not prepared:
                prepare()
                prepared = True
            seconds = 0.0 if worker.step() else idle_seconds
            backoff.reset()
        except AWAY as error:
            seconds = backoff.next_seconds()
            log.warning("waiting", worker=type(worker).__name__, cause=str(error), retry_in_seconds=round(seconds, 2))
        stop.wait(seconds)
