"""The API on real services, also while one of them is away."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import requests
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, TopicPartition
from flask.testing import FlaskClient

from api import create_app
from api.live.wiring import live_stores
from stores.clickhouse import connect
from stores.hbase import ProfileCell, ProfileStore
from stores.kafka import create_consumer, create_topics, end_offsets
from stores.kafka_lag import GroupLags
from stores.settings import Settings
from stores.user_numbers import UserNumbers
from tagging.events import Event, read_event
from tests.conftest import RunningStack
from tests.fakes.api_stores import FixedRegistry, definition

pytestmark = pytest.mark.stack

DEADLINE_SECONDS = 60
AT_MS = 1_790_000_000_000


@pytest.fixture(scope="module")
def settings(stack: RunningStack) -> Settings:
    create_topics(stack.settings)
    with ProfileStore(stack.settings.hbase) as store:
        store.create_table()
    return stack.settings


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """The API on the real stores, with tags of these tests alone: nothing is written under a built-in tag."""
    tags = FixedRegistry(
        [definition("api_city"), definition("api_orders", "integer"), definition("api_views", "integer")]
    )
    return create_app(settings, replace(live_stores(settings), registry=tags)).test_client()


@pytest.fixture
def event_id() -> str:
    return f"e-{uuid.uuid4()}"


def eventually(check: Callable[[], Any]) -> Any:
    """The first true answer of `check`; its last false one when there is none in time."""
    until = time.monotonic() + DEADLINE_SECONDS
    while not (found := check()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def known_user(settings: Settings) -> tuple[str, int]:
    """(id, number) of a user with a city, its number for its orders, and a value that it lost."""
    user_id = f"u/{uuid.uuid4()}"
    numbers = UserNumbers(settings)
    number = numbers.numbers([user_id])[user_id]
    numbers.close()
    cells = {
        ("api_city", 1): ProfileCell("Zürich", AT_MS, 1),
        ("api_orders", 1): ProfileCell(number, AT_MS + 1, 2),
        ("api_views", 1): ProfileCell(None, AT_MS + 2, 3),
    }
    with ProfileStore(settings.hbase) as store:
        store.write({user_id: cells})
    clickhouse = connect(settings)
    clickhouse.insert_columns("users", {"user_no": [number], "user_id": [user_id]})
    rows = [(tag, cell) for (tag, _), cell in cells.items()]
    clickhouse.insert_columns(
        "tag_values",
        {
            "tag": [tag for tag, _ in rows],
            "version": [1] * len(rows),
            "user_no": [number] * len(rows),
            "user_id": [user_id] * len(rows),
            "value": [orjson.dumps(cell.value).decode() for _, cell in rows],
            "number": [float(cell.value) if isinstance(cell.value, int) else None for _, cell in rows],
            "present": [cell.value is not None for _, cell in rows],
            "changed_at": [datetime.fromtimestamp(cell.changed_at_ms / 1000, UTC) for _, cell in rows],
            "partition": [0] * len(rows),
            "offset": [cell.offset for _, cell in rows],
        },
    )
    clickhouse.close()
    return user_id, number


def logged(settings: Settings, event_id: str) -> list[tuple[str, Event, int]]:
    """(key, event, kind of timestamp) of every copy of an event in the log."""
    ends = end_offsets(settings, ["events"])["events"]
    consumer = create_consumer(settings, f"test-{uuid.uuid4()}")
    consumer.assign([TopicPartition("events", partition, 0) for partition in ends])
    left = sum(ends.values())
    found = []
    try:
        until = time.monotonic() + DEADLINE_SECONDS
        while left > 0 and time.monotonic() < until:
            for message in consumer.consume(1000, 0.2):
                left -= 1
                kind, at_ms = message.timestamp()
                event = read_event(message.value(), at_ms)
                if isinstance(event, Event) and event.event_id == event_id:
                    found.append((message.key().decode(), event, kind))
    finally:
        consumer.close()
    assert left <= 0, f"{left} messages of the log were not read in time"
    return found


def checks(client: FlaskClient) -> dict[str, str]:
    return {check["name"]: check["status"] for check in client.get("/api/v1/health").json["checks"]}


def test_a_profile_comes_from_hbase_with_its_number_from_mysql(client, settings):
    user_id, number = known_user(settings)
    path = "/api/v1/users/" + requests.utils.quote(user_id, safe="")
    # HBase's first answer after a start may take longer than the API waits.
    assert eventually(lambda: client.get(path).status_code == 200)
    answer = client.get(path)
    assert (answer.json["user_id"], answer.json["user_no"]) == (user_id, number)
    assert [(tag["tag"], tag["value"], tag["type"], tag["since"]) for tag in answer.json["tags"]] == [
        ("api_city", "Zürich", "string", "2026-09-21T14:13:20.000Z"),
        ("api_orders", number, "integer", "2026-09-21T14:13:20.001Z"),
    ]


def test_a_user_nobody_knows_is_not_found(client):
    assert eventually(lambda: client.get(f"/api/v1/users/{uuid.uuid4()}").status_code == 404)


def test_tags_show_whom_they_cover_and_lead_to_their_members(client, settings):
    user_id, number = known_user(settings)
    tag = next(tag for tag in client.get("/api/v1/tags").json["items"] if tag["name"] == "api_orders")
    assert tag["users"] >= 1 and 0 < tag["coverage"] <= 1
    detail = client.get("/api/v1/tags/api_orders").json
    assert sum(found["users"] for found in detail["histogram"]) == tag["users"]
    members = client.get(f"/api/v1/tags/api_orders/users?value={number}").json["items"]
    assert [member["user_id"] for member in members] == [user_id]
    found = client.get("/api/v1/users", query_string={"search": user_id}).json["items"]
    assert found == [{"user_id": user_id, "user_no": number, "merged_into": None}]


def test_an_event_is_in_the_log_when_the_answer_comes(client, settings, event_id):
    event = {"event_id": event_id, "user_id": "u-log", "event_type": "cart", "properties": {"device": "電話"}}
    assert client.post("/api/v1/events", json={"events": [event]}).status_code == 202
    ((key, found, kind),) = logged(settings, event_id)
    assert (key, kind) == ("u-log", TIMESTAMP_LOG_APPEND_TIME)
    assert (found.user_id, found.event_type, found.item_id, found.properties) == (
        "u-log",
        "cart",
        None,
        {"device": "電話"},
    )


def test_one_user_s_events_share_a_partition_in_the_order_of_the_request(client, settings):
    user_id = f"u-{uuid.uuid4()}"
    events = [{"user_id": user_id, "event_type": f"step{number:03}"} for number in range(200)]
    assert client.post("/api/v1/events", json={"events": events}).json["accepted"] == 200
    consumer = create_consumer(settings, f"test-{uuid.uuid4()}")
    ends = end_offsets(settings, ["events"])["events"]
    consumer.assign([TopicPartition("events", partition, 0) for partition in ends])
    seen: list[tuple[int, int, str]] = []
    try:
        until = time.monotonic() + DEADLINE_SECONDS
        while len(seen) < 200 and time.monotonic() < until:
            seen += [
                (message.partition(), message.offset(), orjson.loads(message.value())["event_type"])
                for message in consumer.consume(1000, 0.2)
                if message.key() == user_id.encode()
            ]
    finally:
        consumer.close()
    assert len({partition for partition, _, _ in seen}) == 1
    assert [step for _, _, step in sorted(seen)] == [event["event_type"] for event in events]


def test_health_asks_every_dependency(client):
    assert eventually(lambda: checks(client).get("kafka") == "ok")
    found = client.get("/api/v1/health")
    assert found.status_code == 200
    statuses = {check["name"]: check["status"] for check in found.json["checks"]}
    assert {statuses[name] for name in ("kafka", "hbase", "clickhouse", "mysql")} == {"ok"}, found.json
    assert "flink" in statuses and any(name.startswith("connect") for name in statuses)
    assert all(check["latency_ms"] >= 0 and check["detail"] for check in found.json["checks"])


def test_lag_is_what_a_group_has_not_committed(client, settings, event_id):
    event = {"event_id": event_id, "user_id": "u", "event_type": "cart"}
    assert client.post("/api/v1/events", json={"events": [event]}).status_code == 202
    # A group of its own: the sinks' places in the log belong to the sinks.
    groups = f"test-{uuid.uuid4()}", f"test-never-{uuid.uuid4()}"
    ends = end_offsets(settings, ["events"])["events"]
    consumer = create_consumer(settings, groups[0])
    places = [TopicPartition("events", partition, end - 1) for partition, end in ends.items() if end > 0]
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()
    # Partitions without a commit count from their beginning; these hold nothing.
    assert GroupLags(settings, groups).read() == {groups[0]: len(places)}


def test_while_kafka_is_away_events_are_refused_by_name_and_taken_once_it_is_back(stack, client, settings, event_id):
    body = {"events": [{"event_id": event_id, "user_id": "u", "event_type": "cart"}]}
    assert client.post("/api/v1/events", json={"events": [{"user_id": "u", "event_type": "main"}]}).status_code == 202
    stack.kill("kafka")
    try:
        answer = client.post("/api/v1/events", json=body)
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "log_unavailable")
        (problem,) = answer.json["error"]["problems"]
        assert (problem["path"], problem["got"]) == ("events[0]", event_id)
        assert problem["message"].startswith("not acknowledged: ")
        health = client.get("/api/v1/health")
        assert (health.status_code, health.json["status"]) == (503, "down")
        assert {check["name"]: check["status"] for check in health.json["checks"]}["kafka"] == "down"
        assert client.get("/api/v1/tags").status_code == 200, "what needs no Kafka is answered"
    finally:
        stack.up("kafka")
    assert eventually(lambda: client.post("/api/v1/events", json=body).status_code == 202)
    copies = {event.event_id for _, event, _ in logged(settings, event_id)}
    assert copies == {event_id}


def test_while_hbase_is_away_profiles_fail_by_name_and_come_back(stack, client, settings):
    user_id, _ = known_user(settings)
    path = "/api/v1/users/" + requests.utils.quote(user_id, safe="")
    assert client.get(path).status_code == 200
    stack.kill("thrift")
    try:
        answer = client.get(path)
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "hbase_unavailable")
        assert eventually(lambda: checks(client)["hbase"] == "down")
    finally:
        stack.up("thrift")
    assert eventually(lambda: client.get(path).status_code == 200)


def test_while_mysql_is_away_profiles_are_answered_without_their_number(stack, client, settings):
    user_id, number = known_user(settings)
    path = "/api/v1/users/" + requests.utils.quote(user_id, safe="")
    stack.kill("mariadb")
    try:
        answer = client.get(path)
        assert (answer.status_code, answer.json["user_no"]) == (200, None)
        assert client.get(f"/api/v1/users/{uuid.uuid4()}").json["error"]["code"] == "mysql_unavailable"
        health = client.get("/api/v1/health")
        assert health.status_code == 200, "reads go on"
        assert {check["name"]: check["status"] for check in health.json["checks"]}["mysql"] == "down"
    finally:
        stack.up("mariadb")
    assert eventually(lambda: client.get(path).json["user_no"] == number)


def test_while_clickhouse_is_away_profiles_are_answered_and_tags_fail_by_name(stack, client, settings):
    user_id, number = known_user(settings)
    path = "/api/v1/users/" + requests.utils.quote(user_id, safe="")
    stack.kill("clickhouse")
    try:
        assert client.get(path).json["user_no"] == number
        assert client.get("/api/v1/tags").json["error"]["code"] == "clickhouse_unavailable"
        assert client.get("/api/v1/overview").status_code == 503
    finally:
        stack.up("clickhouse")
    assert eventually(lambda: client.get("/api/v1/tags").status_code == 200)
