"""Users, tag statistics and activity from ClickHouse, by the named queries of sql/clickhouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from api.health_ports import Activity, Freshness
from api.ports import Bin, Coverage, Member, NumberedUser, Unavailable, ValueCount
from api.times import Clock, now_ms
from stores import logs
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable, connect
from stores.settings import Settings

ANSWER_SECONDS = 10.0
PATIENCE_SECONDS = 0.3
"""A connection that broke while it lay idle is tried anew; a server that is away is said to be away."""
SECONDS_OF_RATES = 60
MINUTES = 60
log = logs.get("api.clickhouse")


class Queries:
    """Named queries, and failures as the API's ports name them."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._client = connect(settings, answer_seconds, PATIENCE_SECONDS)

    def rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of sql/clickhouse/<name>.sql. Raises Unavailable."""
        try:
            return self._client.query(f"clickhouse/{name}.sql", parameters)
        except ClickHouseUnavailable as error:
            raise Unavailable("clickhouse", str(error)) from error
        except ClickHouseRefused as error:
            # What it says quotes the query: for the log, not for the client.
            log.error("query_refused", query=name, reason=str(error))
            raise Unavailable("clickhouse", f"the query {name} was refused; the server's log says why") from error


class ClickHouseUsers:
    """Users in order of id."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def search(self, prefix: str, after: str, limit: int) -> Sequence[NumberedUser]:
        """See `api.ports.UserList`."""
        rows = self._queries.rows("users_search", prefix=prefix, after=after, limit=limit)
        return [NumberedUser(row["user_id"], row["user_no"]) for row in rows]

    def total(self) -> int:
        """See `api.ports.UserList`."""
        return self._queries.rows("users_total")[0]["users"]


class ClickHouseStatistics:
    """Counts over `tag_values`, whose values are JSON text."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def coverage(self) -> Mapping[tuple[str, int], Coverage]:
        """See `api.ports.TagStatistics`."""
        return {
            (row["tag"], row["version"]): Coverage(row["users"], row["last_changed_at_ms"])
            for row in self._queries.rows("tag_coverage")
        }

    def distribution(self, tag: str, version: int, limit: int) -> Sequence[ValueCount]:
        """See `api.ports.TagStatistics`."""
        rows = self._queries.rows("tag_distribution", tag=tag, version=version, limit=limit)
        return [ValueCount(orjson.loads(row["value"]), row["users"]) for row in rows]

    def histogram(self, tag: str, version: int, bins: int) -> Sequence[Bin]:
        """See `api.ports.TagStatistics`."""
        rows = self._queries.rows("tag_histogram", tag=tag, version=version, bins=bins)
        return [Bin(row["low"], row["high"], row["users"]) for row in rows]

    def members(self, tag: str, version: int, value: Any | None, after: int, limit: int) -> Sequence[Member]:
        """See `api.ports.TagStatistics`."""
        page = {"tag": tag, "version": version, "after": after, "limit": limit}
        if value is None:
            rows = self._queries.rows("tag_users_page", **page)
        else:
            rows = self._queries.rows("tag_users_page_of_value", **page, value=orjson.dumps(value).decode())
        return [
            Member(row["user_id"], row["user_no"], orjson.loads(row["value"]), row["changed_at_ms"]) for row in rows
        ]


class ClickHouseActivities:
    """What was stored, and how fast."""

    def __init__(self, queries: Queries, clock: Clock = now_ms) -> None:
        self._queries = queries
        self._clock = clock

    def read(self) -> Activity:
        """See `api.ports.Activities`."""
        at_ms = self._clock()
        totals = self._queries.rows("overview", now_ms=at_ms)[0]
        minutes = self._queries.rows("events_per_minute", now_ms=at_ms, minutes=MINUTES)
        return Activity(
            events_total=totals["events_total"],
            dead_letters_total=totals["dead_letters_total"],
            events_per_second=totals["events_last_minute"] / SECONDS_OF_RATES,
            tag_changes_per_second=totals["tag_changes_last_minute"] / SECONDS_OF_RATES,
            events_by_minute=[(row["minute"], row["events"]) for row in minutes],
            freshness=self._freshness(at_ms),
        )

    def _freshness(self, at_ms: int) -> Freshness:
        found = self._queries.rows("freshness", now_ms=at_ms)[0]
        if not found["changes"]:
            return Freshness(0, None, None)
        return Freshness(found["changes"], int(found["p50_ms"]), int(found["p99_ms"]))
