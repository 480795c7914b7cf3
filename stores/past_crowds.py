"""Crowds as they were: members of a rule at a past time, from the history of tag changes and the log of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sql
from stores.bitmaps import BITS_OF_BUCKET, points_of
from stores.clickhouse import ClickHouseClient
from tagging.bound_rules import BoundRule
from tagging.crowd_query import CrowdQuery

OPERANDS = "clickhouse/crowds/operands_at.sql"
EVERYONE = "clickhouse/crowds/everyone_at.sql"
SETTINGS = "clickhouse/crowds/past_settings.sql"


class PastCrowds:
    """Questions about rules at a time, epoch ms. `live`: the versions of all live tags, by which it is told who was a user.

    Every method raises ClickHouseUnavailable.
    """

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store

    def known_from(self, versions: Mapping[str, int]) -> dict[str, int]:
        """tag -> when the history of its version begins. A version that no user ever had a value of is left out."""
        rows = self._store.query("clickhouse/crowds/known_from.sql", {"asked": list(versions.items())})
        return {row["tag"]: row["known_from_ms"] for row in rows}

    def user_known_from(self, user_id: str, live: Mapping[str, int]) -> int | None:
        """When a user had a value for the first time."""
        parameters = {"asked": list(live.items()), "user": user_id}
        return self._store.query("clickhouse/crowds/user_known_from.sql", parameters)[0]["known_from_ms"]

    def count(self, bound: BoundRule, live: Mapping[str, int], at_ms: int) -> int:
        """How many users the rule took."""
        return self._ask("count", bound, live, at_ms)[0]["users"]

    def members(
        self, bound: BoundRule, live: Mapping[str, int], at_ms: int, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """(number, id) of at most `limit` users with a number above `after`, by number."""
        rows = self._ask("members", bound, live, at_ms, after=after, limit=limit)
        return [(row["user_no"], row["user_id"]) for row in rows]

    def _ask(
        self, name: str, bound: BoundRule, live: Mapping[str, int], at_ms: int, after: int = 0, limit: int = 0
    ) -> list[dict[str, Any]]:
        query = CrowdQuery(bound.versions)
        crowd = query.expression(bound.rule)
        more, values = points_of(query, at_ms, self._cut(at_ms) if query.behaviours else {})
        if query.asks_for_everyone:
            more = sql.text(EVERYONE) + more
        text = query.text(sql.text(f"clickhouse/crowds/{name}.sql"), sql.text(OPERANDS), more, crowd=crowd)
        parameters = {**query.parameters, **values, "asked": list(bound.versions.items()), "live": list(live.items())}
        parameters |= {"at_ms": at_ms, "first_bucket": (after + 1) >> BITS_OF_BUCKET, "after": after, "limit": limit}
        return self._store.query_text(OPERANDS, text + sql.text(SETTINGS), parameters)

    def _cut(self, at_ms: int) -> Mapping[int, int]:
        return self._store.query("clickhouse/crowds/cut_at.sql", {"at_ms": at_ms})[0]["places"]
