"""Features of models in ClickHouse: as of moments of the past, and now; and what happened after each moment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from stores.clickhouse import ClickHouseClient
from tagging.compiler import CompiledTag
from tagging.sampling import Sample
from tagging.windows import MINUTE_MS

DAY_MS = 24 * 60 * 60 * 1000
BATCH_ROWS = 200_000


@dataclass(frozen=True)
class Labelled:
    """A user who was there at a moment: whether the event came, and its property ("" where it did not)."""

    user_id: str
    happened: bool
    next_value: str


class FeatureStore:
    """Every method raises ClickHouseUnavailable."""

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store

    def moments(self, tag: CompiledTag, sample: Sample) -> frozenset[int]:
        """The moments (epoch ms) whose values of a tag version are all there, for this sample of the users."""
        rows = self._store.query("clickhouse/models/moments.sql", _key(tag, sample))
        return frozenset(row["as_of_ms"] for row in rows)

    def keep(
        self, tag: CompiledTag, sample: Sample, as_of_ms: int, values: Iterable[tuple[str, Any]], taken_at_ms: int
    ) -> int:
        """Write all values of a tag version as of a moment, then that they are all there; how many there are."""
        key = _key(tag, sample)
        users = 0
        for batch in _batches(values):
            ids, found = zip(*batch, strict=True)
            count = len(ids)
            constant = {name: [value] * count for name, value in key.items()}
            columns = {**constant, "as_of": [as_of_ms] * count, "user_id": list(ids)}
            columns["value"] = [orjson.dumps(value).decode() for value in found]
            users += self._store.insert_columns("feature_values", columns)
        moment = {name: [value] for name, value in key.items()}
        self._store.insert_columns(
            "feature_moments", {**moment, "as_of": [as_of_ms], "users": [users], "taken_at": [taken_at_ms]}
        )
        return users

    def values(self, tag: CompiledTag, sample: Sample, as_of_ms: int) -> Mapping[str, Any]:
        """user_id -> value as of a moment that was kept."""
        rows = self._store.query("clickhouse/models/feature_values.sql", {**_key(tag, sample), "as_of_ms": as_of_ms})
        return {row["user_id"]: orjson.loads(row["value"]) for row in rows}

    def labels(
        self, at_ms: int, active_days: int, horizon_days: int, event_type: str, value_property: str, sample: Sample
    ) -> Sequence[Labelled]:
        """Users with an event in the days before `at_ms`, and what they did within the horizon after it, by id."""
        rows = self._store.query(
            "clickhouse/models/labels.sql",
            {
                "at_ms": at_ms,
                "active_from_ms": at_ms - active_days * DAY_MS,
                "until_ms": at_ms + horizon_days * DAY_MS,
                "event_type": event_type,
                "property": value_property,
                "below": _below(sample),
            },
        )
        return [Labelled(row["user_id"], bool(row["happened"]), row["next_value"] or "") for row in rows]

    def first_event_ms(self) -> int | None:
        """When the first event occurred, None before there is one."""
        return self._store.query("clickhouse/models/first_event.sql")[0]["first_ms"]

    def newest_tick_ms(self) -> int | None:
        """The newest tick: "now" for the log. None before there is one."""
        minute = self._store.query("clickhouse/models/newest_tick.sql")[0]["minute"]
        return None if minute is None else minute * MINUTE_MS

    def current(self, versions: Mapping[str, int], from_no: int, to_no: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """(user_id, tag -> value now) of the users with numbers from `from_no` up to `to_no`, who have any of these tags."""
        rows = self._store.query(
            "clickhouse/models/current_values.sql",
            {"tags": list(versions), "versions": list(versions.values()), "from_no": from_no, "to_no": to_no},
        )
        return [(row["user_id"], {tag: orjson.loads(value) for tag, value in row["features"]}) for row in rows]


def checksum(tag: CompiledTag) -> str:
    """What a tag version computes, as a hash: files may change their text under the same number."""
    return hashlib.sha256(tag.query.encode()).hexdigest()


def _below(sample: Sample) -> str:
    return "" if sample.is_everyone else sample.below


def _key(tag: CompiledTag, sample: Sample) -> dict[str, Any]:
    definition = tag.definition
    return {
        "tag": definition.name,
        "version": definition.version,
        "checksum": checksum(tag),
        "sample": _below(sample),
    }


def _batches(values: Iterable[tuple[str, Any]]) -> Iterable[list[tuple[str, Any]]]:
    batch: list[tuple[str, Any]] = []
    for value in values:
        batch.append(value)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
