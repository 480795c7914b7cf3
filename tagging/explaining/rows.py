"""The rows of sources and the values of tags that concern one user, as whoever holds them gives them, and the window over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tagging.sources import EVENTS, Source
from tagging.tag_reads import TagRead
from tagging.windows import AHEAD_MINUTES, HOUR, MINUTE_MS, Window

Wanted = Mapping[str, frozenset[Any]]
"""column -> the values that it may have. Rows with others are of no use, and may be given or not."""


@dataclass(frozen=True)
class SourceRow:
    """A row of a source: each event once, and of a table's row changes the newest. `values` by column, as the types say."""

    values: Mapping[str, Any]
    logged_at_ms: int
    offset: int


@dataclass(frozen=True)
class Found:
    """Rows, the newest by time first, and how many older ones are left out."""

    rows: tuple[SourceRow, ...]
    left_out: int = 0


@dataclass(frozen=True)
class TagValue:
    """A user's value of a tag version, of the version's type; None for none. `since_ms`: from when on; None: not known.

    `cut`: sources of which not all rows were looked at when it was worked out.
    """

    value: Any
    since_ms: int | None = None
    cut: tuple[str, ...] = ()


class TooWide(Exception):
    """The rows that a tag needs for one user cannot be told from everyone's. The text says of which source and column."""


class Rows(Protocol):
    """The sources, and the tags that tags read, as they were known at some time."""

    def read(self, source: Source, wanted: Wanted) -> Found:
        """The rows with these values. Raises TooWide when no column of `wanted` can be looked up."""

    def values(self, tag: TagRead, users: frozenset[str]) -> Mapping[str, TagValue]:
        """user_id -> the value of a tag version; users without any may be left out. Raises TooWide for too many users."""


def why_not_in(window: Window, source: Source, row: SourceRow, tick_minute: int) -> str:
    """Why a row is not in a window when the newest tick is `tick_minute`; empty when it is in it."""
    time_ms = row.values[source.time_column or ""]
    if time_ms is None:
        return f"{source.time_column} is NULL"
    leaves_at = window.leaves_at_minute(time_ms)
    if leaves_at * MINUTE_MS <= row.logged_at_ms:
        return "had left the window when it was logged"
    if source.name != EVENTS.name and time_ms - row.logged_at_ms > AHEAD_MINUTES * MINUTE_MS:
        return f"lay more than {AHEAD_MINUTES // HOUR} hours ahead when it was logged"
    return "" if tick_minute < leaves_at else "has left the window"
