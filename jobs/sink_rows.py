"""Row changes, ticks and identities to ClickHouse, where one user's can be found. Run by `python -m jobs.sink_rows`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import orjson

from jobs import dead_letters, sink_process
from jobs.sink import DeadLetter
from jobs.suppression import Suppressing, suppressing
from stores.clickhouse import ClickHouseClient, ClickHouseUnavailable, connect
from stores.erased_rows import names_user
from stores.kafka_reader import Record
from stores.settings import Settings
from tagging.events import Reason
from tagging.identity import Identity, NotAnIdentity, read_identity
from tagging.names import CLOCK_TOPIC, IDENTITIES_TOPIC, cdc_topic
from tagging.row_changes import NotARowChange, RowChange, decode, looked_up_by
from tagging.sources import CATALOG, EVENTS, Source


class Batch(NamedTuple):
    """Row changes and identities, each with its record, and the time of the first tick of each minute."""

    changes: Sequence[tuple[RowChange, Record]]
    ticks: Mapping[int, int]
    identities: Sequence[tuple[Identity, Record]] = ()


class RowSink:
    """Keeps every row change; a row's changes are in one partition, so that offsets order them."""

    name = "sink_rows"
    away = (ClickHouseUnavailable,)

    def __init__(self, store: ClickHouseClient, shop_database: str, cdc_format: str) -> None:
        self._store = store
        self._cdc_format = cdc_format
        tables = [source for source in CATALOG.values() if source is not EVENTS]
        self._sources: Mapping[str, Source] = {cdc_topic(source.name, shop_database): source for source in tables}
        self.topics = (*self._sources, CLOCK_TOPIC, IDENTITIES_TOPIC)

    def open(self) -> None:
        """Create the tables where they are missing."""
        self._store.apply_schema()

    def decode(self, records: Sequence[Record]) -> tuple[Batch, list[DeadLetter]]:
        """The changes in order of the log."""
        changes: list[tuple[RowChange, Record]] = []
        ticks: dict[int, int] = {}
        identities: list[tuple[Identity, Record]] = []
        dead: list[DeadLetter] = []
        for record in records:
            try:
                if record.topic == CLOCK_TOPIC:
                    minute = _minute(record.value)
                    ticks[minute] = min(ticks.get(minute, record.timestamp_ms), record.timestamp_ms)
                elif record.topic == IDENTITIES_TOPIC:
                    identities.append((read_identity(record.value or b""), record))
                else:
                    source = self._sources[record.topic]
                    found = decode(record.value, source, self._cdc_format, record.timestamp_ms)
                    changes += ((change, record) for change in found)
            except (NotARowChange, NotAnIdentity) as error:
                dead.append(DeadLetter(record, Reason.MALFORMED, str(error)))
        return Batch(changes, ticks, identities), dead

    def write(self, batch: Batch, dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """Write what rows are found by before the rows, ticks last: whoever sees a tick sees what was logged before it."""
        lookups = lookup_columns(change for change, _ in batch.changes)
        written = self._store.insert_columns("row_lookups", lookups)
        written += self._store.insert_columns("row_changes", columns(batch.changes))
        if dead:
            written += self._store.insert_columns("dead_letters", dead_letters.columns(dead))
        written += self._store.insert_columns("identities", identity_columns(batch.identities))
        ticks = {"minute": list(batch.ticks), "ticked_at": list(batch.ticks.values())}
        written += self._store.insert_columns("clock_ticks", ticks)
        return {"clickhouse": written}

    def users(self, batch: Batch) -> Iterable[str]:
        """See `jobs.suppression.Suppressible`: whom a row or an identity names."""
        yield from (name for change, _ in batch.changes for name in _named_by(change))
        yield from (name for each, _ in batch.identities for name in (each.user_id, each.canonical))

    def without(self, batch: Batch, users: AbstractSet[str]) -> tuple[Batch, int]:
        """See `jobs.suppression.Suppressible`. A row that names an erased user is left out, whoever else it names."""
        kept = [item for item in batch.changes if users.isdisjoint(_named_by(item[0]))]
        people = [item for item in batch.identities if users.isdisjoint((item[0].user_id, item[0].canonical))]
        left_out = len(batch.changes) - len(kept) + len(batch.identities) - len(people)
        return Batch(kept, batch.ticks, people), left_out


def _named_by(change: RowChange) -> list[str]:
    source = CATALOG[change.source]
    named = [(source.key, change.key), *looked_up_by(change, source)]
    return [value for column, value in named if names_user(change.source, column)]


def _minute(message: bytes | None) -> int:
    try:
        return int(orjson.loads(message or b"")["minute"])
    except (ValueError, TypeError, KeyError) as error:
        raise NotARowChange(f'a tick is {{"minute": int, "shard": int}}, got {str(message)[:80]}') from error


def identity_columns(identities: Sequence[tuple[Identity, Record]]) -> Mapping[str, list[Any]]:
    """The identities as columns of the table."""
    return {
        "user_id": [each.user_id for each, _ in identities],
        "change": [each.change for each, _ in identities],
        "canonical": [each.canonical for each, _ in identities],
        "logged_at": [record.timestamp_ms for _, record in identities],
    }


def columns(changes: Sequence[tuple[RowChange, Record]]) -> Mapping[str, list[Any]]:
    """The changes as columns of `row_changes`."""
    return {
        "source": [change.source for change, _ in changes],
        "key": [change.key for change, _ in changes],
        "row": [orjson.dumps(change.row).decode() for change, _ in changes],
        "deleted": [change.deleted for change, _ in changes],
        "changed_at": [change.changed_at_ms for change, _ in changes],
        "logged_at": [record.timestamp_ms for _, record in changes],
        "partition": [record.partition for _, record in changes],
        "offset": [record.offset for _, record in changes],
        "place": [change.place for change, _ in changes],
    }


def lookup_columns(changes: Iterable[RowChange]) -> Mapping[str, list[str]]:
    """What the changes' rows are found by, each once, as columns of `row_lookups`."""
    found = {
        (change.source, column, value, change.key): None
        for change in changes
        for column, value in looked_up_by(change, CATALOG[change.source])
    }
    rows = list(zip(*found, strict=True)) or [(), (), (), ()]
    return dict(zip(("source", "column", "value", "key"), map(list, rows), strict=True))


def _create(settings: Settings) -> Suppressing:
    store = connect(settings, patience_seconds=0)
    return suppressing(RowSink(store, settings.mysql.shop_database, settings.cdc_format), settings)


def main() -> None:
    """Run the sink until SIGTERM."""
    sink_process.run(_create, linger_seconds=lambda settings: settings.sinks.clickhouse_linger_seconds)


if __name__ == "__main__":
    main()
