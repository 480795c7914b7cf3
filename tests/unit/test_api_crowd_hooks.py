"""Webhooks and files of deltas over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app, crowd_watches
from jobs.crowd_hooks import HookSender
from stores.settings import Settings
from stores.webhook import Webhooks
from tagging.access import Role
from tagging.webhooks import State
from tests.access_app import guarded
from tests.delta_lives import publish
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.receiver import receiving

VIP = "/api/v1/crowds/vip"
SECRET = "a secret of both sides"
HOOK = {"url": "https://hooks.example.com/in", "secret": SECRET}


@pytest.fixture
def world() -> World:
    return seeded()


def client_of(world, **webhooks):
    client = create_app(Settings(webhooks=webhooks), world.stores(), clock=lambda: AT_MS).test_client()
    rule = {"tag": "tier", "in": ["gold"]}
    client.post("/api/v1/crowds", json={"name": "vip", "title": "Best", "rule": rule})
    return client


@pytest.fixture
def client(world: World):
    return client_of(world)


def test_a_hook_is_added_sent_to_and_listed_and_its_secret_is_in_no_answer(world):
    client = client_of(world, allow_private=True)
    with receiving() as receiver:
        client.put(f"{VIP}/watch", json={"tells_present": True})
        made = client.post(f"{VIP}/hooks", json={**HOOK, "url": receiver.url})
        publish(world.crowd_times, {2, 4})
        times = world.crowd_times
        HookSender(
            times.hooks, times.watches.of, times.deltas, Webhooks(True, 5), lambda: True, lambda: AT_MS, 3
        ).step()
        assert receiver.sequences() == [[1, 2]]
    assert (made.status_code, made.json["state"], made.json["url"]) == (201, "active", receiver.url)
    listed = client.get(f"{VIP}/hooks")
    assert [(item["id"], item["after"]) for item in listed.json["items"]] == [(made.json["id"], 2)]
    deliveries = client.get(f"{VIP}/hooks/{made.json['id']}/deliveries")
    [item] = deliveries.json["items"]
    assert (item["first_sequence"], item["last_sequence"], item["delivered"], item["attempts"]) == (1, 2, True, 1)
    assert all(SECRET not in answer.text for answer in (made, listed, deliveries))


def test_a_hook_is_replayed_and_removed(client, world):
    id = client.post(f"{VIP}/hooks", json={**HOOK, "after": 9}).json["id"]
    hooks = world.crowd_times.hooks
    hooks.held[id] = replace(hooks.held[id], state=State.DEAD, cause="refused", attempts=3)
    found = client.post(f"{VIP}/hooks/{id}/replay", json={"after": 4}).json
    assert (found["state"], found["after"], found["attempts"], found["cause"]) == ("active", 4, 0, "")
    assert client.delete(f"{VIP}/hooks/{id}").status_code == 204
    answer = client.post(f"{VIP}/hooks/{id}/replay", json={"after": 4})
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "hook_not_found")


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/", "https://127.0.0.1/", "https://ann:pw@hooks.example.com/", "hooks"]
)
def test_an_address_that_a_hook_may_not_have_is_refused(client, url):
    answer = client.post(f"{VIP}/hooks", json={**HOOK, "url": url})
    assert answer.status_code == 422
    assert answer.json["error"]["problems"][0]["path"] == "url"


def test_a_secret_that_is_too_short_is_refused_and_not_repeated(client):
    answer = client.post(f"{VIP}/hooks", json={**HOOK, "secret": "short-and-known"})
    assert answer.status_code == 422
    assert answer.json["error"]["problems"][0]["path"] == "secret"
    assert "short-and-known" not in answer.text


def test_only_who_may_change_the_crowd_says_where_its_users_are_sent():
    access = guarded()
    editor, other, viewer = (access.browser(*who) for who in ((Role.EDITOR,), (Role.EDITOR, "eve"), (Role.VIEWER,)))
    rich = {"name": "rich", "title": "Rich", "rule": {"tag": "spend", "at_least": 20}}
    editor.send("POST", "/crowds", json=rich)
    assert other.send("POST", "/crowds/rich/hooks", json=HOOK).json["error"]["code"] == "not_owner"
    assert viewer.send("POST", "/crowds/rich/hooks", json=HOOK).status_code == 403
    assert viewer.send("GET", "/crowds/rich/hooks").status_code == 403
    id = editor.send("POST", "/crowds/rich/hooks", json=HOOK).json["id"]
    assert other.send("DELETE", f"/crowds/rich/hooks/{id}").json["error"]["code"] == "not_owner"
    assert other.send("POST", f"/crowds/rich/hooks/{id}/replay", json={"after": 0}).status_code == 403
    assert editor.send("DELETE", f"/crowds/rich/hooks/{id}").status_code == 204


def test_deltas_are_exported_as_a_file_part_by_part(client, world, monkeypatch):
    monkeypatch.setattr(crowd_watches, "MOST_EXPORTED", 2)
    client.put(f"{VIP}/watch", json={"tells_present": True})
    publish(world.crowd_times, {1, 2, 3})
    first = client.get(f"{VIP}/deltas/export?format=csv")
    assert first.mimetype == "text/csv"
    assert first.headers["Content-Disposition"] == 'attachment; filename="vip-deltas.csv"'
    assert [line.split(",")[:3] for line in first.text.splitlines()] == [
        ["sequence", "change", "user_id"],
        ["1", "enter", "u1"],
        ["2", "enter", "u2"],
    ]
    rest = client.get(f"{VIP}/deltas/export?after={first.headers['Tagstream-Next-After']}")
    assert rest.text.splitlines()[1].startswith("3,enter,u3,")
    assert "Tagstream-Next-After" not in rest.headers
    assert client.get(f"{VIP}/deltas/export?format=xls").status_code == 422
