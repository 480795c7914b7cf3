"""A user is erased over HTTP: nobody sees the user from then on, and the erasure says how far it has come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import create_app
from api.erased import hiding
from stores.settings import Settings
from tagging.access import Role
from tagging.erasure import Erasure, State, Step, StepState
from tests.access_app import guarded
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.fakes.memory_erasures import MemoryErasures

EVENT = {"user_id": "u1", "event_type": "cart"}


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS, wait=lambda seconds: None).test_client()


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_asking_answers_where_the_certificate_will_be(client, world):
    asked = client.delete("/api/v1/users/u1", headers={"X-Actor": "ann"})
    assert asked.status_code == 202
    found = client.get(asked.headers["Location"]).json
    assert (found["state"], found["user_id"], found["asked_by"]) == ("asked", "u1", "ann")
    assert found["subject"] == world.erasures.subject_of("u1").hex()
    assert found["asked_at"] == "2026-09-21T14:13:20.000Z"


@pytest.mark.parametrize(
    "path",
    ["", "/live?seconds=0", "/events", "/tags", "/tags/tier", "/tags/tier/why", "/tags/tier/changes"],
)
def test_nobody_reads_anything_of_the_user_from_the_moment_of_the_request(client, path):
    assert client.get(f"/api/v1/users/u1{path}").status_code == 200
    client.delete("/api/v1/users/u1")
    assert code(client.get(f"/api/v1/users/u1{path}")) == (404, "user_erased")
    assert client.get(f"/api/v1/users/u3{path}").status_code == 200


def test_no_list_shows_the_user_and_pages_go_on_behind_them(client):
    def listed(path: str) -> list[str]:
        found, cursor = [], ""
        while True:
            page = client.get(f"{path}{'&' if '?' in path else '?'}limit=1{cursor}").json
            found += [item["user_id"] for item in page["items"]]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    client.post("/api/v1/crowds", json={"name": "gold", "title": "Gold", "rule": {"tag": "tier", "in": ["gold"]}})
    lists = ("/api/v1/users", "/api/v1/tags/tier/users", "/api/v1/crowds/gold/members")
    before = {path: listed(path) for path in lists}
    assert all("u1" in found for found in before.values())
    client.delete("/api/v1/users/u1")
    assert {path: listed(path) for path in lists} == {
        path: [user_id for user_id in found if user_id != "u1"] for path, found in before.items()
    }


def test_events_of_the_user_are_refused_with_their_places_and_nothing_is_written(client, world):
    client.delete("/api/v1/users/u1")
    refused = client.post("/api/v1/events", json={"events": [{**EVENT, "user_id": "u2"}, EVENT]})
    assert code(refused) == (422, "invalid_input")
    [problem] = refused.json["error"]["problems"]
    assert (problem["path"], problem["got"]) == ("events[1].user_id", "u1")
    assert "erased" in problem["message"]
    assert world.events.events == []


def test_asking_again_is_the_same_erasure_and_a_key_names_it_for_ever(client, world):
    keyed = {"Idempotency-Key": "k1"}
    first = client.delete("/api/v1/users/u1", headers=keyed).json["id"]
    assert client.delete("/api/v1/users/u1").json["id"] == first
    world.erasures.rows[first] = world.erasures.rows[first].completed(AT_MS)
    assert client.delete("/api/v1/users/u1", headers=keyed).json["id"] == first
    assert client.delete("/api/v1/users/u2", headers=keyed).json["id"] != first
    assert client.delete("/api/v1/users/u1").json["id"] != first


def test_somebody_whom_nobody_knows_is_erased_too(client):
    assert client.delete("/api/v1/users/nobody%2Fat all").json["user_id"] == "nobody/at all"


def test_a_complete_certificate_names_nobody_and_says_what_is_left_until_when(client, world):
    id = client.delete("/api/v1/users/u1").json["id"]
    done = Step("profiles", StepState.DONE, 3, AT_MS, None, "bytes go at the next major compaction")
    kept = Step("events_log", StepState.KEPT, 0, None, AT_MS + 1_000, "events 30 days")
    world.erasures.rows[id] = world.erasures.rows[id].noting(done, kept).completed(AT_MS)
    found = client.get(f"/api/v1/erasures/{id}").json
    assert (found["state"], found["user_id"], found["completed_at"]) == ("complete", None, "2026-09-21T14:13:20.000Z")
    assert [(step["store"], step["state"], step["removed"]) for step in found["steps"]] == [
        ("profiles", "done", 3),
        ("events_log", "kept", 0),
    ]
    assert found["steps"][1]["kept_until"] == "2026-09-21T14:13:21.000Z"
    assert code(client.get("/api/v1/users/u1")) == (404, "user_erased")


def test_erasures_are_listed_the_newest_first_in_pages(client):
    ids = [client.delete(f"/api/v1/users/u{number}").json["id"] for number in range(3)]
    first = client.get("/api/v1/erasures?limit=2").json
    second = client.get(f"/api/v1/erasures?limit=2&cursor={first['next']}").json
    assert [item["id"] for item in (*first["items"], *second["items"])] == ids[::-1]
    assert second["next"] is None
    assert code(client.get("/api/v1/erasures/" + "0" * 32)) == (404, "erasure_not_found")


def test_without_a_secret_nobody_is_erased_and_the_answer_says_what_to_set(world):
    world.erasures = MemoryErasures(secret="")
    client = create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()
    refused = client.delete("/api/v1/users/u1")
    assert code(refused) == (503, "erasure_not_configured")
    assert "TAGSTREAM_ERASURE__SECRET" in refused.json["error"]["message"]
    assert client.get("/api/v1/users/u1").status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_admin_erases_or_sees_of_whom(role):
    access = guarded()
    client = access.client()
    key = access.key(role)
    for method, path in (("DELETE", "/users/u1"), ("GET", "/erasures"), ("GET", f"/erasures/{'0' * 32}")):
        assert code(client.open(f"/api/v1{path}", method=method, headers=key)) == (403, "role_not_allowed")
    assert access.world.erasures.rows == {}


def test_who_asked_is_in_the_audit_log_and_who_may_not_come_in_learns_nothing():
    access = guarded()
    admin = access.browser(Role.ADMIN, "ann")
    assert admin.send("DELETE", "/users/u1").status_code == 202
    assert access.deeds()[-1] == ("ann", "users.erase_user", 202)
    assert code(access.client().get("/api/v1/users/u1")) == (401, "not_signed_in")


@given(erased=st.sets(st.integers(0, 19)), limit=st.integers(1, 7))
def test_a_page_is_short_only_where_there_are_no_more_users(erased, limit):
    world = seeded(20)
    for number in erased:
        subject = world.erasures.subject_of(f"u{number}").hex()
        world.erasures.ask(Erasure(str(number), subject, f"u{number}", "ann", AT_MS))
    users = hiding(world.stores()).users
    wanted = [user.user_id for user in world.users.users if int(user.user_id[1:]) not in erased]
    found, after = [], ""
    while page := users.search("", after, limit):
        found += [user.user_id for user in page]
        after = page[-1].user_id
        assert len(page) == min(limit, len(wanted) - len(found) + len(page))
    assert found == wanted


def test_a_failed_erasure_says_why(client, world):
    id = client.delete("/api/v1/users/u1").json["id"]
    world.erasures.rows[id] = replace(world.erasures.rows[id], state=State.FAILED, cause="hbase is away")
    assert client.get(f"/api/v1/erasures/{id}").json["cause"] == "hbase is away"


@pytest.mark.parametrize("below", ["events", "live", "tags", "tags/tier", "tags/tier/why"])
def test_a_path_below_a_user_erases_nobody(client, world, below):
    answer = client.delete(f"/api/v1/users/u1/{below}")
    assert answer.status_code == 405 and "DELETE" not in answer.headers["Allow"]
    assert "DELETE" not in client.options(f"/api/v1/users/u1/{below}").headers["Allow"]
    assert world.erasures.open()[0] == 0
    assert "DELETE" in client.options("/api/v1/users/u1").headers["Allow"]
    assert client.delete("/api/v1/users/u1").status_code == 202
