"""Times as the API reads and writes them: ISO 8601, UTC, milliseconds and a Z."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
"""The time now, in epoch milliseconds; a parameter so that a test can say what time it is."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """The wall clock, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def iso(epoch_ms: int) -> str:
    """Epoch milliseconds as text, such as 2026-01-31T09:30:00.250Z."""
    moment = _EPOCH + timedelta(milliseconds=epoch_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def iso_or_none(epoch_ms: int | None) -> str | None:
    """`iso`, and None for None."""
    return None if epoch_ms is None else iso(epoch_ms)


def parse_iso(text: str) -> int:
    """Epoch milliseconds of an ISO 8601 time. Raises ValueError for anything else, and for a time without a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return (moment - _EPOCH) // timedelta(milliseconds=1)
