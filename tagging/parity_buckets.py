"""Comparing many users by few numbers: a digest for each bucket of users, and the buckets in which two sides differ.

Equal digests mean equal values; unequal ones only that somebody must look. The same digest is computed by ClickHouse in
sql/clickhouse/parity_digests.sql.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

BUCKETS = 256
"""As many as there are beginnings of an HBase row, so that a bucket is one range of rows."""

_WRAPS = 2**64


class Digest(NamedTuple):
    """A bucket's users that have a value: how many, and the sum of their rows' hashes modulo 2^64."""

    users: int
    total: int


Digests = dict[int, Digest]
"""bucket -> digest; a bucket without values is left out."""


def bucket_of(user_id: str) -> int:
    """The bucket of a user: the first byte of the hash that its HBase row begins with."""
    return hashlib.md5(user_id.encode(), usedforsecurity=False).digest()[0]


def row_hash(user_id: str, value_text: bytes) -> int:
    """The hash of a user's value, given as compact JSON. No user_id holds the byte between the two."""
    return int.from_bytes(
        hashlib.md5(user_id.encode() + b"\xff" + value_text, usedforsecurity=False).digest()[:8], "little"
    )


class Digesting:
    """Digests of rows that come one by one; nothing is kept of the rows."""

    def __init__(self) -> None:
        self.digests: Digests = {}

    def add(self, user_id: str, value: Any) -> None:
        """Count one user's value; None is no value. Each user comes once."""
        if value is None:
            return
        bucket = bucket_of(user_id)
        users, total = self.digests.get(bucket, (0, 0))
        self.digests[bucket] = Digest(users + 1, (total + row_hash(user_id, orjson.dumps(value))) % _WRAPS)


def digests_of(values: Iterable[tuple[str, Any]]) -> Digests:
    """The digests of users' values."""
    found = Digesting()
    for user_id, value in values:
        found.add(user_id, value)
    return found.digests


def differing(left: Mapping[int, Digest], right: Mapping[int, Digest]) -> frozenset[int]:
    """The buckets that may hold a user whose values differ."""
    return frozenset(bucket for bucket in left.keys() | right.keys() if left.get(bucket) != right.get(bucket))
