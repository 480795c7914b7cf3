"""Watched crowds over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app
from stores import watches as module
from stores.settings import Settings
from tagging import bound_rules
from tagging.access import Role
from tagging.crowd_watches import Policy
from tagging.crowds import HasValue
from tests.access_app import guarded
from tests.delta_lives import publish
from tests.fakes import memory_deltas
from tests.fakes.api_stores import AT_MS, World, seeded

VIP = "/api/v1/crowds/vip"
GOLD = {"tag": "tier", "in": ["gold"]}


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World):
    client = create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()
    client.post("/api/v1/crowds", json={"name": "vip", "title": "Best", "rule": GOLD})
    return client


def watch(client, **body):
    return client.put(f"{VIP}/watch", json=body)


def test_a_crowd_is_watched_and_what_is_told_is_read_on_from_any_sequence(client, world):
    made = watch(client, tells_present=True)
    assert (made.status_code, made.json["sequence"], made.json["told_at"]) == (200, 0, None)
    publish(world.crowd_times, {2, 4})
    publish(world.crowd_times, {4, 5})
    found = client.get(f"{VIP}/watch").json["watch"]
    assert (found["sequence"], found["enters_total"], found["leaves_total"], found["published"]) == (4, 3, 1, True)
    first = client.get(f"{VIP}/deltas?limit=3").json
    assert [(item["user_id"], item["change"]) for item in first["items"]] == [
        ("u2", "enter"),
        ("u4", "enter"),
        ("u2", "leave"),
    ]
    assert first["items"][0]["delta_id"] == f"{found['id']}-1"
    rest = client.get(f"{VIP}/deltas?after={first['next']}").json
    assert ([item["sequence"] for item in rest["items"]], rest["next"]) == ([4], None)


def test_another_policy_goes_on_and_a_dry_run_begins_anew(client, world):
    first = watch(client, tells_present=True).json
    publish(world.crowd_times, {2})
    again = watch(client, rest_seconds=60, most_enters=2, within_hours=48).json
    assert (again["id"], again["sequence"], again["rest_seconds"], again["most_enters"]) == (first["id"], 1, 60, 2)
    assert world.crowd_times.watches.of("vip").policy == Policy(False, 60, 2, 48)
    dry = watch(client, dry_run=True).json
    assert dry["id"] != first["id"] and dry["sequence"] == 0


def test_a_watch_ends_and_another_one_begins_anew(client, world):
    first = watch(client).json
    assert client.delete(f"{VIP}/watch").status_code == 204
    assert client.get(f"{VIP}/watch").json == {"watch": None}
    answer = client.delete(f"{VIP}/watch")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_watched")
    assert client.get("/api/v1/crowds/nobody/watch").json["error"]["code"] == "crowd_not_found"
    assert watch(client).json["id"] != first["id"]


def test_a_watched_crowd_cannot_be_removed(client):
    watch(client)
    answer = client.delete(VIP, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "crowd_watched")
    client.delete(f"{VIP}/watch")
    assert client.delete(VIP, headers={"If-Match": '"1"'}).status_code == 204


def test_what_cannot_be_watched_is_refused(client, world, monkeypatch):
    assert client.put("/api/v1/crowds/nobody/watch", json={}).status_code == 404
    for place in (module, memory_deltas):
        monkeypatch.setattr(place, "MAX_WATCHES", 0)
    answer = watch(client)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "too_many_watches")


@pytest.mark.parametrize(
    "body", [{"rest_seconds": -1}, {"rest_seconds": 31 * 86_400}, {"most_enters": 0}, {"within_hours": 0}, {"often": 1}]
)
def test_a_policy_that_cannot_be_is_refused_with_what_may_be(client, body):
    answer = watch(client, **body)
    assert answer.status_code == 422
    assert [problem["path"] for problem in answer.json["error"]["problems"]] == list(body)


def test_a_watch_that_cannot_go_on_says_why(client, world):
    watch(client)
    world.crowd_times.watches.note_problem(world.crowd_times.watches.of("vip"), "there is no such tag")
    assert client.get(f"{VIP}/watch").json["watch"]["problem"] == "there is no such tag"


def test_only_who_may_change_a_crowd_watches_it_and_only_who_may_see_its_values_reads_the_deltas():
    access = guarded()
    editor, other, viewer = (access.browser(*who) for who in ((Role.EDITOR,), (Role.EDITOR, "eve"), (Role.VIEWER,)))
    rich = {"name": "rich", "title": "Rich", "rule": {"tag": "spend", "at_least": 20}}
    editor.send("POST", "/crowds", json=rich)
    for method in ("PUT", "DELETE"):
        if method == "DELETE":
            assert editor.send("PUT", "/crowds/rich/watch", json={}).status_code == 200
        answer = other.send(method, "/crowds/rich/watch", **({"json": {}} if method == "PUT" else {}))
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "not_owner")
    assert viewer.send("GET", "/crowds/rich/deltas").json["error"]["code"] == "values_masked"
    assert editor.send("GET", "/crowds/rich/deltas").status_code == 200
    held = access.world.crowd_times.watches.of("rich")
    told = bound_rules.bind(HasValue("spend", (1,)), {"spend": 1}).text()
    access.world.crowd_times.watches.held["rich"] = replace(held, planned=replace(held.planned, rule=told))
    assert viewer.send("GET", "/crowds/rich/deltas").json["error"]["code"] == "values_masked"
