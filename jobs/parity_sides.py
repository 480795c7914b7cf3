"""The sides of a comparison: what batch recomputed, and what the stores hold. Each gives digests first, then single values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from stores.clickhouse import ClickHouseClient
from stores.hbase import ProfileStore
from tagging.compiler import CompiledTag
from tagging.parity import Stored
from tagging.parity_buckets import BUCKETS, Digest, Digesting, Digests, bucket_of

FEW_BUCKETS = BUCKETS // 8
"""Up to so many buckets of profiles are read one by one; of more, one scan of all is quicker."""

Buckets = Mapping[str, Collection[int]]
"""tag -> buckets of users."""


class Held(Protocol):
    """A store with tag values."""

    name: str

    def digests(self, tags: Sequence[CompiledTag]) -> dict[str, Digests]:
        """Of each tag by name."""

    def values(self, tags: Sequence[CompiledTag], buckets: Buckets) -> dict[str, dict[str, Stored]]:
        """tag -> user_id -> value of the users in these buckets, the absent ones too."""

    def other_versions(self, tag: CompiledTag, user_ids: Sequence[str]) -> Mapping[str, Mapping[int, Any]]:
        """user_id -> version -> value under the tag's other versions."""


class Batch:
    """The answers of a batch run. `read`: all of its messages, each time it is called."""

    def __init__(self, read: Callable[[], Iterable[bytes]]) -> None:
        self._read = read

    def digests(self) -> dict[str, Digests]:
        """Of each tag that any user has."""
        found: dict[str, Digesting] = {}
        for message in self._read():
            row = orjson.loads(message)
            found.setdefault(row["tag"], Digesting()).add(row["user_id"], row["value"])
        return {tag: digesting.digests for tag, digesting in found.items()}

    def values(self, buckets: Buckets) -> dict[str, dict[str, Any]]:
        """tag -> user_id -> value of the users in these buckets."""
        found: dict[str, dict[str, Any]] = {}
        if not any(buckets.values()):
            return found
        for message in self._read():
            row = orjson.loads(message)
            if bucket_of(row["user_id"]) in buckets.get(row["tag"], ()):
                found.setdefault(row["tag"], {})[row["user_id"]] = row["value"]
        return found


class HBaseSide:
    """See `Held`. The profiles are scanned once for the digests of all tags."""

    name = "hbase"

    def __init__(self, store: ProfileStore) -> None:
        self._store = store

    def digests(self, tags: Sequence[CompiledTag]) -> dict[str, Digests]:
        """See `Held`."""
        found = {tag.definition.name: Digesting() for tag in tags}
        for user_id, cells in self._store.scan(_keys(tags)):
            for (name, _), cell in cells.items():
                found[name].add(user_id, cell.value)
        return {name: digesting.digests for name, digesting in found.items()}

    def values(self, tags: Sequence[CompiledTag], buckets: Buckets) -> dict[str, dict[str, Stored]]:
        """See `Held`."""
        found: dict[str, dict[str, Stored]] = {}
        wanted = {bucket for of_tag in buckets.values() for bucket in of_tag}
        keys = _keys([tag for tag in tags if buckets.get(tag.definition.name)])
        for part in sorted(wanted) if len(wanted) <= FEW_BUCKETS else (None,):
            for user_id, cells in self._store.scan(keys, bucket=part):
                bucket = bucket_of(user_id)
                for (name, _), cell in cells.items():
                    if bucket in buckets[name]:
                        found.setdefault(name, {})[user_id] = Stored(cell.value, cell.changed_at_ms, cell.offset)
        return found

    def other_versions(self, tag: CompiledTag, user_ids: Sequence[str]) -> Mapping[str, Mapping[int, Any]]:
        """See `Held`."""
        key = (tag.definition.name, tag.definition.version)
        return {
            user_id: {
                version: cell.value
                for (name, version), cell in cells.items()
                if name == key[0] and version != key[1] and cell.value is not None
            }
            for user_id, cells in self._store.profiles(user_ids).items()
        }


class ClickHouseSide:
    """See `Held`. The digests are computed in ClickHouse; only values that may differ leave it."""

    name = "clickhouse"

    def __init__(self, client: ClickHouseClient) -> None:
        self._client = client

    def digests(self, tags: Sequence[CompiledTag]) -> dict[str, Digests]:
        """See `Held`."""
        return {
            tag.definition.name: {
                row["bucket"]: Digest(row["users"], row["total"])
                for row in self._client.query("clickhouse/parity_digests.sql", _named(tag))
            }
            for tag in tags
        }

    def values(self, tags: Sequence[CompiledTag], buckets: Buckets) -> dict[str, dict[str, Stored]]:
        """See `Held`."""
        found: dict[str, dict[str, Stored]] = {}
        for tag in tags:
            wanted = sorted(buckets.get(tag.definition.name, ()))
            for row in self._rows("parity_values", tag, buckets=wanted) if wanted else ():
                value = orjson.loads(row["value"]) if row["present"] else None
                stored = Stored(value, row["changed_at_ms"], row["offset"])
                found.setdefault(tag.definition.name, {})[row["user_id"]] = stored
        return found

    def other_versions(self, tag: CompiledTag, user_ids: Sequence[str]) -> Mapping[str, Mapping[int, Any]]:
        """See `Held`."""
        found: dict[str, dict[int, Any]] = {user_id: {} for user_id in user_ids}
        for row in self._rows("parity_other_versions", tag, user_ids=list(user_ids)):
            found[row["user_id"]][row["version"]] = orjson.loads(row["value"])
        return found

    def _rows(self, name: str, tag: CompiledTag, **parameters: Any) -> list[dict[str, Any]]:
        return self._client.query(f"clickhouse/{name}.sql", _named(tag) | parameters)


def _named(tag: CompiledTag) -> dict[str, Any]:
    return {"tag": tag.definition.name, "version": tag.definition.version}


def _keys(tags: Sequence[CompiledTag]) -> list[tuple[str, int]]:
    return sorted((tag.definition.name, tag.definition.version) for tag in tags)
