"""The routes of jobs and of single dead letters."""

from __future__ import annotations

import hashlib

import orjson
import pytest

from api import create_app
from api.health_ports import JobState
from stores.dead_letters import Place
from stores.job_requests import State, What
from stores.settings import Settings
from tagging.access import Role
from tests.access_app import guarded
from tests.fakes.api_stores import AT_MS, World, seeded

JOBS, LETTERS = "/api/v1/jobs", "/api/v1/ledger/dead_letters"
TAGS = JobState("a1", "tags", "RUNNING", 60, AT_MS, None, False, 7, 1, 1_048_576, 1_250)
PROOF = JobState("b2", "proof", "RUNNING", 5, None, bounded=True)
OLD = JobState("c3", "tag.heat.v2", "FAILED", 5, None, "no such column")
LETTER = Place("events", 1, 5)
EVENT = {"event_id": "e1", "user_id": "u1", "event_type": "cart", "occurred_at": AT_MS - 1}
FUTURE = EVENT | {"occurred_at": AT_MS + 3_600_000}


@pytest.fixture
def world() -> World:
    world = seeded()
    world.jobs.answer = [TAGS, PROOF, OLD]
    world.lags.answer = {"tagstream.tags.events": 3, "tagstream.tags.users": 4, "tagstream.sink_profile": 9}
    return world


@pytest.fixture
def client(world):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def test_a_job_is_told_with_its_checkpoints_its_lag_and_what_it_failed_of(client):
    tags, proof, old = client.get(JOBS).json["items"]
    checkpoints = {"completed": 7, "failed": 1, "last_bytes": 1_048_576, "last_seconds": 1.25}
    assert tags["checkpoints"] == checkpoints | {"last_at": "2026-09-21T14:13:20.000Z"}
    assert (tags["lag"], proof["lag"], proof["bounded"], old["problem"]) == (7, None, True, "no such column")


def test_what_cannot_be_read_beside_the_jobs_is_said_and_they_are_shown(client, world):
    world.lags.fail()
    world.operations.requests.fail()
    found = client.get(JOBS).json
    assert (len(found["items"]), len(found["problems"]), found["requests"]) == (3, 2, [])


def test_a_request_is_kept_for_the_controller_and_says_what_came_of_it(client, world):
    asked = client.post(f"{JOBS}/requests", json={"job": "tags", "what": "savepoint"}, headers={"X-Actor": "ann"})
    assert (asked.status_code, asked.json["state"], asked.json["who"]) == (202, "asked", "ann")
    again = client.post(f"{JOBS}/requests", json={"job": "tags", "what": "savepoint"})
    assert again.json["id"] == asked.json["id"]
    world.operations.requests.finish(world.operations.requests.take(), State.DONE, "file:///state/s-1")
    found = client.get(asked.headers["Location"]).json
    assert (found["state"], found["said"]) == ("done", "file:///state/s-1")
    assert client.get(JOBS).json["requests"] == [found]


@pytest.mark.parametrize(
    ("job", "status", "code"),
    [("nobody", 404, "job_not_found"), ("tag.heat.v2", 404, "job_not_found"), ("proof", 409, "job_is_bounded")],
)
def test_only_a_job_that_runs_on_is_asked_for_something(client, world, job, status, code):
    answer = client.post(f"{JOBS}/requests", json={"job": job, "what": "restart"})
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert world.operations.requests.requests == {}


def test_a_job_that_something_else_is_asked_of_says_by_whom(client, world):
    world.operations.requests.ask("tags", What.RESTART, "bob")
    answer = client.post(f"{JOBS}/requests", json={"job": "tags", "what": "savepoint"})
    assert (answer.json["error"]["code"], "bob" in answer.json["error"]["message"]) == ("job_is_busy", True)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_a_job_is_looked_at_by_everyone_and_touched_by_approvers(role):
    access = guarded()
    access.world.jobs.answer = [TAGS]
    asked = {"job": "tags", "what": "restart"}
    browser = access.browser(role)
    assert browser.send("GET", "/jobs").status_code == 200
    assert browser.send("POST", "/jobs/requests", json=asked).status_code == 403
    assert access.browser(Role.APPROVER).send("POST", "/jobs/requests", json=asked).status_code == 202
    assert ("approver", "jobs.ask_of_job", 202) in access.deeds()


def refuse(world: World, payload: bytes, letter: Place = LETTER) -> str:
    world.operations.letters.payloads[letter] = payload
    return f"{LETTERS}/{letter.topic}/{letter.partition}/{letter.offset}"


def test_a_letter_is_read_with_all_of_its_bytes(client, world):
    at = refuse(world, '{"a": "用户"'.encode())
    found = client.get(at).json
    assert (found["payload"], found["payload_bytes"], found["replay"]) == ('{"a": "用户"', 14, None)
    assert client.get(refuse(world, b"\xff\xfe")).json["payload"] is None
    assert client.get(f"{LETTERS}/events/0/99").status_code == 404


def test_what_was_from_the_future_may_be_sent_again_as_it_was_once_its_time_has_come(world):
    payload, now = orjson.dumps(FUTURE), [AT_MS]
    client = create_app(Settings(), world.stores(), clock=lambda: now[0]).test_client()
    at = refuse(world, payload)
    refused = client.post(f"{at}/replay", json={})
    assert refused.json["error"]["problems"][0]["message"].startswith("would be refused once more: future")
    now[0] += 3_600_000
    assert client.post(f"{at}/replay", json={}).status_code == 200
    assert world.operations.resender.sent == [("events", "u1", payload)]


def test_a_corrected_letter_is_sent_once_however_often_that_is_asked_for(client, world):
    at, corrected = refuse(world, b'{"user_id": "u1"}'), orjson.dumps(EVENT).decode()
    found = [client.post(f"{at}/replay", json={"payload": corrected}).json for _ in range(3)]
    assert found[0] == found[1] == found[2]
    assert (found[0]["partition"], found[0]["offset"]) == (0, 101)
    assert found[0]["sha256"] == hashlib.sha256(corrected.encode()).hexdigest()
    assert world.operations.resender.sent == [("events", "u1", corrected.encode())]
    assert client.get(at).json["replay"] == found[0]
    other = client.post(f"{at}/replay", json={"payload": orjson.dumps(EVENT | {"event_id": "e2"}).decode()})
    assert (other.status_code, other.json["error"]["code"]) == (409, "already_replayed")
    assert len(world.operations.resender.sent) == 1


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (None, "would be refused once more: missing_field: event_id"),
        ("no json", "would be refused once more: malformed"),
        ("[]", "would be refused once more: malformed"),
        (orjson.dumps(FUTURE).decode(), "would be refused once more: future"),
    ],
)
def test_what_would_be_refused_once_more_is_not_sent(client, world, payload, said):
    answer = client.post(f"{refuse(world, b'{}')}/replay", json={"payload": payload})
    assert (answer.status_code, answer.json["error"]["problems"][0]["message"].startswith(said)) == (422, True)
    assert world.operations.resender.sent == []


def test_messages_of_other_topics_and_letters_that_are_not_there_are_not_sent(client, world):
    corrected = {"payload": orjson.dumps(EVENT).decode()}
    other = refuse(world, b"x", Place("tag.city.v1", 0, 1))
    assert client.post(f"{other}/replay", json=corrected).status_code == 422
    assert client.post(f"{LETTERS}/events/0/99/replay", json=corrected).status_code == 404
    assert world.operations.resender.sent == []


def test_a_letter_that_the_log_did_not_take_may_be_sent_again(client, world):
    at, corrected = refuse(world, b"{}"), {"payload": orjson.dumps(EVENT).decode()}
    world.operations.resender.fail()
    assert client.post(f"{at}/replay", json=corrected).json["error"]["code"] == "kafka_unavailable"
    world.operations.resender.reason = None
    assert client.post(f"{at}/replay", json=corrected).status_code == 200


def test_letters_are_sent_again_by_approvers_and_that_is_recorded():
    access = guarded()
    refuse(access.world, orjson.dumps(EVENT))
    at = "/ledger/dead_letters/events/1/5"
    editor = access.browser(Role.EDITOR)
    assert editor.send("GET", at).status_code == editor.send("POST", f"{at}/replay", json={}).status_code == 403
    assert access.browser(Role.APPROVER).send("POST", f"{at}/replay", json={}).json["who"] == "approver"
    assert ("approver", "dead_letters.replay_dead_letter", 200) in access.deeds()
