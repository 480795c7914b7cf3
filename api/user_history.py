"""What the API asks of a user's past: rows as they were known, values as they were, changes and events in order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tagging.explaining.rows import Rows

NEWEST_PLACE = 2**63
"""Before every change there is."""


@dataclass(frozen=True)
class Tick:
    """The newest minute that had begun by some time; None when none had. `first_at_ms`: when the first tick was logged."""

    minute: int | None
    newest_minute: int | None = None
    first_at_ms: int | None = None


@dataclass(frozen=True)
class PastValue:
    """A tag version's value as a change left it; None is "no value". `changes`: how many there were up to this one."""

    value: Any
    changed_at_ms: int
    changes: int = 1


@dataclass(frozen=True)
class PastChange:
    """One change of a tag's value. `place` orders the changes of one user and tag version."""

    value: Any
    changed_at_ms: int
    place: int


@dataclass(frozen=True)
class PastEvent:
    """One event, as it was logged."""

    event_id: str
    user_id: str
    event_type: str
    item_id: str | None
    properties: Mapping[str, str]
    occurred_at_ms: int
    logged_at_ms: int


class UserHistory(Protocol):
    """One user's past (ClickHouse: events, row changes, ticks, tag changes). Raises Unavailable, as all stores do."""

    def tick(self, at_ms: int) -> Tick:
        """What "now" was at a time."""

    def rows(self, at_ms: int, hindsight: bool) -> Rows:
        """The sources at a time: as they were known then, or with `hindsight`, as it has turned out that they were."""

    def values(self, user_id: str, versions: Mapping[str, int], at_ms: int) -> Mapping[str, PastValue]:
        """tag -> its value at a time, as the stream had it then. Tags without any change by then are left out."""

    def changes(self, user_id: str, tag: str, version: int, before: int, limit: int) -> Sequence[PastChange]:
        """At most `limit` changes of a tag version before a place, the newest first."""

    def events(self, user_ids: Sequence[str], before: tuple[int, str], limit: int) -> Sequence[PastEvent]:
        """At most `limit` events of any of these ids before (time of occurrence, event_id), the newest first."""
