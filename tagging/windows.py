"""Sliding windows: which rows `LAST(source, length, pane)` holds, and the view that says it to the engine.

Time is cut into panes of `pane_minutes`. A row belongs to the pane of its time and leaves the window as a whole pane does:
when the newest tick of the clock reaches the end of the pane plus the window's length. A row whose time lay more than
`AHEAD_MINUTES` ahead when it was logged (the end of a subscription) is in no window: it would be held until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from string import Template

from tagging.sources import CATALOG, EVENTS, LOGGED_AT_COLUMN, SHARD_COLUMN, Catalog

HOUR = 60
DAY = 24 * HOUR
LONGEST_MINUTES = 400 * DAY
MINUTE_MS = 60_000
AHEAD_MINUTES = DAY
"""How far a table row's time may lie ahead of when the row was logged: as far as the zones of two clocks do. An event's may not:
see `tagging.events`."""


@dataclass(frozen=True, order=True)
class Window:
    """The rows of a source in the last `length_minutes`, which is a multiple of `pane_minutes`."""

    source: str
    length_minutes: int
    pane_minutes: int

    def __post_init__(self) -> None:
        for problem in window_problems(self.length_minutes, self.pane_minutes):
            raise ValueError(f"window of {self.source}: {problem}")

    @property
    def view(self) -> str:
        """The name of the view with the window's rows."""
        return f"{self.source}__last_{self.length_minutes}m_{self.pane_minutes}m"

    def leaves_at_minute(self, time_ms: int) -> int:
        """The epoch minute whose tick takes away a row of this time (epoch milliseconds)."""
        # The engine divides towards zero, and so does this, so that times before 1970 agree as well.
        minutes = abs(time_ms) // MINUTE_MS * (1 if time_ms >= 0 else -1)
        panes = abs(minutes) // self.pane_minutes * (1 if minutes >= 0 else -1)
        return (panes + 1) * self.pane_minutes + self.length_minutes

    def holds(self, time_ms: int, newest_tick_minute: int) -> bool:
        """Whether a row of this time is in the window when the newest tick is `newest_tick_minute`."""
        return newest_tick_minute < self.leaves_at_minute(time_ms)


def default_pane_minutes(length_minutes: int) -> int:
    """The pane of a window for which none is given: a minute up to 6 hours, 15 minutes up to 2 days, else an hour.

    When that does not divide the length, the largest part of it that does.
    """
    wanted = 1 if length_minutes <= 6 * HOUR else 15 if length_minutes <= 2 * DAY else HOUR
    return next(pane for pane in range(wanted, 0, -1) if length_minutes % pane == 0)


def window_problems(length_minutes: int, pane_minutes: int) -> list[str]:
    """Why there can be no such window; empty when there can."""
    found = []
    if not 1 <= length_minutes <= LONGEST_MINUTES:
        found.append(f"a window lasts from 1 minute to {LONGEST_MINUTES // DAY} days, got {length_minutes} minutes")
    if pane_minutes < 1 or length_minutes % pane_minutes:
        found.append(f"a pane is a whole part of the window: {pane_minutes} does not divide {length_minutes} minutes")
    return found


# (leaves_at, shard) NOT IN (...), where NOT EXISTS would say the same, keeps one digest for all readers of a view:
# the engine then shares one join with the clock among all tags. A row that had expired when it was logged is left out
# at once, so that only the ticks since then need to be kept. GROUP BY makes the pair a key of the ticks, so that a row
# looks its tick up in a value, not through an iterator over a map.
_VIEW = Template(
    """SELECT
  $columns
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `$time`) / $pane + 1) * $pane + $length,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `$source`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `$logged_at`$not_ahead
  AND (`__leaves_at`, `$shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, $pane) = 0 GROUP BY `minute`, `shard`
  )"""
)


_NOT_AHEAD = Template("\n  AND `$time` <= `$logged_at` + INTERVAL '$hours' HOUR")


def view_select(window: Window, columns: Iterable[str], catalog: Catalog = CATALOG) -> str:
    """The SELECT behind a window's view: these columns and the source's key.

    A row whose time is NULL leaves at minute 0, before it was logged: it is in no window.
    Raises ValueError for a source without a time column or an unknown column. The events that are further ahead are in no source.
    """
    source = catalog[window.source]
    chosen = {*columns, source.key}
    unknown = sorted(chosen - source.columns.keys())
    if unknown or source.time_column is None:
        raise ValueError(f"window of {source.name}: time column {source.time_column!r}, unknown columns {unknown}")
    not_ahead = _NOT_AHEAD.substitute(time=source.time_column, logged_at=LOGGED_AT_COLUMN, hours=AHEAD_MINUTES // HOUR)
    return _VIEW.substitute(
        not_ahead="" if source.name == EVENTS.name else not_ahead,
        columns=", ".join(f"`{name}`" for name in source.columns if name in chosen),
        time=source.time_column,
        source=source.name,
        pane=window.pane_minutes,
        length=window.length_minutes,
        logged_at=LOGGED_AT_COLUMN,
        shard=SHARD_COLUMN,
    )
