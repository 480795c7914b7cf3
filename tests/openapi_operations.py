"""What is asked of the routes of jobs and single dead letters: (operation, status, path, method, request, what comes before)."""

from __future__ import annotations

from typing import Any

import orjson

from api.health_ports import JobState
from stores.dead_letters import Place, Replay
from stores.job_requests import JobRequest, State, What
from tests.fakes.api_stores import AT_MS, World
from tests.openapi_publishing import Before, Given

JOBS, REQUESTS = "/api/v1/jobs", "/api/v1/jobs/requests"
ID = "a" * 32
LETTER = "/api/v1/ledger/dead_letters/events/0/1"
EVENT = {"event_id": "e1", "user_id": "u1", "event_type": "cart", "occurred_at": AT_MS}
ASK = {"job": "tags", "what": "savepoint"}


def _json(body: Any) -> dict[str, Any]:
    return {"data": orjson.dumps(body), "content_type": "application/json"}


def _seed(world: World) -> None:
    world.jobs.answer = [JobState("a1", "tags", "RUNNING", 60, AT_MS)]
    world.operations.letters.payloads[Place("events", 0, 1)] = orjson.dumps(EVENT)


def _asked(world: World) -> None:
    _seed(world)
    world.operations.requests.requests[ID] = JobRequest(ID, "tags", What.RESTART, "ann", State.RUNNING, AT_MS)


def sent(world: World) -> None:
    """A dead letter that was sent again."""
    _seed(world)
    letter = Place("events", 0, 1)
    world.operations.replays.replays[letter] = Replay(letter, "b" * 64, "ann", AT_MS, Place("events", 0, 9))


def _fails(part: str) -> Before:
    return lambda world: (_seed(world), getattr(world.operations, part).fail())[1]


def _raises(part: str, method: str) -> Before:
    return lambda world: (_seed(world), setattr(getattr(world.operations, part), method, lambda *given: 1 / 0))[1]


def _flink_fails(world: World) -> None:
    world.jobs.fail()


def _flink_breaks(world: World) -> None:
    world.jobs.read = lambda: 1 / 0


def _writes(name: str, path: str, body: Any, success: int, part: str, does: str) -> list[Given]:
    return [
        (name, success, path, "POST", _json(body), _seed),
        (name, 400, path, "POST", {"data": "{", "content_type": "application/json"}, _seed),
        (name, 413, path, "POST", _json({"payload": "x" * 20_000}), _seed),
        (name, 415, path, "POST", {"data": "{}"}, _seed),
        (name, 422, path, "POST", _json({"nothing": 1}), _seed),
        (name, 500, path, "POST", _json(body), _raises(part, does)),
        (name, 503, path, "POST", _json(body), _fails(part)),
    ]


OPERATIONS: list[Given] = [
    ("list_jobs", 200, JOBS, "GET", {}, _asked),
    ("list_jobs", 500, JOBS, "GET", {}, _flink_breaks),
    ("list_jobs", 503, JOBS, "GET", {}, _flink_fails),
    *_writes("ask_of_job", REQUESTS, ASK, 202, "requests", "ask"),
    ("ask_of_job", 404, REQUESTS, "POST", _json(ASK | {"job": "nobody"}), _seed),
    ("ask_of_job", 409, REQUESTS, "POST", _json(ASK), _asked),
    ("read_job_request", 200, f"{REQUESTS}/{ID}", "GET", {}, _asked),
    ("read_job_request", 404, f"{REQUESTS}/{ID}", "GET", {}, _seed),
    ("read_job_request", 422, f"{REQUESTS}/NO", "GET", {}, _seed),
    ("read_job_request", 500, f"{REQUESTS}/{ID}", "GET", {}, _raises("requests", "read")),
    ("read_job_request", 503, f"{REQUESTS}/{ID}", "GET", {}, _fails("requests")),
    ("read_dead_letter", 200, LETTER, "GET", {}, sent),
    ("read_dead_letter", 404, LETTER[:-1] + "7", "GET", {}, _seed),
    ("read_dead_letter", 422, LETTER.replace("/0/", "/70000/"), "GET", {}, _seed),
    ("read_dead_letter", 500, LETTER, "GET", {}, _raises("letters", "payload")),
    ("read_dead_letter", 503, LETTER, "GET", {}, _fails("letters")),
    *_writes("replay_dead_letter", f"{LETTER}/replay", {}, 200, "replays", "once"),
    ("replay_dead_letter", 404, f"{LETTER[:-1]}7/replay", "POST", _json({}), _seed),
    ("replay_dead_letter", 409, f"{LETTER}/replay", "POST", _json({}), sent),
]
