"""Writing events over HTTP: what is refused, what is acknowledged, what the log gets."""

import io
import json
import uuid

import pytest

from api import create_app
from api.events import new_event_id
from stores.settings import Api, Settings
from tests.fakes.api_stores import AT_MS, World, seeded

PATH = "/api/v1/events"
EVENT = {"event_id": "e1", "user_id": "u1", "event_type": "cart"}


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World):
    settings = Settings(api=Api(max_events_per_request=20, max_body_bytes=20_000))
    return create_app(settings, world.stores(), clock=lambda: AT_MS).test_client()


def post(client, *events):
    return client.post(PATH, json={"events": list(events)})


def problems(answer) -> dict[str, str]:
    assert answer.status_code == 422, answer.json
    return {problem["path"]: problem["message"] for problem in answer.json["error"]["problems"]}


def test_an_event_reaches_the_log_in_the_log_s_own_shape(client, world):
    given = EVENT | {"item_id": "p1", "properties": {"device": "phone"}, "occurred_at": "2026-09-21T16:13:20.250+02:00"}
    answer = post(client, given)
    assert (answer.status_code, answer.json) == (202, {"accepted": 1, "event_ids": ["e1"]})
    assert world.events.events == [
        {
            "event_id": "e1",
            "user_id": "u1",
            "event_type": "cart",
            "item_id": "p1",
            "properties": {"device": "phone"},
            "occurred_at": AT_MS + 250,
        }
    ]


def test_what_is_left_out_is_made_now(client, world):
    answer = post(client, {"user_id": "u1", "event_type": "cart"})
    made = answer.json["event_ids"][0]
    assert uuid.UUID(made).version == 7
    assert world.events.events == [
        {
            "event_id": made,
            "user_id": "u1",
            "event_type": "cart",
            "item_id": None,
            "properties": {},
            "occurred_at": AT_MS,
        }
    ]


def test_ids_made_later_sort_later_and_differ():
    ids = [new_event_id(AT_MS + later) for later in range(0, 1000, 10)]
    assert ids == sorted(ids)
    assert len({new_event_id(AT_MS) for _ in range(1000)}) == 1000


def test_every_problem_is_listed_with_its_event_and_field_and_nothing_is_written(client, world):
    answer = post(
        client,
        EVENT,
        {"user_id": 7, "event_type": "", "colour": "red"},
        {"event_id": "e2", "event_type": "cart", "properties": {"a": 1}, "occurred_at": "yesterday"},
    )
    assert set(problems(answer)) == {
        "events[1].user_id",
        "events[1].event_type",
        "events[1].colour",
        "events[2].user_id",
        "events[2].properties.a",
        "events[2].occurred_at",
    }
    assert answer.json["error"]["code"] == "invalid_input"
    assert world.events.events == []


@pytest.mark.parametrize(
    ("occurred_at", "accepted"),
    [
        (AT_MS + 300_000, True),
        (AT_MS + 300_001, False),
        (946_684_800_000, True),
        (946_684_799_999, False),
        (AT_MS // 1000, False),
        ("2026-09-21T14:18:20Z", True),
        ("2026-09-21T14:18:20.001Z", False),
        ("2026-09-21T14:00:00", False),
        ("2026-09-21", False),
        (float(AT_MS), False),
        (str(AT_MS), False),
        (True, False),
        (10**30, False),
        (None, True),
    ],
)
def test_a_time_is_taken_up_to_five_minutes_ahead_and_back_to_2000(client, occurred_at, accepted):
    body = json.dumps({"events": [EVENT | {"occurred_at": occurred_at}]})
    answer = client.post(PATH, data=body, content_type="application/json")
    assert answer.status_code == (202 if accepted else 422)
    if not accepted:
        assert list(problems(answer)) == ["events[0].occurred_at"]


def test_seconds_instead_of_milliseconds_are_called_by_their_name(client):
    assert "seconds" in problems(post(client, EVENT | {"occurred_at": AT_MS // 1000}))["events[0].occurred_at"]


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("user_id", "x" * 129, "events[0].user_id"),
        ("user_id", "", "events[0].user_id"),
        ("user_id", "a\nb", "events[0].user_id"),
        ("event_id", "x" * 129, "events[0].event_id"),
        ("event_type", "x" * 129, "events[0].event_type"),
        ("item_id", "x" * 129, "events[0].item_id"),
        ("properties", {f"k{n}": "" for n in range(65)}, "events[0].properties"),
        ("properties", {"k": "x" * 1025}, "events[0].properties.k"),
        ("properties", {"k": None}, "events[0].properties.k"),
        ("properties", ["k"], "events[0].properties"),
    ],
)
def test_sizes_and_types_are_limited(client, field, value, path):
    assert path in problems(post(client, EVENT | {field: value}))


def test_the_largest_of_everything_is_taken(client):
    properties = {f"k{n}": "" for n in range(63)} | {"k": "é" * 1024}
    answer = post(
        client, {"user_id": "用" * 128, "event_type": "x" * 128, "item_id": "i" * 128, "properties": properties}
    )
    assert answer.status_code == 202


def test_a_request_holds_between_one_event_and_the_configured_number(client):
    assert list(problems(post(client))) == ["events"]
    assert post(client, *[{"user_id": "u", "event_type": "cart"}] * 20).status_code == 202
    assert list(problems(post(client, *[{"user_id": "u", "event_type": "cart"}] * 21))) == ["events"]


def test_a_body_over_the_limit_is_refused(client):
    answer = post(client, EVENT | {"properties": {"k": "x" * 20_001}})
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "body_too_large")
    assert "20000 bytes" in answer.json["error"]["message"]


def test_a_body_in_chunks_is_taken_up_to_the_limit_and_never_cut(client, world):
    def send(body: str):
        return client.post(
            PATH,
            input_stream=io.BytesIO(body.encode()),
            content_type="application/json",
            environ_overrides={"wsgi.input_terminated": True},
        )

    whole = json.dumps({"events": [EVENT]})
    assert send(whole).status_code == 202
    answer = send(whole + " " * 20_000 + "not JSON")
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "body_too_large")
    assert len(world.events.events) == 1


@pytest.mark.parametrize(
    "body", ["", "{", '{"events": [}', '{"events": NaN}', '{"a": "\\ud800"}', "[" * 5000, b"\xff\xfe{}"]
)
def test_a_body_that_is_not_json_is_refused_as_such(client, body):
    answer = client.post(PATH, data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("body", ["[]", "1", "null", '"{}"', json.dumps(json.dumps({"events": [EVENT]}))])
def test_a_body_that_is_not_an_object_is_refused(client, world, body):
    answer = client.post(PATH, data=body, content_type="application/json")
    assert list(problems(answer)) == [""]
    assert world.events.events == []


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {}])
def test_a_body_that_does_not_say_it_is_json_is_refused(client, headers):
    answer = client.post(PATH, data=json.dumps({"events": [EVENT]}), headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (415, "unsupported_media_type")


def test_a_compressed_body_is_refused_as_such(client):
    answer = client.post(PATH, data=b"x", headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_one_id_for_two_different_events_is_refused(client, world):
    answer = post(client, EVENT, EVENT | {"event_type": "lost"})
    assert list(problems(answer)) == ["events[1].event_id"]
    assert world.events.events == []


def test_the_same_event_twice_is_taken(client):
    assert post(client, EVENT, EVENT).json == {"accepted": 2, "event_ids": ["e1", "e1"]}


def test_a_log_that_does_not_acknowledge_is_named_with_the_fate_of_every_event(client, world):
    world.events.lost = {1}
    answer = post(client, EVENT, {"user_id": "u2", "event_type": "cart"}, EVENT | {"event_id": "e3"})
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "log_unavailable")
    assert answer.headers["Retry-After"]
    assert "2 of 3" in answer.json["error"]["message"]
    fates = {problem["path"]: (problem["message"], problem["got"]) for problem in answer.json["error"]["problems"]}
    assert fates["events[0]"] == ("acknowledged", "e1")
    assert fates["events[2]"] == ("acknowledged", "e3")
    message, event_id = fates["events[1]"]
    assert message == "not acknowledged: no answer in 5 s"
    assert uuid.UUID(event_id), "the id made here is told, so that sending again counts once"
