"""Behaviour events to ClickHouse, and what is no event to `dead_letters`. Run by `python -m jobs.sink_events`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from jobs import sink_process
from jobs.column_sink import Columns, ColumnSink
from jobs.sink import FRESHNESS_SAMPLES, DeadLetter
from jobs.suppression import suppressing
from stores import metrics
from stores.clickhouse import connect
from stores.kafka_reader import Record
from tagging.events import read_events
from tagging.names import EVENTS_TOPIC


class EventSink(ColumnSink):
    """Writes every event that the stream reads as well; the one place where the others are kept."""

    name = "sink_events"
    topics = (EVENTS_TOPIC,)
    table = "events"

    def decode(self, records: Sequence[Record]) -> tuple[Columns, list[DeadLetter]]:
        """The events as columns of `events`. A message is a list of events at times: its events share its place."""
        rows: list[tuple] = []
        dead: list[DeadLetter] = []
        for record in records:
            _, partition, offset, _, value, logged_at_ms = record
            events, refused = read_events(value, logged_at_ms)
            for event in events:
                rows.append((*event, logged_at_ms, partition, offset))
            if refused is not None:
                dead.append(DeadLetter(record, refused.reason, refused.detail))
        return dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}, dead

    def write(self, batch: Columns, dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """Write events, then dead letters."""
        written = super().write(batch, dead)
        occurred = batch.get("occurred_at", [])
        for at_ms in occurred[:: max(1, len(occurred) // FRESHNESS_SAMPLES)]:
            metrics.observe_age(self.name, time.time(), at_ms)
        return written


COLUMNS = (
    "event_id",
    "user_id",
    "event_type",
    "item_id",
    "properties",
    "occurred_at",
    "logged_at",
    "partition",
    "offset",
)


def main() -> None:
    """Run the sink until SIGTERM."""
    sink_process.run(
        lambda settings: suppressing(EventSink(connect(settings, patience_seconds=0)), settings),
        linger_seconds=lambda settings: settings.sinks.clickhouse_linger_seconds,
    )


if __name__ == "__main__":
    main()
