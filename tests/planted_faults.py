"""A log with planted faults, and the stores that come of it: for tests that look for what is wrong and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from jobs.sink_profile import ProfileSink
from jobs.sink_values import ValueSink
from stores.kafka_reader import Record
from tagging.names import IDENTITIES_TOPIC, tag_topic
from tagging.sources import CATALOG
from tests.fakes.memory_stores import MemoryNumbers, MemoryProfiles
from tests.parity_sides import tag
from tests.shop_history import DAY_MS, MINUTE_MS, History

NOW = 29_500_020
NOW_MS = NOW * MINUTE_MS
BARRIER_MS = NOW_MS + 60_000
"""The log was cut a minute after its last message."""

VIEWS = tag(
    "views", 2, "integer",
    "SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR, INTERVAL '20' MINUTE) GROUP BY user_id",
)  # fmt: skip
NEWEST = tag(
    "newest", 1, "string",
    "SELECT user_id, event_type AS value FROM LAST(events, INTERVAL '1' HOUR, INTERVAL '20' MINUTE) "
    "QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY occurred_at DESC, event_id) = 1",
)  # fmt: skip
LOYAL = tag(
    "loyal", 1, "boolean",
    "SELECT user_id, COUNT(*) >= 2 AS value FROM LAST(events, INTERVAL '30' DAY) GROUP BY user_id",
)  # fmt: skip
STATUS = tag(
    "status", 1, "string",
    "SELECT user_id, status AS value FROM orders QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY order_id) = 1",
)  # fmt: skip
TAGS = (VIEWS, NEWEST, LOYAL, STATUS)


class Logged:
    """A message as the log gives it out."""

    def __init__(self, key: str, value: Any, partition: int, offset: int, at_ms: int) -> None:
        self._held = (key.encode(), None if value is None else orjson.dumps(value), partition, offset, (1, at_ms))

    def key(self):
        return self._held[0]

    def value(self):
        return self._held[1]

    def partition(self):
        return self._held[2]

    def offset(self):
        return self._held[3]

    def timestamp(self):
        return self._held[4]


def history(fault: bool) -> History:
    """Users who are each named for what happens to them. With `fault`, as the stream takes it for."""
    log, ago = History(NOW - 60, NOW), lambda minutes: NOW_MS - minutes * MINUTE_MS
    for user in ("plain", "overwritten", "lost", "stale", "other_version", "other_type", "unexplained"):
        for number in range(3):
            log.event(f"{user}{number}", user, "view", ago(30 - number))
    for number in range(4):
        log.event(f"in_time{number}", "late_dropped", "view", ago(40 - number))
    if not fault:
        log.event("dropped", "late_dropped", "view", ago(20), logged_at=ago(2))
    log.event("only", "late_lost", "view", ago(35), logged_at=ago(5))
    if fault:
        log.rows["events"] = [row for row in log.rows["events"] if row["event_id"] != "only"]
    log.event("here", "gone_counted", "view", ago(10))
    log.event("gone", "gone_counted", "view", ago(5 if fault else 200), logged_at=ago(1))
    log.event("twice", "copied", "view", ago(15))
    log.event("again" if fault else "twice", "copied", "view", ago(15), logged_at=ago(14))
    log.event("long_ago", "forgotten", "view", ago(15) - 9 * DAY_MS, logged_at=ago(15) - 9 * DAY_MS)
    log.event("new" if fault else "long_ago", "forgotten", "view", ago(15) - 9 * DAY_MS, logged_at=ago(15))
    log.event("b" if fault else "a", "tied", "cart", ago(12))
    log.event("a" if fault else "b", "tied", "view", ago(12))
    order = {"order_id": "o1", "user_id": "reordered"}
    changes = [("c", order | {"status": "paid"}), ("u", order | {"status": "refunded"})]
    for op, row in reversed(changes) if not fault else changes:
        log.change("orders", op, row)
    gone = {"order_id": "o2", "user_id": "undeleted", "status": "paid"}
    for op in ("d", "c") if fault else ("c", "d"):
        log.change("orders", op, gone)
    log.change("orders", "c", {"order_id": "o3", "user_id": "settled", "status": "paid"})
    return log


def written_at(row: Mapping[str, Any], position: int) -> int:
    """Where the database's own log has a row change: `reordered`'s came the wrong way round, the others' as they lie here."""
    return -position if row["user_id"] == "reordered" else position


def messages(log: History, source: str) -> list[Logged]:
    """A source's topic."""
    found = []
    for position, row in enumerate(log.rows[source]):
        columns = {name: row[name] for name in CATALOG[source].columns}
        partition = 0
        if source != "events":
            at = {"file": "binlog.000007", "pos": 1_000 + written_at(row, position), "row": 0}
            partition = position % 2 if row["user_id"] == "undeleted" else 0
            columns = {"before": columns, "after": None if row["op"] == "d" else columns, "op": row["op"], "source": at}
        found.append(Logged(row["user_id"], columns, partition, row["offset"], row["logged_at"]))
    return found


class World:
    """The stores after the stream's mistakes and before the comparison."""

    def __init__(self, values: Mapping[str, Mapping[str, Any]], clickhouse) -> None:
        self.profiles, self.clickhouse = MemoryProfiles(), clickhouse
        self.topics: dict[str, list[Record]] = {}
        for item in TAGS:
            name, topic = item.definition.name, tag_topic(item.definition.name, item.definition.version)
            self.topics[topic] = []
            for user_id, value in values[name].items():
                self.say(topic, user_id, value)
        self.sinks = ProfileSink(self.profiles), ValueSink(clickhouse, MemoryNumbers())
        for sink in self.sinks:
            sink.open()

    def say(self, topic: str, user_id: str, value: Any, at_ms: int = NOW_MS) -> None:
        """Write a tag change to its topic."""
        text = None if value is None else orjson.dumps({"user_id": user_id, "value": value})
        records = self.topics.setdefault(topic, [])
        records.append(Record(topic, 0, len(records), user_id.encode(), text, at_ms))

    def sink(self, index: int, leave_out: tuple[str, ...] = ()) -> None:
        """Let one sink write what the topics hold, without these users' newest changes."""
        for records in self.topics.values():
            newest = {record.key: record.offset for record in records}
            kept = [r for r in records if r.key.decode() not in leave_out or r.offset < newest[r.key]]
            batch, dead = self.sinks[index].decode(kept)
            self.sinks[index].write(batch, dead)

    def read(self, topic, ends=None, last=None):
        if topic == "clock":
            return [Logged("", {"minute": NOW, "shard": 0}, 0, 0, NOW_MS)]
        if topic == IDENTITIES_TOPIC:
            # Nobody is merged.
            return []
        if topic in self.topics:
            return [_as_message(record) for record in self.topics[topic]]
        return messages(history(fault=False), topic.rpartition(".")[2])


def _as_message(record: Record) -> Logged:
    value = None if record.value is None else orjson.loads(record.value)
    return Logged(record.key.decode(), value, record.partition, record.offset, record.timestamp_ms)
