"""The events sink and the stream read the same events: the Python rule against the real Flink table, byte for byte."""

from __future__ import annotations

import json
import re
import uuid
from string import Template

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

import sql
from jobs.flink_environment import COMMON_OPTIONS, connector_jar, create_environment
from jobs.flink_sources import kafka_properties, options
from jobs.mode import Mode
from stores.kafka_client import admin, client_options
from stores.settings import Settings
from tagging.events import read_events
from tests.hostile_events import LOGGED_AT_MS, messages

pytestmark = pytest.mark.stack

READ = """
SELECT `offset`, `event_id`, `user_id`, `event_type`, `item_id`, JSON_STRING(`properties`), `occurred_at`
FROM `events_log` WHERE {condition}
"""


Read = dict[int, list[tuple]]
"""offset -> (event_id, user_id, event_type, item_id, properties, occurred_at) of each event in the message."""


def in_flink(settings: Settings, lines: list[bytes]) -> Read:
    """What the table `events_log` and the filter of the view `events` make of these messages."""
    topic = f"hostile.{uuid.uuid4().hex}"
    client = admin(settings)
    # The log's own times are chosen here, to the millisecond.
    created = client.create_topics([NewTopic(topic, 1, 1, config={"message.timestamp.type": "CreateTime"})])
    created[topic].result(30)
    try:
        producer = Producer({**client_options(settings.kafka), "message.max.bytes": 2_000_000})
        for line in lines:
            producer.produce(topic, line, timestamp=LOGGED_AT_MS)
        assert producer.flush(30) == 0
        connector = options(
            {
                "connector": "kafka",
                "topic": topic,
                **kafka_properties(settings.kafka),
                "scan.startup.mode": "earliest-offset",
                "scan.bounded.mode": "latest-offset",
            }
        )
        table, view = sql.text("flink/events.sql").split(";\n")
        condition = re.search(r"FROM `events_log`\s+WHERE (.*)\)\s*WHERE `copy` = 1", view, re.DOTALL)[1]
        environment = create_environment(
            Mode.BATCH, {**COMMON_OPTIONS, "parallelism.default": "1"}, connector_jar(settings)
        )
        environment.execute_sql(Template(table).substitute(connector=connector))
        found: Read = {}
        with environment.execute_sql(READ.format(condition=condition)).collect() as rows:
            for offset, *columns in rows:
                found.setdefault(offset, []).append(comparable(columns))
        return found
    finally:
        client.delete_topics([topic])[topic].result(30)


def comparable(columns: list) -> tuple:
    """Flink's columns in the rule's shape. A property without a value is one that is not there."""
    event_id, user_id, event_type, item_id, properties, occurred_at = columns
    held = {name: value for name, value in json.loads(properties or "{}").items() if value is not None}
    return event_id, user_id, event_type, item_id, held, occurred_at


def by_rule(lines: list[bytes]) -> Read:
    """What the events sink makes of them."""
    found: Read = {}
    for offset, line in enumerate(lines):
        events, refused = read_events(line, LOGGED_AT_MS)
        assert events or refused
        if events:
            found[offset] = [tuple(event) for event in events]
    return found


def differences(settings: Settings) -> list[str]:
    """Every message that the two read differently."""
    lines = messages()
    stream, sink = in_flink(settings, lines), by_rule(lines)
    return [
        f"{line[:200]!r} ({len(line)} bytes)\n  stream: {str(stream.get(offset))[:300]}\n  sink:   {str(sink.get(offset))[:300]}"
        for offset, line in enumerate(lines)
        if stream.get(offset) != sink.get(offset)
    ]


def test_stream_and_sink_read_the_same_events_from_hostile_messages(stack):
    assert differences(stack.settings) == []


def test_the_hostile_messages_try_both_sides():
    accepted = len(by_rule(messages()))
    assert accepted > 300
    assert len(messages()) - accepted > 300
