"""What a version that was given up leaves behind, removed from real stores: all of it, nothing else, and from wherever it ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from confluent_kafka import TopicPartition

from jobs.bitmaps import Bitmaps
from jobs.convergence import NotYet
from jobs.tag_remains import SINKS, TagRemains
from stores import flink_jobs, kafka, kafka_removal
from stores.clickhouse import connect
from stores.hbase import ProfileCell, ProfileStore
from stores.settings import Settings
from tagging.names import tag_topic
from tests.clickhouse_fixture import RunningClickHouse
from tests.conftest import RunningStack

pytestmark = pytest.mark.stack

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
USERS = 7
TABLES = ("tag_values", "tag_changes", "bitmap_places", "tag_bitmaps", "bitmap_buckets")


@dataclass
class Kept:
    """Two versions of a tag in the log, in HBase, in ClickHouse, and as Flink jobs with a checkpoint each."""

    settings: Settings
    profiles: ProfileStore
    clickhouse: RunningClickHouse
    tag: str

    def job(self, version: int) -> str:
        return tag_topic(self.tag, version)

    def write(self, version: int) -> None:
        kafka.ensure_tag_topics(self.settings, [(self.tag, version)])
        producer = kafka.Producer(self.settings)
        for number in range(USERS):
            producer.send(self.job(version), orjson.dumps({"user_id": f"u{number}", "value": number}), f"u{number}")
        producer.flush()
        cell = {(self.tag, version): ProfileCell(1, 1, 1)}
        self.profiles.write({f"{self.tag}-{number}": cell for number in range(USERS)})
        columns = {
            "tag": [self.tag] * USERS,
            "version": [version] * USERS,
            "user_no": list(range(1, USERS + 1)),
            "user_id": [f"u{number}" for number in range(USERS)],
            "value": [str(number) for number in range(USERS)],
            "number": [float(number) for number in range(USERS)],
            "present": [True] * USERS,
            "changed_at": [AT] * USERS,
            "partition": [0] * USERS,
            "offset": list(range(USERS)),
        }
        for table in ("tag_values", "tag_changes"):
            self.clickhouse.client.insert_columns(table, columns)
        flink_jobs.write(self.settings, flink_jobs.KnownJob(self.job(version), "f" * 64, f"id{version}"))
        self.checkpoint(version).mkdir(parents=True)

    def checkpoint(self, version: int) -> Path:
        return Path(self.settings.flink.state_dir.removeprefix("file://")) / "checkpoints" / f"id{version}" / "chk-1"

    def flush(self, *sinks: str) -> None:
        """What these sinks have committed: all that is in the log."""
        for sink in sinks:
            consumer = kafka.create_consumer(self.settings, f"{self.settings.sinks.group_prefix}.{sink}")
            for topic, ends in kafka.end_offsets(self.settings, [self.job(1), self.job(2)]).items():
                offsets = [TopicPartition(topic, partition, end) for partition, end in ends.items()]
                consumer.commit(offsets=offsets, asynchronous=False)
            consumer.close()

    def held(self, version: int) -> dict[str, int]:
        """How much each place holds of a version."""
        query = "SELECT count() FROM {table:Identifier} WHERE tag = {tag:String} AND version = {version:UInt32}"
        rows = {}
        for table in TABLES:
            parameters = {"table": table, "tag": self.tag, "version": version}
            rows[table] = self.clickhouse.driver.query(query, parameters=parameters).result_rows[0][0]
        return {
            **rows,
            "topic": int(kafka_removal.has_topic(self.settings, self.job(version))),
            "cells": len(list(self.profiles.scan([(self.tag, version)]))),
            "checkpoints": int(self.checkpoint(version).exists()),
            "submissions": int(flink_jobs.read(self.settings, self.job(version)) is not None),
        }

    def remains(self, most_cells: int = 1_000) -> TagRemains:
        return TagRemains(self.settings, self.profiles, connect(self.settings), most_cells)


@pytest.fixture
def kept(stack: RunningStack, clickhouse: RunningClickHouse, tmp_path: Path):
    unique = uuid.uuid4().hex[:12]
    base = stack.settings
    settings = base.model_copy(
        update={
            "sinks": base.sinks.model_copy(update={"group_prefix": f"remains-{unique}"}),
            "hbase": base.hbase.model_copy(update={"table": f"profile_{unique}"}),
            "clickhouse": clickhouse.settings.clickhouse,
            "flink": base.flink.model_copy(update={"state_dir": tmp_path.as_uri()}),
        }
    )
    with ProfileStore(settings.hbase) as profiles:
        profiles.create_table()
        found = Kept(settings, profiles, clickhouse, f"t{unique}")
        for version in (1, 2):
            found.write(version)
        Bitmaps(clickhouse.client).round()
        yield found


def rounds(remove: Callable[[], None]) -> int:
    """How many rounds it takes."""
    for number in range(1, 10):
        try:
            remove()
            return number
        except NotYet:
            pass
    raise AssertionError("there is always more to remove")


def test_a_version_goes_from_everywhere_but_the_history_that_readers_saw_and_the_other_stays(kept: Kept):
    before = kept.held(2)
    assert all(before.values())
    kept.flush(*SINKS)
    kept.remains().remove(kept.tag, 1, kept.job(1), was_live=True)
    Bitmaps(kept.clickhouse.client).forget()
    assert kept.held(1) == {**dict.fromkeys(before, 0), "tag_changes": USERS}
    assert kept.held(2) == before


def test_the_history_of_a_version_that_nobody_saw_goes_too(kept: Kept):
    kept.flush(*SINKS)
    kept.remains().remove(kept.tag, 1, kept.job(1), was_live=False)
    assert kept.held(1)["tag_changes"] == 0
    assert kept.held(2)["tag_changes"] == USERS


def test_nothing_goes_while_a_sink_has_still_to_write_what_the_log_holds(kept: Kept):
    before = kept.held(1)
    kept.flush(SINKS[0])
    with pytest.raises(NotYet, match=f"{SINKS[1]} has {USERS} messages of {kept.job(1)} to write"):
        kept.remains().remove(kept.tag, 1, kept.job(1), was_live=True)
    assert kept.held(1) == before


def test_a_removal_in_parts_goes_on_where_it_ended_and_once_more_changes_nothing(kept: Kept):
    kept.flush(*SINKS)
    assert rounds(lambda: kept.remains(most_cells=3).remove(kept.tag, 1, kept.job(1), was_live=False)) == 3
    assert rounds(lambda: kept.remains(most_cells=3).remove(kept.tag, 1, kept.job(1), was_live=False)) == 1
    Bitmaps(kept.clickhouse.client).forget()
    assert set(kept.held(1).values()) == {0}
