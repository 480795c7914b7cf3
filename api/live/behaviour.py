"""Charts of behaviour from ClickHouse, with failures as the API's ports name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from api.live.clickhouse import PATIENCE_SECONDS
from api.ports import Unavailable
from stores import logs
from stores.behaviour import BehaviourEvents
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable, connect
from stores.settings import Settings
from tagging.behaviour import Query

ANSWER_SECONDS = 25.0
"""More than the queries' own max_execution_time: the server gives up first, and says so."""
log = logs.get("api.behaviour")


@contextmanager
def _clickhouse(what: str) -> Iterator[None]:
    try:
        yield
    except ClickHouseUnavailable as error:
        raise Unavailable("clickhouse", str(error)) from error
    except ClickHouseRefused as error:
        # What it says quotes the query: for the log, not for the client.
        log.error("query_refused", query=what, reason=str(error))
        raise Unavailable("clickhouse", f"the query of {what} was refused; the server's log says why") from error


class ClickHouseBehaviour:
    """See `api.ports.BehaviourCharts`."""

    def __init__(self, settings: Settings) -> None:
        self._events = BehaviourEvents(connect(settings, ANSWER_SECONDS, PATIENCE_SECONDS))

    def rows(self, query: Query, now_ms: int, version: int) -> Sequence[Mapping[str, Any]]:
        """See `api.ports.BehaviourCharts`."""
        with _clickhouse(type(query).__name__):
            return self._events.rows(query, now_ms, version)

    def event_types(self, limit: int) -> Sequence[str]:
        """See `api.ports.BehaviourCharts`."""
        with _clickhouse("event types"):
            return self._events.event_types(limit)
