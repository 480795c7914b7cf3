"""Times as the registry's tables hold them: UTC without a zone, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ms_of(time: datetime) -> int:
    """Epoch milliseconds of a stored time."""
    return (time.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def time_of(at_ms: int) -> datetime:
    """Epoch milliseconds as a stored time."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).replace(tzinfo=None)
