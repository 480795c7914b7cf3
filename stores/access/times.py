"""Times as MySQL keeps them, UTC with milliseconds, and as everything else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ms(time: datetime) -> int:
    """Epoch milliseconds of a column's time."""
    return (time.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def ms_or_none(time: datetime | None) -> int | None:
    """The same where there may be none."""
    return None if time is None else ms(time)


def utc(at_ms: int) -> datetime:
    """A column's time of epoch milliseconds."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).replace(tzinfo=None)


def utc_or_none(at_ms: int | None) -> datetime | None:
    """The same where there may be none."""
    return None if at_ms is None else utc(at_ms)
