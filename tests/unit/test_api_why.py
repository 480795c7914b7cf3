"""Why a user has a tag, and what it was at a time, over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app
from jobs.builtin import builtin_tags
from stores.settings import Settings
from tagging.sources import CATALOG
from tests.fakes.api_stores import FixedRegistry, World, seeded
from tests.fakes.memory_history import MemoryUserHistory, StoredChange

MINUTE, HOUR = 60_000, 3_600_000
NOW = 29_833_333 * MINUTE
VIEWS, HEAT, TIER, MONTH = "views_7d", "heat_1h", "spend_tier_30d", "orders_30d"


def event(event_id: str, occurred_at: int, event_type: str = "product1", logged_at: int | None = None) -> dict:
    row = {"event_id": event_id, "user_id": "ann", "event_type": event_type, "item_id": "p1", "properties": {}}
    return {**row, "occurred_at": occurred_at, "logged_at": logged_at or occurred_at, "offset": int(event_id[1:])}


def order(order_id: str, amount: str, status: str, ordered_at: int) -> dict:
    row = {**dict.fromkeys(CATALOG["orders"].columns), "order_id": order_id, "user_id": "ann", "amount": amount}
    return {**row, "status": status, "ordered_at": ordered_at, "op": "c", "offset": 1, "logged_at": NOW - HOUR}


@pytest.fixture
def world() -> World:
    """ann looked at three products, one of them told too late, and paid 120.50 in two orders; a third was cancelled."""
    world = seeded()
    world.registry = FixedRegistry([tag.definition for tag in builtin_tags(VIEWS, HEAT, TIER, MONTH)])
    log = {
        "users": [],
        "products": [],
        "events": [
            event("e1", NOW - 30 * MINUTE),
            event("e2", NOW - 20 * MINUTE),
            event("e3", NOW - 10 * MINUTE, logged_at=NOW - 2 * MINUTE),
            event("e4", NOW - 9 * 24 * HOUR),
            event("e5", NOW - 15 * MINUTE, "share"),
        ],
        "orders": [
            order("o1", "100.00", "paid", NOW - 2 * HOUR),
            order("o2", "20.50", "shipped", NOW - 3 * HOUR),
            order("o3", "900.00", "cancelled", NOW - 3 * HOUR),
        ],
    }
    ticks = {minute: minute * MINUTE for minute in range(NOW // MINUTE - 120, NOW // MINUTE + 1)}
    stored = [
        StoredChange("ann", VIEWS, 1, 3, NOW - 2 * MINUTE, 7),
        StoredChange("ann", TIER, 1, "silver", NOW - HOUR, 3),
    ]
    world.history = MemoryUserHistory(log, ticks, stored)
    return world


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores(), clock=lambda: NOW).test_client()


def steps(answer) -> list[tuple]:
    return [(step["kind"], step["rows_in"], step["rows_out"]) for step in answer.json["steps"]]


def test_why_tells_every_step_from_the_rows_to_the_value(client):
    answer = client.get(f"/api/v1/users/ann/tags/{TIER}/why")
    assert answer.status_code == 200
    found = answer.json
    assert (found["value"], found["stored"]["value"], found["agrees"], found["difference"]) == (
        "silver",
        "silver",
        True,
        None,
    )
    assert steps(answer) == [("source", 3, 3), ("window", 3, 3), ("where", 3, 2), ("group", 2, 1), ("value", 1, 1)]
    dropped = [row for row in found["steps"][2]["rows"] if not row["kept"]]
    assert [(row["cells"]["order_id"], row["note"]) for row in dropped] == [
        ("o3", "orders.status NOT IN ('cancelled', 'refunded')")
    ]
    assert found["steps"][3]["rows"][0]["cells"] == {"user_id": "ann", "SUM(orders.amount)": "120.50"}
    taken = [branch for branch in found["steps"][4]["branches"] if branch["taken"]]
    assert [(branch["condition"], branch["result"]) for branch in taken] == [("SUM(orders.amount) >= 100", "'silver'")]
    assert found["decided_by"] == 4
    assert found["tick"] == found["at"]


def test_why_not_names_the_step_at_which_nothing_was_left(client):
    answer = client.get(f"/api/v1/users/ann/tags/{VIEWS}/why?at=2026-09-21T14:08:00Z")
    found = answer.json
    assert (found["value"], found["stored"], found["agrees"]) == (
        None,
        {"value": None, "since": None, "changes": 0},
        True,
    )
    decided = found["steps"][found["decided_by"]]
    assert (decided["kind"], decided["text"], decided["rows_in"], decided["rows_out"]) == (
        "having",
        "COUNT(*) >= 3",
        1,
        0,
    )
    assert decided["conditions"] == [{"text": "COUNT(*) >= 3", "held": 0, "failed": 1, "unknown": 0}]
    assert decided["rows"][0]["cells"] == {"user_id": "ann", "COUNT(*)": 2}


def test_why_not_says_that_a_row_has_left_its_window(client):
    found = client.get(f"/api/v1/users/ann/tags/{VIEWS}/why").json
    (window,) = [step for step in found["steps"] if step["kind"] == "window"]
    gone = [row for row in window["rows"] if not row["kept"]]
    assert [(row["cells"]["event_id"], row["note"]) for row in gone] == [("e4", "has left the window")]


def test_of_a_user_without_rows_the_source_decides(client):
    found = client.get(f"/api/v1/users/nobody/tags/{HEAT}/why").json
    assert (found["value"], found["steps"][found["decided_by"]]["kind"]) == (None, "source")


def test_a_late_event_makes_the_value_known_then_and_the_one_recomputed_now_differ(client):
    at = "2026-09-21T14:09:00Z"
    found = client.get(f"/api/v1/users/ann/tags/{VIEWS}?at={at}").json
    assert (found["known"]["value"], found["recomputed"], found["agrees"]) == (None, 3, False)
    why = client.get(f"/api/v1/users/ann/tags/{VIEWS}/why?at={at}&hindsight=true").json
    assert (why["value"], why["agrees"]) == (3, False)
    assert "arrived late" in why["difference"]


def test_where_nothing_was_late_both_agree(client):
    found = client.get(f"/api/v1/users/ann/tags/{VIEWS}").json
    assert (found["known"]["value"], found["recomputed"], found["agrees"]) == (3, 3, True)


def test_the_whole_profile_at_a_time_has_every_tag_that_either_way_gives(client):
    tags = client.get("/api/v1/users/ann/tags?at=2026-09-21T14:09:00Z").json["tags"]
    assert [(tag["tag"], tag["known"]["value"], tag["recomputed"], tag["agrees"]) for tag in tags] == [
        ("heat_1h", None, "warm", False),
        ("orders_30d", None, 2, False),
        ("spend_tier_30d", "silver", "silver", True),
        ("views_7d", None, 3, False),
    ]


def test_a_stored_value_that_the_rows_do_not_give_is_said_to_differ(client, world):
    world.history.stored.append(StoredChange("ann", VIEWS, 1, 8, NOW - MINUTE, 8))
    found = client.get(f"/api/v1/users/ann/tags/{VIEWS}/why").json
    assert (found["value"], found["stored"]["value"], found["agrees"]) == (3, 8, False)
    assert "parity is broken" in found["difference"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{VIEWS}/why?at=yesterday", 422, "invalid_input"),
        (f"{VIEWS}/why?at=2026-09-21T14:09:00", 422, "invalid_input"),
        (f"{VIEWS}/why?at=2036-09-21T14:09:00Z", 422, "invalid_input"),
        (f"{VIEWS}/why?at=2025-01-01T00:00:00Z", 404, "nothing_known_then"),
        (f"{VIEWS}?at=9", 422, "invalid_input"),
        (f"{VIEWS}?on=monday", 422, "invalid_input"),
        ("unknown/why", 404, "tag_not_found"),
        ("unknown", 404, "tag_not_found"),
        ("unknown/changes", 404, "tag_not_found"),
        (f"{VIEWS}/changes?cursor=bm8", 422, "invalid_input"),
        ("NO/why", 422, "invalid_input"),
    ],
)
def test_what_cannot_be_answered_is_refused(client, path, status, code):
    answer = client.get(f"/api/v1/users/ann/tags/{path}")
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_a_tag_that_cannot_be_read_is_not_explained(client, world):
    (heat,) = [tag for tag in world.registry.definitions if tag.name == HEAT]
    broken = replace(heat, sql="SELECT user_id, nothing AS value FROM users")
    world.registry.definitions = [broken]
    answer = client.get(f"/api/v1/users/ann/tags/{HEAT}/why")
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "not_explained")


def test_changes_and_events_come_page_by_page(client):
    changes = client.get(f"/api/v1/users/ann/tags/{VIEWS}/changes").json
    assert [change["value"] for change in changes["items"]] == [3]
    first = client.get("/api/v1/users/ann/events?limit=3").json
    rest = client.get(f"/api/v1/users/ann/events?limit=3&cursor={first['next']}").json
    assert [event["event_id"] for event in first["items"] + rest["items"]] == ["e3", "e5", "e2", "e1", "e4"]
    assert rest["next"] is None
    assert client.get("/api/v1/users/ann/events?cursor=InggeSI").json["error"]["code"] == "invalid_input"
