"""Tag changes to ClickHouse: `tag_values`, `tag_changes`, `users`. Run by `python -m jobs.sink_values`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import orjson

from jobs import dead_letters, sink_process
from jobs.sink import DeadLetter
from jobs.suppression import Suppressing, Tombstones
from jobs.tag_changes import decoded
from jobs.value_ages import ValueAges
from stores.clickhouse import ClickHouseClient, ClickHouseUnavailable, connect
from stores.erased_users import ErasedUsers
from stores.kafka_client import Producer
from stores.kafka_reader import Record
from stores.mysql import MySQLUnavailable
from stores.settings import Settings
from stores.user_numbers import UserNumbers
from tagging.changes import TagChange
from tagging.names import TAG_TOPIC_PATTERN

KNOWN_USERS = 1_000_000


class Change(NamedTuple):
    """A tag change and the partition that it came from."""

    change: TagChange
    partition: int


class ValueSink:
    """Gives every user a number, then writes each change to the history and each user's newest change to the values."""

    name = "sink_values"
    topics = (TAG_TOPIC_PATTERN,)
    away = (ClickHouseUnavailable, MySQLUnavailable)

    def __init__(self, store: ClickHouseClient, numbers: UserNumbers, ages: ValueAges | None = None) -> None:
        self._store = store
        self._ages = ages
        self._numbers = numbers
        self._written: set[int] = set()

    def open(self) -> None:
        """Create the tables where they are missing."""
        self._store.apply_schema()

    def decode(self, records: Sequence[Record]) -> tuple[list[Change], list[DeadLetter]]:
        """The changes in order of the log."""
        changes, dead = decoded(records)
        return [Change(change, record.partition) for record, change in changes], dead

    def write(self, batch: Sequence[Change], dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """Write users before the rows that name them."""
        numbers = self._numbers.numbers(item.change.user_id for item in batch)
        rows = self._write_users(numbers)
        if batch:
            rows += self._store.insert_columns("tag_changes", columns(batch, numbers))
            rows += self._store.insert_columns("tag_values", columns(newest(batch), numbers))
        if dead:
            rows += self._store.insert_columns("dead_letters", dead_letters.columns(dead))
        if batch and self._ages is not None:
            self._ages.note(item.change for item in batch)
        return {"clickhouse": rows}

    def users(self, batch: Sequence[Change]) -> Iterable[str]:
        """See `jobs.suppression.Suppressible`."""
        return (item.change.user_id for item in batch)

    def without(self, batch: Sequence[Change], users: AbstractSet[str]) -> tuple[Sequence[Change], int]:
        """See `jobs.suppression.Suppressible`. Before numbers are given: an erased user gets no new one."""
        kept = [item for item in batch if item.change.user_id not in users]
        return kept, len(batch) - len(kept)

    def _write_users(self, numbers: Mapping[str, int]) -> int:
        # Those that this process has written are left out; once more after a restart changes nothing.
        new = {user_id: number for user_id, number in numbers.items() if number not in self._written}
        if not new:
            return 0
        rows = self._store.insert_columns("users", {"user_no": list(new.values()), "user_id": list(new)})
        if len(self._written) + len(new) > KNOWN_USERS:
            self._written.clear()
        self._written.update(new.values())
        return rows


def newest(batch: Sequence[Change]) -> list[Change]:
    """Each user's newest change of each tag version."""
    found: dict[tuple[str, int, str], Change] = {}
    for item in batch:
        change = item.change
        held = found.get(change[:3])
        if held is None or held.change.offset <= change.offset:
            found[change[:3]] = item
    return list(found.values())


def columns(batch: Sequence[Change], numbers: Mapping[str, int]) -> Mapping[str, list[Any]]:
    """The changes as columns of `tag_values` and `tag_changes`."""
    changes = [item.change for item in batch]
    return {
        "tag": [change.tag for change in changes],
        "version": [change.version for change in changes],
        "user_no": [numbers[change.user_id] for change in changes],
        "user_id": [change.user_id for change in changes],
        "value": [orjson.dumps(change.value).decode() for change in changes],
        "number": [float(change.value) if type(change.value) in (int, float) else None for change in changes],
        "present": [change.value is not None for change in changes],
        "changed_at": [change.changed_at_ms for change in changes],
        "partition": [item.partition for item in batch],
        "offset": [change.offset for change in changes],
    }


def main() -> None:
    """Run the sink until SIGTERM."""

    def create(settings: Settings) -> Suppressing:
        store = connect(settings, patience_seconds=0)
        sink = ValueSink(store, UserNumbers(settings), ValueAges(store))
        # The one sink of tags that answers: it reads every tag's topic, once.
        answer = Tombstones(Producer(settings), lambda batch: (item.change for item in batch))
        return Suppressing(sink, ErasedUsers(settings), answer)

    sink_process.run(
        create,
        linger_seconds=lambda settings: settings.sinks.clickhouse_linger_seconds,
    )


if __name__ == "__main__":
    main()
