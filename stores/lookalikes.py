"""What lookalikes are learned from, in ClickHouse: samples of a crowd and of everyone else, with their tags as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from stores.bitmaps import CrowdBitmaps
from stores.clickhouse import ClickHouseClient
from tagging.bound_rules import BoundRule
from tagging.crowd_query import CrowdQuery
from tagging.crowds import EVERYONE, Not

_HASHES = 2**64
FILE = "clickhouse/models/lookalike_rows.sql"


@dataclass(frozen=True)
class Person:
    """A sampled user: whether of the seed, and the value of each asked tag that the user has."""

    user_id: str
    is_seed: bool
    features: Mapping[str, Any]


@dataclass(frozen=True)
class People:
    """Samples as of a generation of bitmaps. `seeds` and `others` count all, not the sampled."""

    generation: int
    seeds: int
    others: int
    sampled: Sequence[Person]


class LookalikePeople:
    """Every method raises ClickHouseUnavailable."""

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store
        self._bitmaps = CrowdBitmaps(store)

    def read(self, seed: BoundRule, tags: Mapping[str, int], most_of_each: int) -> People:
        """About `most_of_each` of the seed and as many others, all where there are no more. `tags`: tag -> version.

        The tags are read after the bitmaps, so that a value may be some seconds newer than the membership.
        """
        generation = self._bitmaps.newest().number
        sizes = self._bitmaps.sizes(seed.rule, EVERYONE, seed.versions, generation)
        query = CrowdQuery(seed.versions)
        expressions = {"crowd": query.expression(seed.rule), "others": query.expression(Not(seed.rule))}
        query.parameters |= {"tags": list(tags), "versions": list(tags.values())}
        query.parameters |= {"seeds_up_to": _up_to(sizes["crowd_users"], most_of_each)}
        query.parameters |= {"others_up_to": _up_to(sizes["rest_users"], most_of_each)}
        rows = self._store.query_text(FILE, *self._bitmaps.composed(FILE, query, generation, **expressions))
        sampled = [
            Person(row["user_id"], bool(row["is_seed"]), {tag: orjson.loads(value) for tag, value in row["features"]})
            for row in rows
        ]
        return People(generation, sizes["crowd_users"], sizes["rest_users"], sampled)


def _up_to(users: int, most: int) -> int:
    """The highest hash of a sample of about `most` users."""
    return _HASHES - 1 if users <= most else _HASHES * most // users - 1
