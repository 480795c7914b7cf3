"""A change of the registry is heard of through the binlog, whoever made it and whoever carries it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator

import orjson
import pytest

from stores import kafka
from stores.mysql import transaction
from stores.registry.changes import RegistryChanges
from stores.registry.schema import migrate
from stores.settings import Kafka, Settings
from tagging.names import REGISTRY_TOPIC
from tests.conftest import RunningStack

LONG_SECONDS = 60
CANAL = {"database": "tagging", "table": "tag_versions", "type": "INSERT", "data": [{"tag": "heat_1h", "version": "2"}]}


@pytest.fixture
def changes(stack: RunningStack) -> Iterator[RegistryChanges]:
    """One that has heard of all that was before."""
    migrate(stack.settings)
    kafka.create_topics(stack.settings)
    found = RegistryChanges(stack.settings)
    while found.wait(3, threading.Event()):
        pass
    yield found
    found.close()


@pytest.mark.stack
def test_a_row_that_a_person_writes_into_mysql_ends_the_wait(stack: RunningStack, changes: RegistryChanges):
    name = f"t{uuid.uuid4().hex}"
    with transaction(stack.settings) as cursor:
        cursor.execute("INSERT INTO tags (name) VALUES (%(name)s)", {"name": name})
        cursor.execute("INSERT INTO tag_versions (tag, version, text) VALUES (%(name)s, 1, 'x')", {"name": name})
    assert changes.wait(LONG_SECONDS, threading.Event())
    with transaction(stack.settings) as cursor:
        cursor.execute("DELETE FROM tag_versions WHERE tag = %(name)s", {"name": name})
        cursor.execute("DELETE FROM tags WHERE name = %(name)s", {"name": name})


@pytest.mark.stack
def test_a_message_of_canal_ends_it_as_well(stack: RunningStack, changes: RegistryChanges):
    producer = kafka.Producer(stack.settings)
    producer.send(REGISTRY_TOPIC, orjson.dumps(CANAL))
    producer.flush()
    assert changes.wait(LONG_SECONDS, threading.Event())


@pytest.mark.stack
def test_without_a_change_it_waits_as_long_as_it_was_told_to(changes: RegistryChanges):
    began = time.monotonic()
    assert not changes.wait(0.7, threading.Event())
    assert time.monotonic() - began >= 0.7


@pytest.mark.stack
def test_a_process_that_stops_does_not_wait_on(changes: RegistryChanges):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert not changes.wait(LONG_SECONDS, stop)
    assert time.monotonic() - began < LONG_SECONDS / 2


def test_while_the_log_is_away_it_waits_as_long_as_it_was_told_to():
    changes = RegistryChanges(Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1")))
    began = time.monotonic()
    assert not changes.wait(2.5, threading.Event())
    assert time.monotonic() - began >= 2.5
