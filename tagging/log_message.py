"""A message of the log as whoever reads through one sees it."""

from __future__ import annotations

from typing import Protocol


class LogMessage(Protocol):
    """A Kafka message; `confluent_kafka.Message` is the real one."""

    def key(self) -> bytes | None: ...

    def value(self) -> bytes | None: ...

    def partition(self) -> int: ...

    def offset(self) -> int: ...

    def timestamp(self) -> tuple[int, int]: ...
