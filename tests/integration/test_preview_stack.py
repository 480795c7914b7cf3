"""Previews and progress on real services: MySQL, Kafka and Flink, answered by the worker's own thread."""

from __future__ import annotations

import threading
import time
import uuid

import pytest
from confluent_kafka import TopicPartition

from api import create_app
from api.live.wiring import live_stores
from jobs.preview_run import run_preview
from jobs.previews import PreviewWorker, stale_ms
from jobs.worker import work
from stores import kafka
from stores.kafka_client import create_consumer
from stores.kafka_replay import passed
from stores.registry.previews import PreviewTable
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from stores.user_numbers import UserNumbers
from tagging import lifecycle
from tagging.lifecycle import Tag
from tests.conftest import RunningStack

pytestmark = pytest.mark.stack

DEADLINE_SECONDS = 400


def wall_ms() -> int:
    return int(time.time() * 1000)


def test_a_draft_is_tried_on_real_events_against_the_live_version(stack: RunningStack):
    settings = stack.settings
    kafka.create_topics(settings)
    migrate(settings)
    mark = uuid.uuid4().hex
    name, often, seldom = f"t{mark}", f"often-{mark}", f"seldom-{mark}"
    UserNumbers(settings).numbers([often, seldom])
    client = create_app(settings, live_stores(settings)).test_client()
    events = [
        {"user_id": user, "event_type": "cart", "item_id": mark, "occurred_at": wall_ms()}
        for user in (often, often, often, seldom)
    ]
    assert client.post("/api/v1/events", json={"events": events}).status_code == 202
    header = f"-- name: {name}\n-- title: T\n-- description: D\n-- type: integer\n-- dimension: risk\n-- owner: o\n\n"
    select = f"SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR) WHERE item_id = '{mark}'"
    live, draft = f"{header}{select} GROUP BY user_id\n", f"{header}{select} GROUP BY user_id HAVING COUNT(*) >= 2\n"
    registry = TagRegistry(settings)
    registry.save(lifecycle.adopt(Tag(name, "o", "risk"), 1, live, "ann", wall_ms(), "tags"), [])

    stop = threading.Event()
    patient = settings.model_copy(
        update={"publishing": settings.publishing.model_copy(update={"preview_seconds": DEADLINE_SECONDS})}
    )
    worker = PreviewWorker(
        PreviewTable(settings),
        registry,
        lambda draft, live: run_preview(draft, live, patient),
        wall_ms,
        stale_ms(patient),
    )
    thread = threading.Thread(target=work, args=(lambda: migrate(settings), worker, stop))
    thread.start()
    try:
        asked = client.post("/api/v1/tag-previews", json={"text": draft})
        assert (asked.status_code, asked.json["state"]) == (202, "asked")
        until = time.monotonic() + DEADLINE_SECONDS
        while (answer := client.get(asked.headers["Location"])).status_code == 202:
            assert time.monotonic() < until, answer.json
            stop.wait(0.2)
    finally:
        stop.set()
        thread.join()
        registry.close()
    result = answer.json["result"]
    assert result is not None, answer.json["cause"]
    assert (result["users"], result["live_users"], result["gained"], result["lost"]) == (1, 2, 0, 1)
    assert (result["values"][0], result["lost_examples"]) == ({"value": 3, "users": 1, "live_users": 1}, [seldom])
    assert (result["live_version"], result["sampled_share"]) == (1, 1.0)
    assert result["users_total"] >= 2
    assert result["rows_read"] >= 4
    [held] = [held for held in result["state"] if held["relation"] == "events__last_60m_1m"]
    assert held["rows"] >= 4
    assert held["bytes"] >= 4 * len(mark)


def test_a_replay_is_measured_up_to_the_end_that_the_log_had(stack: RunningStack):
    settings = stack.settings
    kafka.create_topics(settings)
    client = create_app(settings, live_stores(settings)).test_client()
    user = f"replayed-{uuid.uuid4().hex}"

    def log(count: int) -> None:
        events = [{"user_id": user, "event_type": "cart"}] * count
        assert client.post("/api/v1/events", json={"events": events}).status_code == 202

    log(5)
    begins, ends = (
        kafka.begin_offsets(settings, ["events"])["events"],
        kafka.end_offsets(settings, ["events"])["events"],
    )
    wanted = sum(ends.values()) - sum(begins.values())
    cut_ms = wall_ms() + 1
    while wall_ms() <= cut_ms:
        threading.Event().wait(0.001)
    log(7)
    group = f"tagstream.tag.{user}.events"
    assert passed(settings, {group: "events"}, cut_ms) == (wanted, 0)
    consumer = create_consumer(settings, group)
    places = [TopicPartition("events", partition, end) for partition, end in ends.items()]
    consumer.commit(offsets=places, asynchronous=False)
    assert passed(settings, {group: "events"}, cut_ms) == (wanted, wanted)
    consumer.close()
