"""What a request brings to a statement, and what a statement leaves behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Limits:
    """`at_once` statements run side by side; another waits `queue_seconds` at most. A statement may take `query_seconds`."""

    at_once: int = 8
    queue_seconds: float = 30
    query_seconds: int = 300
    memory_mib: int = 2048


@dataclass(frozen=True)
class Context:
    """What holds for one request. `parameters` are the values of {name:Type} as the HTTP interface has them, escaped."""

    database: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    session_id: str | None = None
    session_seconds: float = 60
    session_must_exist: bool = False
    read_only: bool = False
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table that comes with a request and goes with it. `structure` is a list of columns in SQL."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass
class Progress:
    """How much a statement has read and written so far."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0

    def add(self, part: Any) -> None:
        """Count a result, or a part of one."""
        self.read_rows += part.storage_rows_read()
        self.read_bytes += part.storage_bytes_read()
        self.result_rows += part.rows_read()
        self.result_bytes += part.size()
