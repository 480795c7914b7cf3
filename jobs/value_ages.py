"""How long it takes from an event to the tag value that it makes: a sample of what the values sink writes.

A tag change does not say which event made it. A little later, when the events of that time are stored as well, the newest event
that the log had of the same user before the change is taken for its cause; a change that the clock made is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from stores import logs, metrics
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable
from tagging.changes import TagChange

SAMPLE = 20
WITHIN_MS = 60_000
"""An event that the log took longer before a change is not taken for its cause."""
SETTLE_SECONDS = 15.0
"""Events are written by another sink, which may be behind."""
log = logs.get(__name__)


class Events(Protocol):
    """Where events are looked up; `stores.clickhouse.ClickHouseClient` is the real one."""

    def query(self, name: str, parameters: Any = None) -> list[dict[str, Any]]: ...


@dataclass
class ValueAges:
    """One sample at a time. `now` is in epoch seconds."""

    events: Events
    now: Callable[[], float] = time.time
    _sample: list[TagChange] = field(default_factory=list)
    _written_at: float = 0.0

    def note(self, written: Iterable[TagChange]) -> None:
        """These changes have just been written and can be read. Never raises for a store that is away: it is a figure alone."""
        if self._sample and self.now() - self._written_at >= SETTLE_SECONDS:
            self._observe()
        if not self._sample:
            self._written_at = self.now()
            self._sample = [change for change, _ in zip(written, range(SAMPLE), strict=False)]

    def _observe(self) -> None:
        sample, self._sample = self._sample, []
        given = {
            "users": [change.user_id for change in sample],
            "changed": [change.changed_at_ms for change in sample],
            "within_ms": WITHIN_MS,
        }
        try:
            causes = self.events.query("clickhouse/causes.sql", given)
        except (ClickHouseUnavailable, ClickHouseRefused) as error:
            log.warning("causes_not_found", cause=str(error))
            return
        for cause in causes:
            metrics.observe_age("sink_values", self._written_at, cause["occurred_ms"])
