"""Crowds back in time over HTTP."""

from __future__ import annotations

import pytest

from api import create_app, crowd_past
from api.times import iso
from stores.settings import Settings
from tagging.access import Role
from tests.access_app import guarded
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.fakes.memory_history import StoredChange

HOUR = 3_600_000
GOLD = {"tag": "tier", "in": ["gold"]}
CHANGES = [
    ("u1", "tier", "silver", -3 * HOUR),
    ("u2", "tier", "gold", -3 * HOUR),
    ("u1", "spend", 5, -2 * HOUR),
    ("u1", "tier", "gold", -1 * HOUR),
    ("u2", "tier", None, -HOUR // 2),
]


@pytest.fixture
def world() -> World:
    world = seeded()
    world.history.stored[:] = [
        StoredChange(user, tag, 1, value, AT_MS + ago, offset) for offset, (user, tag, value, ago) in enumerate(CHANGES)
    ]
    return world


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def create(client, rule=GOLD, name="vip"):
    assert client.post("/api/v1/crowds", json={"name": name, "title": "Best", "rule": rule}).status_code == 201


def past(client, ago, **query):
    return client.get("/api/v1/crowds/vip/past", query_string={"at": iso(AT_MS - ago), **query})


def moves(client, user):
    return client.get("/api/v1/crowds/vip/moves", query_string={"user": user})


def test_a_crowd_is_taken_back_to_whom_its_rule_took(client):
    create(client)
    found = {ago: [item["user_id"] for item in past(client, ago).json["items"]] for ago in (3 * HOUR, HOUR, 0)}
    assert found == {3 * HOUR: ["u2"], HOUR: ["u1", "u2"], 0: ["u1"]}
    answer = past(client, HOUR // 2).json
    assert (answer["users"], answer["versions"], answer["tick"]) == (1, {"tier": 1}, (AT_MS - HOUR // 2) // 60_000)


def test_past_members_come_page_by_page(client):
    create(client)
    first = past(client, HOUR, limit=1).json
    second = past(client, HOUR, limit=1, cursor=first["next"]).json
    assert [page["items"][0]["user_id"] for page in (first, second)] == ["u1", "u2"]
    assert (first["users"], second["next"]) == (2, None)


def test_who_had_no_value_yet_was_in_no_crowd(client):
    create(client, {"not": GOLD})
    assert [item["user_id"] for item in past(client, 3 * HOUR).json["items"]] == ["u1"]


def test_a_time_before_the_history_of_a_tag_is_refused_with_the_tag(client):
    create(client, {"all": [GOLD, {"tag": "spend", "at_least": 1}]})
    answer = past(client, 2 * HOUR + 1)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "before_history")
    assert f"spend v1 from {iso(AT_MS - 2 * HOUR)} on" in answer.json["error"]["message"]
    assert past(client, 2 * HOUR).status_code == 200


def test_a_time_that_has_yet_to_come_is_refused(client):
    create(client)
    assert past(client, -1).status_code == 422


def test_a_user_is_told_when_it_moved_and_by_which_condition(client):
    create(client)
    found = moves(client, "u1").json
    assert (found["member"], found["known_from"]) == (True, iso(AT_MS - 3 * HOUR))
    [move] = found["items"]
    assert (move["at"], move["entered"]) == (iso(AT_MS - HOUR), True)
    [cause] = move["causes"]
    assert (cause["tag"], cause["before"], cause["after"], cause["holds"]) == ("tier", "silver", "gold", True)
    assert cause["sentence"] == {"en": 'Tier is "gold"', "zh": 'Tier 为 "gold"'}


def test_the_newest_move_comes_first(client):
    create(client)
    found = moves(client, "u2").json
    assert [(move["entered"], move["at"]) for move in found["items"]] == [
        (False, iso(AT_MS - HOUR // 2)),
        (True, iso(AT_MS - 3 * HOUR)),
    ]
    assert not found["member"] and found["items"][0]["causes"][0]["after"] is None


def test_who_lacks_what_is_asked_for_comes_in_when_it_is_first_known(client):
    create(client, {"not": {"tag": "spend", "present": True}})
    found = moves(client, "u1").json
    assert [(move["entered"], len(move["causes"])) for move in found["items"]] == [(False, 1), (True, 0)]


def test_nobody_is_in_no_crowd(client):
    create(client, {"all": []})
    assert moves(client, "nobody").json == {"user": "nobody", "member": False, "known_from": None, "items": []}


def test_of_more_changes_than_are_looked_at_the_newest_count(client, world, monkeypatch):
    monkeypatch.setattr(crowd_past, "MOST_CHANGES", 2)
    values = ["gold", "silver"] * 3 + ["gold"]
    world.history.stored[:] = [
        StoredChange("u1", "tier", 1, value, AT_MS - HOUR + step, step) for step, value in enumerate(values)
    ]
    create(client)
    found = moves(client, "u1").json
    assert [(move["entered"], move["at"]) for move in found["items"]] == [
        (True, iso(AT_MS - HOUR + 6)),
        (False, iso(AT_MS - HOUR + 5)),
    ]
    assert (found["known_from"], found["member"]) == (iso(AT_MS - HOUR + 4), True)


def test_moves_by_behaviour_are_not_told_one_by_one(client):
    create(client, {"behaviour": {"chart": "trends", "query": {"period": {"last_days": 7}}}})
    answer = moves(client, "u1")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "moves_by_events")
    assert "/past?at=" in answer.json["error"]["message"]


def test_the_past_of_masked_values_is_for_those_who_may_see_them():
    access = guarded()
    editor, viewer = access.browser(Role.EDITOR), access.browser(Role.VIEWER)
    rich = {"name": "rich", "title": "Rich", "rule": {"tag": "spend", "at_least": 20}}
    editor.send("POST", "/crowds", json=rich)
    for path in ("past", "moves?user=u1"):
        assert viewer.send("GET", f"/crowds/rich/{path}").json["error"]["code"] == "values_masked"
        assert editor.send("GET", f"/crowds/rich/{path}").status_code == 200
