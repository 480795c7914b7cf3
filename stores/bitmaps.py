"""Crowds counted and listed in ClickHouse, over one whole generation of bitmaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sql
from stores.behaviour import point_text
from stores.clickhouse import ClickHouseClient
from tagging.behaviour_parameters import of_point
from tagging.crowd_query import CrowdQuery
from tagging.crowds import Rule

OPERANDS = "clickhouse/crowds/operands.sql"
BEHAVIOUR = "clickhouse/crowds/behaviour.sql"
BEHAVIOUR_SETTINGS = "clickhouse/crowds/behaviour_settings.sql"
BITS_OF_BUCKET = 20
BANDS = 10
MOST_VALUES = 20


@dataclass(frozen=True)
class Generation:
    """One published state of all bitmaps. `number` is 0 before the first."""

    number: int
    built_at_ms: int


class CrowdBitmaps:
    """Questions about crowds. Rules must be expanded, and name only tags of `versions` (the live ones).

    Every method raises ClickHouseUnavailable. Answers of the same generation agree with each other.
    """

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store

    def newest(self) -> Generation:
        """The generation that was published last."""
        row = self._store.query("clickhouse/bitmaps/published.sql")[0]
        return Generation(row["generation"], row["built_at_ms"])

    def count(self, rule: Rule, versions: Mapping[str, int], generation: int) -> int:
        """How many users the crowd has."""
        query = CrowdQuery(versions)
        return self._ask("count", query, generation, crowd=query.expression(rule))[0]["users"]

    def members(
        self, rule: Rule, versions: Mapping[str, int], generation: int, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """(number, id) of at most `limit` members with a number above `after`, by number."""
        query = CrowdQuery(versions)
        crowd = query.expression(rule)
        query.parameters.update({"after": after, "limit": limit})
        first_bucket = (after + 1) >> BITS_OF_BUCKET
        rows = self._ask("members", query, generation, first_bucket, crowd=crowd)
        return [(row["user_no"], row["user_id"]) for row in rows]

    def keep(self, crowd: str, rule: Rule, versions: Mapping[str, int], generation: int, build: int) -> None:
        """Write the members of a saved crowd into `crowd_bitmaps`, for the views. It may be done twice."""
        query = CrowdQuery(versions)
        expression = query.expression(rule)
        query.parameters.update({"crowd": crowd, "build": build})
        file = "clickhouse/crowds/keep.sql"
        self._store.command_text(file, *self.composed(file, query, generation, crowd=expression))

    def sizes(self, rule: Rule, base: Rule, versions: Mapping[str, int], generation: int) -> dict[str, int]:
        """`crowd_users`, `base_users`, and `rest_users`: those of the base outside the crowd."""
        query = CrowdQuery(versions)
        return self._ask("sizes", query, generation, crowd=query.expression(rule), base=query.expression(base))[0]

    def portrait(
        self, rule: Rule, base: Rule, versions: Mapping[str, int], numeric: Sequence[str], generation: int
    ) -> list[dict[str, Any]]:
        """The same three counts by tag and value, or band of numbers, as sql/clickhouse/crowds/portrait.sql orders them."""
        query = CrowdQuery(versions)
        crowd, base_bitmap = query.expression(rule), query.expression(base)
        query.parameters.update(
            {"tags": list(versions.items()), "numeric": list(numeric), "bands": BANDS, "most": MOST_VALUES}
        )
        return self._ask("portrait", query, generation, crowd=crowd, base=base_bitmap)

    def overlap(
        self, rules: Sequence[Rule], base: Rule, versions: Mapping[str, int], generation: int
    ) -> tuple[list[list[int]], int]:
        """Users of the base that are in each two crowds, on the diagonal in the one, and all users of the base. One query."""
        query = CrowdQuery(versions)
        crowds = ", ".join(query.expression(rule) for rule in rules)
        row = self._ask("overlap", query, generation, crowds=crowds, base=query.expression(base))[0]
        # Without a single bucket there is no row of counts to add up.
        counts = iter(row["pairs"] or [0] * (len(rules) * (len(rules) + 1) // 2))
        together = [[0] * len(rules) for _ in rules]
        for place in range(len(rules)):
            for other in range(place, len(rules)):
                together[place][other] = together[other][place] = next(counts)
        return together, row["base_users"]

    def store(self, rule: Rule, versions: Mapping[str, int], generation: int, snapshot: str) -> None:
        """Keep the crowd's users under a snapshot's id. Again with the same generation it changes nothing."""
        query = CrowdQuery(versions)
        crowd = query.expression(rule)
        query.parameters["snapshot"] = snapshot
        file = "clickhouse/snapshots/write.sql"
        self._store.command_text(file, *self.composed(file, query, generation, crowd=crowd))

    def composed(
        self, file: str, query: CrowdQuery, generation: int, first_bucket: int = 0, **expressions: str
    ) -> tuple[str, dict[str, Any]]:
        """A file's text over the bitmaps of a generation, and the values bound to it. The expressions are `query`'s own."""
        behaviours, bound = self._behaviours(query, generation)
        text = query.text(sql.text(file), sql.text(OPERANDS), behaviours, **expressions)
        if behaviours:
            text += sql.text(BEHAVIOUR_SETTINGS)
        return text, {**query.parameters, **bound, "generation": generation, "first_bucket": first_bucket}

    def _ask(
        self, name: str, query: CrowdQuery, generation: int, first_bucket: int = 0, **expressions: str
    ) -> list[dict[str, Any]]:
        file = f"clickhouse/crowds/{name}.sql"
        return self._store.query_text(file, *self.composed(file, query, generation, first_bucket, **expressions))

    def _behaviours(self, query: CrowdQuery, generation: int) -> tuple[str, dict[str, Any]]:
        """The texts of the points of charts that a rule names, and their values: as of the generation, whose number is its time."""
        if not query.behaviours:
            return "", {}
        cut = self._store.query("clickhouse/crowds/cut.sql", {"generation": generation})[0]["places"]
        return points_of(query, generation, cut)


def points_of(query: CrowdQuery, now_ms: int, cut: Mapping[int, int]) -> tuple[str, dict[str, Any]]:
    """The texts of the points of charts that a rule names, and their values, at a time and up to these places of the log."""
    texts: list[str] = []
    bound: dict[str, Any] = {}
    for point, version in query.behaviours.items():
        values = {**of_point(point, now_ms, cut), "version": version}
        bound |= {f"{name}_of_{version}": value for name, value in values.items()}
        texts.append(point_text(point, sql.text(BEHAVIOUR), version))
    return "\n".join(texts), bound
