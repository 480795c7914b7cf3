"""The users of snapshots in ClickHouse, one bitmap a bucket."""

from __future__ import annotations

from typing import Any, Literal

from stores.bitmaps import BITS_OF_BUCKET, CrowdBitmaps, Generation
from stores.clickhouse import ClickHouseClient
from tagging.bound_rules import BoundRule

Group = Literal["joined", "left", "stayed"]
Kept = tuple[str, int]
"""A snapshot's id, and the generation that it is as of."""


class SnapshotUsers:
    """Who was in which snapshot. Every method raises ClickHouseUnavailable."""

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store
        self._bitmaps = CrowdBitmaps(store)

    def newest(self) -> Generation:
        """What a snapshot that is made now is as of."""
        return self._bitmaps.newest()

    def tick(self, at_ms: int) -> int | None:
        """The clock's newest tick at a time, epoch minutes."""
        return self._store.query("clickhouse/history/newest_tick.sql", {"at_ms": at_ms})[0]["minute"]

    def keep(self, id: str, bound: BoundRule, generation: int) -> int:
        """Write a snapshot's users; how many there are. Again with the same generation it changes nothing."""
        self._bitmaps.store(bound.rule, bound.versions, generation, id)
        parameters = {"snapshot": id, "generation": generation}
        return self._store.query("clickhouse/snapshots/count.sql", parameters)[0]["users"]

    def remove(self, id: str) -> None:
        """Remove a snapshot's users."""
        self._store.command("clickhouse/snapshots/remove.sql", {"snapshot": id})

    def members(self, kept: Kept, after: int, limit: int) -> list[tuple[int, str]]:
        """(number, id) of at most `limit` users with a number above `after`, by number."""
        return self._page("members", {"snapshot": kept[0], "generation": kept[1]}, after, limit)

    def compare(self, earlier: Kept, later: Kept) -> dict[Group, int]:
        """How many joined, left and stayed."""
        row = self._store.query("clickhouse/snapshots/compare.sql", _pair(earlier, later))[0]
        return {"joined": row["joined"], "left": row["gone"], "stayed": row["stayed"]}

    def compared(self, earlier: Kept, later: Kept, group: Group, after: int, limit: int) -> list[tuple[int, str]]:
        """The users of one of these groups, as `members` tells them."""
        return self._page("compared_members", {**_pair(earlier, later), "kind": group}, after, limit)

    def _page(self, name: str, parameters: dict[str, Any], after: int, limit: int) -> list[tuple[int, str]]:
        page = {"after": after, "limit": limit, "first_bucket": (after + 1) >> BITS_OF_BUCKET}
        rows = self._store.query(f"clickhouse/snapshots/{name}.sql", parameters | page)
        return [(row["user_no"], row["user_id"]) for row in rows]


def _pair(earlier: Kept, later: Kept) -> dict[str, Any]:
    return {
        "earlier": earlier[0],
        "earlier_generation": earlier[1],
        "later": later[0],
        "later_generation": later[1],
    }
