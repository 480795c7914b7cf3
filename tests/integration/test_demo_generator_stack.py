"""The generator on real Kafka and MySQL: what it counts is what is there."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewTopic

import sql
from deploy.demo.event_log import EventLog, SendProblem
from deploy.demo.generate import connect, wall_ms
from deploy.demo.generator import Generator
from deploy.demo.stats import Stats
from deploy.demo.tables import ShopTables
from stores import kafka
from stores.settings import Settings
from tagging.events import Event, Refused, read_event
from tests.conftest import RunningStack

pytestmark = pytest.mark.stack
TOPIC = "test.demo.events"


@pytest.fixture
def own_stores(stack: RunningStack) -> Iterator[Settings]:
    """A topic and shop tables of this test's own, in the other database of the stack."""
    mysql = stack.settings.mysql
    settings = stack.settings.model_copy(
        update={"mysql": mysql.model_copy(update={"shop_database": mysql.tagging_database})}
    )
    client = kafka.admin(settings)
    config = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "100000"}
    client.create_topics([NewTopic(TOPIC, 3, 1, config=config)])[TOPIC].result(30)
    with connect(settings.mysql) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS users, products, orders")
        for statement in sql.text("mysql/shop.sql").split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        yield settings
        cursor.execute("DROP TABLE users, products, orders")
    client.delete_topics([TOPIC])[TOPIC].result(30)


def read_all(settings: Settings) -> list[tuple[bytes, bytes, int]]:
    """(key, value, log time in epoch ms) of every message of the topic."""
    ends = kafka.end_offsets(settings, [TOPIC])[TOPIC]
    consumer = kafka.create_consumer(settings, "test.demo")
    consumer.assign([TopicPartition(TOPIC, partition, 0) for partition in ends])
    found = []
    while len(found) < sum(ends.values()):
        message = consumer.poll(30)
        assert message is not None and message.error() is None, "the topic's end was not reached in 30 s"
        found.append((message.key(), message.value(), message.timestamp()[1]))
    consumer.close()
    return found


def test_what_was_counted_is_in_the_log_and_in_the_tables(own_stores: Settings, tmp_path: Path) -> None:
    file = tmp_path / "generator.json"
    tables = ShopTables(lambda: connect(own_stores.mysql))
    log = EventLog(own_stores, threading.Event(), TOPIC)
    generator = Generator(log, tables, Stats.load(file, 3), file, wall_ms)
    generator.make_history(days=10, messages=4_000, users=300, said=lambda sent, total: None)
    generator.run(generator.reopen(2_000), 2_000, 3, threading.Event())

    stats = Stats.load(file, 3)
    found = read_all(own_stores)
    assert len(found) == sum(stats.messages.values()) > 8_000
    outcomes = [read_event(value, logged_ms) for _, value, logged_ms in found]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    valid = [outcome for outcome in outcomes if isinstance(outcome, Event)]
    assert Counter(str(outcome.reason) for outcome in refused) == stats.malformed
    assert len({event.event_id for event in valid}) == stats.unique_total
    assert len(valid) - stats.unique_total == stats.messages["duplicate"] > 0

    contents = tables.read()
    tables.close()
    assert len(contents.users) == stats.changes["users.insert"] - stats.changes["users.erase"]
    assert len(contents.products) == stats.changes["products.insert"] == 300


def test_one_users_events_share_a_partition(own_stores: Settings) -> None:
    log = EventLog(own_stores, threading.Event(), TOPIC)
    log.send((f"u{n % 20}".encode(), orjson.dumps(n)) for n in range(200))
    partitions: dict[bytes, set[int]] = {}
    consumer = kafka.create_consumer(own_stores, "test.demo")
    consumer.assign([TopicPartition(TOPIC, partition, 0) for partition in range(3)])
    for _ in range(200):
        message = consumer.poll(30)
        assert message is not None
        partitions.setdefault(message.key(), set()).add(message.partition())
    consumer.close()
    assert len(partitions) == 20 and all(len(where) == 1 for where in partitions.values())


def test_a_message_that_the_log_refuses_is_told_and_the_next_one_is_taken(own_stores: Settings) -> None:
    log = EventLog(own_stores, threading.Event(), TOPIC)
    with pytest.raises(SendProblem, match=r"test\.demo\.events: 1 messages were refused"):
        log.send([(b"u1", random.Random(1).randbytes(200_000))])
    log.send([(b"u1", b"{}")])
    assert [value for _, value, _ in read_all(own_stores)] == [b"{}"]
