"""The sinks as processes on real stores: killed with SIGKILL, their stores restarted, and every value right at the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field

import clickhouse_connect
import orjson
import pytest

from stores import kafka
from stores.clickhouse import connect
from stores.hbase import ProfileStore
from stores.settings import Settings
from tagging.names import tag_topic
from tagging.parity_buckets import BUCKETS

pytestmark = pytest.mark.stack

DEADLINE_SECONDS = 240
CHANGES = 20_000
USERS = 1_500


@dataclass
class Sinks:
    """Sink processes with a group, a table and a database of their own."""

    settings: Settings
    environment: dict[str, str]
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self, name: str) -> None:
        self.running[name] = subprocess.Popen([sys.executable, "-m", f"jobs.{name}"], env=self.environment)

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait(30)

    def left(self, name: str, topics: list[str]) -> int:
        """Messages that the sink has not committed."""
        return sum(kafka.lag(self.settings, f"{self.settings.sinks.group_prefix}.{name}", topics).values())

    def await_left(self, name: str, topics: list[str], most: int) -> None:
        until = time.monotonic() + DEADLINE_SECONDS
        while (left := self.left(name, topics)) > most:
            assert time.monotonic() < until, f"{name}: {left} messages left after {DEADLINE_SECONDS} s"
            status = self.running[name].poll()
            assert status is None, f"{name} ended by itself with status {status}"


@pytest.fixture
def sinks(stack):
    unique = uuid.uuid4().hex[:12]
    own = {
        "TAGSTREAM_CONFIG": str(stack.stack.layout.config),
        "TAGSTREAM_SINKS__GROUP_PREFIX": f"killed-{unique}",
        "TAGSTREAM_SINKS__BATCH_MESSAGES": "400",
        "TAGSTREAM_HBASE__TABLE": f"profile_{unique}",
        "TAGSTREAM_CLICKHOUSE__DATABASE": f"killed_{unique}",
    }
    base = stack.settings
    settings = base.model_copy(
        update={
            "sinks": base.sinks.model_copy(update={"group_prefix": own["TAGSTREAM_SINKS__GROUP_PREFIX"]}),
            "hbase": base.hbase.model_copy(update={"table": own["TAGSTREAM_HBASE__TABLE"]}),
            "clickhouse": base.clickhouse.model_copy(update={"database": own["TAGSTREAM_CLICKHOUSE__DATABASE"]}),
        }
    )
    found = Sinks(settings, {**os.environ, **own})
    yield found
    for process in found.running.values():
        process.kill()
        process.wait(30)


def write_changes(settings: Settings, tags: list[str]) -> dict[str, dict[str, object]]:
    """Random changes of these tags; tag -> user -> the value that must stay."""
    chance = random.Random(20260921)
    kafka.ensure_tag_topics(settings, [(tag, 1) for tag in tags])
    producer = kafka.Producer(settings)
    expected: dict[str, dict[str, object]] = {tag: {} for tag in tags}
    for _ in range(CHANGES):
        tag, user = chance.choice(tags), f"{tags[0]}-{chance.randrange(USERS)}"
        value = chance.choice([None, "gold", "é", 12.5, 7, True, False])
        tombstone = value is None and chance.random() < 0.5
        producer.send(tag_topic(tag, 1), None if tombstone else orjson.dumps({"user_id": user, "value": value}), user)
        expected[tag][user] = value
    producer.flush()
    return expected


def test_sinks_that_are_killed_while_their_stores_restart_end_with_every_value(stack, sinks):
    unique = uuid.uuid4().hex[:8]
    tags = [f"k{unique}", f"l{unique}"]
    expected = write_changes(sinks.settings, tags)
    topics = [tag_topic(tag, 1) for tag in tags]
    for name, service in (("sink_profile", "thrift"), ("sink_values", "clickhouse")):
        sinks.start(name)
        for share in (0.9, 0.7, 0.5):
            sinks.await_left(name, topics, int(CHANGES * share))
            sinks.kill(name)
            sinks.start(name)
        stack.restart(service)
        sinks.await_left(name, topics, 0)

    with ProfileStore(sinks.settings.hbase) as profiles:
        held: dict[str, dict[str, object]] = {tag: {} for tag in tags}
        for user, cells in profiles.scan([(tag, 1) for tag in tags]):
            for (tag, _), cell in cells.items():
                held[tag][user] = cell.value
    assert held == expected

    client = connect(sinks.settings)
    numbers: dict[str, int] = {}
    for tag in tags:
        rows = client.query("clickhouse/parity_values.sql", {"tag": tag, "version": 1, "buckets": list(range(BUCKETS))})
        assert {row["user_id"]: orjson.loads(row["value"]) if row["present"] else None for row in rows} == expected[tag]
    with clickhouse(sinks.settings) as driver:
        changes = driver.query(
            "SELECT count() FROM tag_changes FINAL WHERE tag IN {tags:Array(String)}", {"tags": tags}
        )
        assert changes.result_rows == [(CHANGES,)]
        for user, number in driver.query("SELECT user_id, user_no FROM users FINAL").result_rows:
            assert numbers.setdefault(user, number) == number
    assert set(expected[tags[0]]) <= set(numbers)
    assert len(set(numbers.values())) == len(numbers)


def test_a_sink_of_events_that_is_killed_writes_every_event_and_every_dead_letter_once(sinks):
    unique = uuid.uuid4().hex[:8]
    now = int(time.time() * 1000)
    producer = kafka.Producer(sinks.settings)
    for number in range(6_000):
        user = f"{unique}-{number % 100}"
        event = {"event_id": f"{unique}-{number}", "user_id": user, "event_type": unique, "occurred_at": now}
        producer.send("events", f"broken {unique}".encode() if number % 100 == 99 else orjson.dumps(event), user)
    producer.flush()
    sinks.start("sink_events")
    sinks.await_left("sink_events", ["events"], 4_000)
    sinks.kill("sink_events")
    sinks.start("sink_events")
    sinks.await_left("sink_events", ["events"], 0)
    sinks.running["sink_events"].send_signal(signal.SIGTERM)
    assert sinks.running["sink_events"].wait(30) == 0
    with clickhouse(sinks.settings) as driver:
        events = driver.query("SELECT count() FROM events FINAL WHERE event_type = {x:String}", {"x": unique})
        letters = driver.query(
            "SELECT count() FROM dead_letters FINAL WHERE payload = {x:String}", {"x": f"broken {unique}"}
        )
        assert (events.result_rows, letters.result_rows) == ([(5_940,)], [(60,)])


def clickhouse(settings: Settings):
    """ClickHouse's own driver, to ask what no named query asks."""
    where = settings.clickhouse
    return clickhouse_connect.get_client(host=where.host, port=where.port, database=where.database)
