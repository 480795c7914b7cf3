"""A profile whenever it changes: server-sent events."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from api import create_app
from api.live_profile import MOST_STREAMS, ProfileStream
from stores.settings import Settings
from tagging.definition import TagDefinition
from tests.fakes.api_stores import AT_MS, World, seeded


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def give(world: World, value: str) -> None:
    world.profiles.values["u1"] = [
        replace(held, value=value) if (held.tag, held.version) == ("tier", 1) else held
        for held in world.profiles.values["u1"]
    ]


def parts(event: str) -> tuple[str, str, dict]:
    lines = dict(line.split(": ", 1) for line in event.strip().splitlines())
    return lines["id"], lines["event"], json.loads(lines["data"])


def test_the_first_event_is_the_profile_as_the_profile_page_has_it(client):
    answer = client.get("/api/v1/users/u1/live?seconds=0")
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (
        200,
        "text/event-stream",
        "no-store",
    )
    _, name, profile = parts(answer.text)
    assert (name, profile) == ("profile", client.get("/api/v1/users/u1").json)


def test_who_comes_back_is_told_only_what_is_new(client, world):
    seen, _, _ = parts(client.get("/api/v1/users/u1/live?seconds=0").text)
    again = {"Last-Event-ID": seen}
    assert client.get("/api/v1/users/u1/live?seconds=0", headers=again).text == ""
    give(world, "bronze")
    changed, _, profile = parts(client.get("/api/v1/users/u1/live?seconds=0", headers=again).text)
    assert changed != seen
    assert {tag["tag"]: tag["value"] for tag in profile["tags"]}["tier"] == "bronze"


def everything(_: TagDefinition) -> bool:
    return True


def test_a_change_is_told_when_it_comes_and_once(world):
    values = iter(["gold", "gold", "bronze", "bronze"])
    stream = ProfileStream(world.stores(), lambda: AT_MS, lambda _: give(world, next(values)))
    told = [parts(event)[2] for event in stream.events("u1", everything, None, 2, 4)]
    assert [{tag["tag"]: tag["value"] for tag in profile["tags"]}["tier"] for profile in told] == ["gold", "bronze"]


def test_a_quiet_stream_says_now_and_then_that_it_is_there(world):
    stream = ProfileStream(world.stores(), lambda: AT_MS, lambda _: None)
    assert [event[:1] for event in stream.events("u1", everything, None, 2, 25)] == ["i", ":", ":"]


def test_a_stream_ends_when_the_profiles_cannot_be_read(world):
    waits = iter([None, "no region server"])

    def wait(_: float) -> None:
        if reason := next(waits):
            world.profiles.fail(reason)

    stream = ProfileStream(world.stores(), lambda: AT_MS, wait)
    assert len(list(stream.events("u1", everything, None, 2, 50))) == 1


def test_more_streams_than_there_is_room_for_are_refused_until_one_ends(client):
    address = "/api/v1/users/u1/live?seconds=0"
    running = [client.get(address, buffered=False) for _ in range(MOST_STREAMS)]
    refused = client.get(address)
    assert (refused.status_code, refused.json["error"]["code"]) == (503, "too_many_streams")
    running[0].close()
    assert client.get(address).status_code == 200
    for answer in running[1:]:
        answer.close()


def test_of_a_user_of_whom_nothing_is_known_there_is_no_stream(client):
    answer = client.get("/api/v1/users/nobody/live")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "user_not_found")
