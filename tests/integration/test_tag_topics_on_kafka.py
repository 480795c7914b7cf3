"""A tag version's topic as a source, on a real log: tombstones are seen, and a batch run ends at the barrier."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import orjson
import pytest
from pyflink.common import RowKind

from deploy.local.parts import flink_connector_jar
from jobs.flink_environment import COMMON_OPTIONS, create_environment
from jobs.flink_sources import source_statements, topic_of
from jobs.mode import Mode
from stores import kafka
from tagging.tag_reads import TagRead

pytestmark = pytest.mark.stack


def send(settings, topic: str, *values: tuple[str, Any]) -> None:
    """As Flink's upsert sink writes them: None is a tombstone."""
    producer = kafka.Producer(settings)
    for user_id, value in values:
        message = None if value is None else orjson.dumps({"user_id": user_id, "value": value})
        producer.send(topic, message, user_id)
    producer.flush()


@pytest.mark.parametrize("mode", list(Mode))
def test_each_user_has_the_newest_value_before_the_barrier(stack, mode):
    settings, read = stack.settings, TagRead(f"t{uuid.uuid4().hex[:12]}", 1, "string")
    topic = topic_of(read.source, settings)
    kafka.ensure_tag_topics(settings, [(read.tag, read.version)])
    users = [f"u{number}" for number in range(40)]
    send(settings, topic, *((user, "first") for user in users))
    send(settings, topic, *((user, "second") for user in users[:30]))
    send(settings, topic, *((user, None) for user in users[:10]), ("u5", "back"))
    barrier = kafka.end_offsets(settings, [topic]) | {"clock": {0: 0}}
    send(settings, topic, ("u20", "too late"), ("u21", None), ("new", "too late"))

    options = {**COMMON_OPTIONS, "parallelism.default": "2", "taskmanager.numberOfTaskSlots": "4"}
    environment = create_environment(mode, options, flink_connector_jar().as_uri())
    for statement in source_statements([read.source], settings, "test", barrier, [read]):
        environment.execute_sql(statement)
    found: Counter[tuple[str, str]] = Counter()
    with environment.execute_sql(f"SELECT `user_id`, `value` FROM `{read.source}`").collect() as rows:
        for row in rows:
            added = row.get_row_kind() in (RowKind.INSERT, RowKind.UPDATE_AFTER)
            found[tuple(row)] += 1 if added else -1
    wanted = {user: "second" for user in users[10:30]} | {user: "first" for user in users[30:]} | {"u5": "back"}
    assert +found == Counter(wanted.items())
