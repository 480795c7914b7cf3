"""Tag values to bitmaps, seconds behind the stream. Run by `python -m jobs.bitmaps`.

A round finds the buckets of users (2^20 each) in which a tag's values changed, gathers their bitmaps under a generation that no
reader looks at yet, and publishes all of it with one insert. What a round has done is in ClickHouse alone: one that ends midway
has published nothing, and the next one does the same again. Run one process: while there are two, a generation that was begun
before another may be published after it.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from prometheus_client import Counter, Gauge

from jobs import process
from jobs.view_sources import ViewSources
from stores import logs, metrics
from stores.clickhouse import ClickHouseClient, ClickHouseUnavailable, connect
from stores.crowds import CrowdTable
from stores.registry.store import TagRegistry

ROUND_SECONDS = 1.0
ANSWER_SECONDS = 5.0
"""MySQL's time for the views' sources: bitmaps don't wait longer for it."""
FORGET_EVERY_SECONDS = 60.0
KEPT_SECONDS = 900
"""A replaced generation stays this long for those who still read it; an export of a crowd must end within."""
EVERYONE = ("", 0)
"""The tag and version whose one bitmap holds all users."""

BUCKETS = Counter("tagstream_bitmap_buckets_total", "Buckets of tag versions gathered into bitmaps")
GENERATION = Gauge("tagstream_bitmap_generation", "The newest generation of bitmaps published")
ROUND = Gauge("tagstream_bitmap_round_seconds", "Seconds the last round with changes took")
log = logs.get("jobs.bitmaps")


class Bitmaps:
    """The rounds over one store. `now` gives epoch seconds."""

    def __init__(self, store: ClickHouseClient, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def open(self) -> None:
        """Create the tables where they are missing, and look through the stored values once."""
        self._store.apply_schema()
        self._store.command("clickhouse/bitmaps/fill_places.sql")
        self._store.command("clickhouse/bitmaps/fill_event_places.sql")

    def round(self) -> int:
        """Rebuild what changed and publish it; returns the number of buckets of tag versions. Raises ClickHouseUnavailable."""
        dirty: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for row in self._store.query("clickhouse/bitmaps/dirty.sql"):
            dirty[row["bucket"]].append((row["tag"], row["version"]))
        if not dirty:
            return 0
        generation = self._next_generation()
        entries: list[tuple[str, int, int, dict[int, int]]] = []
        # Read long before it is published: by then the last insert's rows of every partition can be read.
        events = {row["partition"]: row["offset"] for row in self._store.query("clickhouse/bitmaps/event_places.sql")}
        for bucket, tags in dirty.items():
            entries += self._build(bucket, tags, generation, events)
        self._publish(entries, generation)
        BUCKETS.inc(len(entries))
        GENERATION.set(generation)
        return len(entries)

    def forget(self) -> None:
        """Remove what was replaced long ago, and what a round that was killed left behind."""
        parameters = {"before_ms": int((self._now() - KEPT_SECONDS) * 1000)}
        self._store.command("clickhouse/bitmaps/forget_bitmaps.sql", parameters)
        self._store.command("clickhouse/bitmaps/forget_buckets.sql", parameters)

    def _next_generation(self) -> int:
        # The time: an insert that was given up on may still arrive, and must not meet the next attempt's rows.
        parameters = {"now_ms": int(self._now() * 1000)}
        return self._store.query("clickhouse/bitmaps/next_generation.sql", parameters)[0]["generation"]

    def _build(
        self, bucket: int, tags: list[tuple[str, int]], generation: int, events: dict[int, int]
    ) -> list[tuple[str, int, int, dict[int, int]]]:
        places: dict[tuple[str, int], dict[int, int]] = {tag: {} for tag in tags}
        # Before the values are read: the bitmaps hold these places at least, and a change in between is built again.
        for row in self._store.query("clickhouse/bitmaps/places.sql", {"tags": tags, "bucket": bucket}):
            places[row["tag"], row["version"]][row["partition"]] = row["offset"]
        parameters = {"tags": tags, "bucket": bucket, "generation": generation}
        self._store.command("clickhouse/bitmaps/build.sql", parameters)
        self._store.command("clickhouse/bitmaps/build_everyone.sql", {"bucket": bucket, "generation": generation})
        return [(*tag, bucket, found) for tag, found in {**places, EVERYONE: events}.items()]

    def _publish(self, entries: list[tuple[str, int, int, dict[int, int]]], generation: int) -> None:
        columns: dict[str, list[Any]] = {
            "tag": [tag for tag, _, _, _ in entries],
            "version": [version for _, version, _, _ in entries],
            "bucket": [bucket for _, _, bucket, _ in entries],
            "generation": [generation] * len(entries),
            "places": [places for _, _, _, places in entries],
            "built_at": [int(self._now() * 1000)] * len(entries),
        }
        self._store.insert_columns("bitmap_buckets", columns)


def run(bitmaps: Bitmaps, stop: threading.Event, views: ViewSources | None = None) -> None:
    """Rounds until `stop` is set, of `views` too. While ClickHouse is away it waits and goes on from what is stored."""
    backoff = process.Backoff()
    opened, forgot_at = False, time.monotonic()
    while not stop.is_set():
        try:
            if not opened:
                bitmaps.open()
                opened = True
                log.info("bitmaps_started")
            began = time.monotonic()
            if bitmaps.round():
                ROUND.set(time.monotonic() - began)
            if views is not None:
                views.round()
            if began - forgot_at > FORGET_EVERY_SECONDS:
                bitmaps.forget()
                if views is not None:
                    views.forget()
                forgot_at = began
            metrics.STORE_UP.labels("bitmaps", "clickhouse").set(1)
            backoff.reset()
            stop.wait(ROUND_SECONDS)
        except ClickHouseUnavailable as error:
            metrics.STORE_UP.labels("bitmaps", "clickhouse").set(0)
            seconds = backoff.next_seconds()
            log.warning("clickhouse_down_waiting", job="bitmaps", cause=str(error), retry_in_seconds=round(seconds, 2))
            stop.wait(seconds)
    log.info("bitmaps_stopped")


def main() -> None:
    """Run the rounds with this process's settings until SIGTERM."""
    settings, stop = process.start()
    store = connect(settings, patience_seconds=0)
    views = ViewSources(store, TagRegistry(settings, ANSWER_SECONDS), CrowdTable(settings))
    run(Bitmaps(store), stop, views)


if __name__ == "__main__":
    main()
