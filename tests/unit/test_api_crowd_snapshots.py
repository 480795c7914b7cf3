"""Snapshots of crowds over HTTP: asked for, made by the worker, listed, paged, compared, removed."""

from __future__ import annotations

import pytest

from api import create_app
from jobs.crowd_snapshots import SnapshotWorker
from stores import snapshots as module
from stores.bitmaps import Generation
from stores.settings import Settings
from tagging.access import Role
from tests.access_app import guarded
from tests.fakes import memory_crowd_times
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.fakes.memory_statistics import StoredValue

GOLD = {"tag": "tier", "in": ["gold"]}
VIP = "/api/v1/crowds/vip"


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World):
    client = create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()
    client.post("/api/v1/crowds", json={"name": "vip", "title": "Best", "rule": GOLD})
    return client


def work(world):
    times = world.crowd_times
    while SnapshotWorker(times.snapshots, times.users, lambda: AT_MS).step():
        pass


def make(client, world):
    asked = client.post(f"{VIP}/snapshots")
    assert asked.status_code == 202
    work(world)
    return client.get(asked.headers["Location"]).json


def change(world, number, tier, generation):
    """The user has another tier from the next generation on."""
    world.statistics.rows = [row for row in world.statistics.rows if (row.tag, row.user_no) != ("tier", number)] + [
        StoredValue("tier", 1, number, f"u{number - 1}", tier, AT_MS)
    ]
    world.crowd_times.users.generation = Generation(generation, AT_MS + generation)


def test_a_snapshot_is_asked_for_and_done_when_a_job_has_made_it(client, world):
    asked = client.post(f"{VIP}/snapshots")
    assert (asked.status_code, asked.json["state"], asked.json["users"]) == (202, "asked", None)
    assert client.get(asked.headers["Location"]).status_code == 202
    work(world)
    done = client.get(asked.headers["Location"])
    assert done.status_code == 200
    found = done.json
    assert (found["state"], found["users"], found["generation"], found["tick"]) == ("done", 2, 7, AT_MS // 60_000)
    assert (found["rule"], found["versions"], found["revision"], found["who"]) == (GOLD, {"tier": 1}, 1, "local")
    assert found["sentence"]["en"] == 'Tier is "gold"'


def test_a_request_that_comes_twice_is_one_snapshot(client, world):
    key = {"Idempotency-Key": "k1"}
    first, second = (client.post(f"{VIP}/snapshots", headers=key).json for _ in range(2))
    assert first == second
    assert len(client.get(f"{VIP}/snapshots").json["items"]) == 1
    assert client.post(f"{VIP}/snapshots").json["id"] != first["id"]


def test_a_snapshot_keeps_its_rule_and_users_when_the_crowd_becomes_another(client, world):
    id = make(client, world)["id"]
    rule = {"tag": "tier", "in": ["silver"]}
    client.put(VIP, json={"title": "Best", "rule": rule}, headers={"If-Match": '"1"'})
    change(world, 2, "silver", 8)
    kept = client.get(f"{VIP}/snapshots/{id}").json
    assert (kept["rule"], kept["revision"]) == (GOLD, 1)
    assert [item["user_no"] for item in client.get(f"{VIP}/snapshots/{id}/members").json["items"]] == [2, 4]


def test_a_snapshot_has_the_rules_of_the_crowds_that_it_names(client, world):
    client.post("/api/v1/crowds", json={"name": "part", "title": "Part", "rule": {"not": {"crowd": "vip"}}})
    client.post("/api/v1/crowds/part/snapshots")
    client.put(VIP, json={"title": "Best", "rule": {"all": []}}, headers={"If-Match": '"1"'})
    work(world)
    [found] = client.get("/api/v1/crowds/part/snapshots").json["items"]
    assert (found["users"], found["sentence"]["en"]) == (3, 'not Tier is "gold"')


def test_members_come_page_by_page(client, world):
    id = make(client, world)["id"]
    found, cursor = [], None
    while True:
        query = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = client.get(f"{VIP}/snapshots/{id}/members", query_string=query).json
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [item["user_id"] for item in found] == ["u1", "u3"] and page["users"] == 2


def test_two_snapshots_tell_who_joined_left_and_stayed(client, world):
    earlier = make(client, world)["id"]
    change(world, 2, "silver", 8)
    change(world, 3, "gold", 8)
    later = make(client, world)["id"]
    query = {"since": earlier}
    found = client.get(f"{VIP}/snapshots/{later}/changes", query_string=query).json
    assert (found["joined"], found["left"], found["stayed"], found["same_rule"]) == (1, 1, 1, True)
    groups = {
        group: [
            item["user_id"]
            for item in client.get(f"{VIP}/snapshots/{later}/changes", query_string={**query, "group": group}).json[
                "items"
            ]
        ]
        for group in ("joined", "left", "stayed")
    }
    assert groups == {"joined": ["u2"], "left": ["u1"], "stayed": ["u3"]}
    turned = client.get(f"{VIP}/snapshots/{earlier}/changes", query_string={"since": later})
    assert (turned.status_code, turned.json["error"]["problems"][0]["path"]) == (422, "since")


def test_a_removed_snapshot_is_gone_at_once_and_its_users_when_the_job_comes(client, world):
    id = make(client, world)["id"]
    assert client.delete(f"{VIP}/snapshots/{id}").status_code == 204
    assert client.get(f"{VIP}/snapshots/{id}").status_code == 404
    assert client.get(f"{VIP}/snapshots").json["items"] == []
    assert world.crowd_times.users.kept
    work(world)
    assert not world.crowd_times.users.kept


def test_snapshots_outlive_their_crowd(client, world):
    id = make(client, world)["id"]
    client.delete(VIP, headers={"If-Match": '"1"'})
    assert [item["id"] for item in client.get(f"{VIP}/snapshots").json["items"]] == [id]
    assert client.get(f"{VIP}/snapshots/{id}/members").json["users"] == 2
    assert client.delete(f"{VIP}/snapshots/{id}").status_code == 204
    assert client.get(f"{VIP}/snapshots").status_code == 404


def test_a_snapshot_that_is_not_done_has_no_users_yet(client, world):
    id = client.post(f"{VIP}/snapshots").json["id"]
    answer = client.get(f"{VIP}/snapshots/{id}/members")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "snapshot_not_done")


def test_a_snapshot_of_another_crowd_is_not_found_here(client, world):
    id = make(client, world)["id"]
    assert client.get(f"/api/v1/crowds/other/snapshots/{id}").status_code == 404
    answer = client.get(f"{VIP}/snapshots/{id}/changes", query_string={"since": "0" * 32})
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "snapshot_not_found")


def test_a_crowd_that_has_as_many_as_it_may_is_told_so(client, world, monkeypatch):
    for place in (module, memory_crowd_times):
        monkeypatch.setattr(place, "MOST_OF_A_CROWD", 1)
    client.post(f"{VIP}/snapshots")
    answer = client.post(f"{VIP}/snapshots")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "too_many_snapshots")


def test_a_snapshot_of_masked_values_is_for_those_who_may_see_them():
    access = guarded()
    editor, viewer, other = access.browser(Role.EDITOR), access.browser(Role.VIEWER), access.browser(Role.EDITOR, "eve")
    rich = {"name": "rich", "title": "Rich", "rule": {"tag": "spend", "at_least": 20}}
    assert editor.send("POST", "/crowds", json=rich).status_code == 201
    id = editor.send("POST", "/crowds/rich/snapshots").json["id"]
    work(access.world)
    assert editor.send("GET", f"/crowds/rich/snapshots/{id}/members").json["users"] == 3
    for path in ("members", f"changes?since={id}"):
        answer = viewer.send("GET", f"/crowds/rich/snapshots/{id}/{path}")
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "values_masked")
    assert viewer.send("POST", "/crowds/rich/snapshots").status_code == 403
    answer = other.send("DELETE", f"/crowds/rich/snapshots/{id}")
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "not_owner")
    assert editor.send("DELETE", f"/crowds/rich/snapshots/{id}").status_code == 204
