"""The routes of the ledger and of dead letters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app
from api.quality_ports import DeadLetterPlace, DeadLetterRow
from stores.settings import Settings
from tests.fakes.api_stores import AT_MS, World, definition, seeded
from tests.fakes.memory_ledger import DAY_MS, HOUR_MS, MINUTE_MS, Arrival, Change, RowArrival

URL = "/api/v1/ledger"


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def arrive(world: World, event_id: str, ago_ms: int, late_ms: int = 0, offset: int = 0, user_id: str = "u1") -> None:
    logged_at_ms = AT_MS - ago_ms
    world.ledger.arrivals.append(Arrival(event_id, user_id, logged_at_ms - late_ms, logged_at_ms, 0, offset))


def refuse(world: World, reason: str, ago_ms: int = 0, topic: str = "events", payload: bytes = b"no json") -> None:
    place = DeadLetterPlace(AT_MS - ago_ms, topic, 0, len(world.ledger.letters))
    world.ledger.letters.append(DeadLetterRow(place, reason, "said", payload, len(payload)))


def test_each_hour_shows_what_became_of_what_arrived_in_it_the_empty_ones_too(client, world):
    arrive(world, "a", 0)
    arrive(world, "b", 0, 90_000, 1)
    arrive(world, "a", 0, 5, 2)
    arrive(world, "c", HOUR_MS, 2 * DAY_MS, 3)
    arrive(world, "too_old", 5 * HOUR_MS)
    refuse(world, "future")
    refuse(world, "missing_field", HOUR_MS)
    refuse(world, "malformed")
    refuse(world, "malformed", topic="tag.city.v1")
    found = client.get(f"{URL}?hours=3").json
    assert (found["from"], found["to"]) == ("2026-09-21T12:00:00.000Z", "2026-09-21T14:13:20.000Z")
    events, *others = found["sources"]
    assert [source["source"] for source in (events, *others)] == ["events", "orders", "products", "scores", "users"]
    assert not any(any(source["totals"].values()) for source in others)
    nothing = {"on_time": 0, "late": 0, "future": 0, "malformed": 0, "duplicate": 0}
    assert events["hours"] == [
        {"hour": "2026-09-21T12:00:00.000Z"} | nothing,
        {"hour": "2026-09-21T13:00:00.000Z"} | nothing | {"late": 1, "malformed": 1},
        {"hour": "2026-09-21T14:00:00.000Z", "on_time": 1, "late": 1, "future": 1, "malformed": 1, "duplicate": 1},
    ]
    assert events["totals"] == {"on_time": 1, "late": 2, "future": 1, "malformed": 2, "duplicate": 1}
    assert events["longest_late_seconds"] == 2 * DAY_MS / 1000
    assert events["refused"] == {"future": 1, "malformed": 1, "missing_field": 1}


def test_a_tables_row_changes_have_a_ledger_of_their_own(client, world):
    for offset, (change, late_ms) in enumerate([("a", 0), ("a", 5), ("b", 90_000)]):
        world.ledger.rows.append(RowArrival("orders", change, AT_MS - late_ms, AT_MS, 0, offset))
    refuse(world, "malformed", topic="cdc.shop.orders")
    [orders] = [each for each in client.get(URL).json["sources"] if each["source"] == "orders"]
    assert orders["totals"] == {"on_time": 1, "late": 1, "future": 0, "malformed": 1, "duplicate": 1}
    assert orders["longest_late_seconds"] == 90 and orders["refused"] == {"malformed": 1}
    assert orders["hours"][-1]["late"] == 1 and len(orders["hours"]) == 24


def test_tags_that_read_events_tell_how_often_a_late_event_changed_them(client, world):
    reads = "SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR) GROUP BY user_id"
    world.registry.definitions = [
        replace(definition("heat", "integer"), sql=reads),
        replace(definition("calm", "integer"), sql=reads),
        replace(definition("city"), sql="SELECT user_id, city AS value FROM users"),
        definition("broken"),
    ]
    arrive(world, "late", 10_000, HOUR_MS)
    for offset, (tag, version) in enumerate(
        [("heat", 1), ("heat", 1), ("heat", 2), ("city", 1), ("broken", 1), ("calm", 1)]
    ):
        ago_ms = 9_000 if tag != "calm" else 2 * MINUTE_MS
        world.ledger.changes.append(Change(tag, version, "u1", AT_MS - ago_ms, offset))
    assert client.get(URL).json["tags"] == [
        {"tag": "heat", "version": 1, "changes": 2, "corrections": 2},
        {"tag": "calm", "version": 1, "changes": 1, "corrections": 0},
    ]


def test_an_empty_ledger_has_its_hours(client):
    found = client.get(URL).json
    assert len(found["sources"][0]["hours"]) == 24 and found["sources"][0]["longest_late_seconds"] == 0


def test_dead_letters_come_by_pages_and_by_reason_whatever_their_bytes_are(client, world):
    refuse(world, "malformed", 2_000, payload=b"\xff\x00{")
    refuse(world, "malformed", 1_000, payload="用户".encode())
    refuse(world, "future", 0)
    first = client.get(f"{URL}/dead_letters?limit=2").json
    assert [(item["reason"], item["offset"]) for item in first["items"]] == [("future", 2), ("malformed", 1)]
    assert first["items"][1]["payload"] == "用户" and first["items"][1]["payload_bytes"] == 6
    rest = client.get(f"{URL}/dead_letters?limit=2&cursor={first['next']}").json
    assert [item["payload"] for item in rest["items"]] == ["\\xff\x00{"] and rest["next"] is None
    assert len(client.get(f"{URL}/dead_letters?reason=malformed").json["items"]) == 2


@pytest.mark.parametrize(
    "path",
    [
        "?hours=0",
        "?hours=169",
        "?days=1",
        "/dead_letters?limit=101",
        "/dead_letters?reason=odd",
        "/dead_letters?cursor=x",
        "/dead_letters?cursor=Mw",
        "/dead_letters?cursor=ImEgYiBjIGQi",
    ],
)
def test_input_that_is_no_input_is_refused(client, path):
    answer = client.get(URL + path)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "invalid_input")


@pytest.mark.parametrize("path", ["", "/dead_letters"])
def test_a_store_that_is_away_is_named(client, world, path):
    world.ledger.fail("refused")
    assert client.get(URL + path).json["error"]["code"] == "clickhouse_unavailable"
