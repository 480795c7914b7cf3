"""The routes of parity: newest state, runs by pages, findings with what they rest on, and asking for a run."""

from __future__ import annotations

from typing import Any

import pytest

from api import create_app
from stores.parity_runs import MOST_WAITING
from stores.settings import Settings
from tagging.parity import Finding, Outcome, TagParity
from tagging.parity_cause import Emitted, Evidence, InputRow
from tagging.parity_history import Origin
from tagging.parity_report import explained
from tagging.windows import MINUTE_MS, Window
from tests.fakes.api_stores import AT_MS, World, definition, seeded

NOW = AT_MS // MINUTE_MS
URL = "/api/v1/parity"


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def late_finding() -> Finding:
    """A count that lacks one late event."""
    at_ms = (NOW - 30) * MINUTE_MS
    rows = [InputRow("events", f"e{n}", 0, n, at_ms, at_ms, text='{"event_type":"cart"}') for n in range(2)]
    rows.append(InputRow("events", "late", 1, 7, at_ms + 20 * MINUTE_MS, at_ms))
    known = Evidence(NOW * MINUTE_MS + 1, NOW, (Window("events", 60, 1),), rows, (Emitted(2, 5, at_ms + 9),))
    return explained(Finding("u1", Outcome.DIFFERENT, 3, 2, 5), known)


def outcome(tag: str, store: str = "hbase", version: int = 1, findings=(), **counts: int) -> TagParity:
    parity = TagParity(tag, store, findings=list(findings), version=version, barrier_at_ms=AT_MS)
    parity.counts |= {Outcome(name): number for name, number in counts.items()}
    return parity


def done(world: World, *parities: TagParity, origin: Origin = Origin.SCHEDULE, seconds: float = 12.5) -> int:
    run_id = world.parity.begin(origin, AT_MS)
    world.parity.finish(run_id, parities, AT_MS + int(seconds * 1000))
    return run_id


def test_every_tag_shows_its_newest_run_and_what_was_never_compared(client, world):
    done(world, outcome("tier", missing=3), outcome("spend", equal=9), outcome("spend", "clickhouse", equal=9))
    newest = done(
        world, outcome("tier", equal=4), outcome("tier", "clickhouse", equal=3, missing=1), origin=Origin.PROOF
    )
    done(world, outcome("tier", version=2))
    found = client.get(URL).json
    states = [(i["tag"], i["version"], i["live"], i["verdict"], i["wrong"]) for i in found["items"]]
    assert states == [("spend", 1, True, "green", 0), ("tier", 1, True, "red", 1), ("tier", 2, False, "empty", 0)]
    tier = found["items"][1]
    assert (tier["run_id"], tier["origin"]) == (newest, "proof")
    assert tier["finished_at"] == "2026-09-21T14:13:32.500Z" and tier["barrier_at"] == "2026-09-21T14:13:20.000Z"
    assert tier["stores"][0] == {
        "store": "clickhouse", "equal": 3, "missing": 1, "extra": 0, "different": 0, "pending": 0,
    }  # fmt: skip
    assert found["never_compared"] == ["flag"] and found["under_way"] == []


def test_a_version_older_than_the_live_one_is_left_to_the_history(client, world):
    world.registry.definitions = [definition("tier", version=2)]
    done(world, outcome("tier", equal=1), outcome("tier", version=2, equal=2), outcome("tier", version=3, equal=3))
    assert [(item["version"], item["live"]) for item in client.get(URL).json["items"]] == [(2, True), (3, False)]


def test_runs_come_by_pages_with_their_duration_and_totals(client, world):
    done(world, outcome("tier", equal=4, pending=2), outcome("tier", "clickhouse", equal=6))
    red = done(world, outcome("tier", equal=1), outcome("spend", extra=2))
    failed = world.parity.begin(Origin.SCHEDULE, AT_MS)
    world.parity.give_up(failed, "flink is away", AT_MS + 1)
    first = client.get(f"{URL}/runs?limit=2").json
    assert [(run["id"], run["status"], run["cause"]) for run in first["items"]] == [
        (failed, "failed", "flink is away"),
        (red, "done", ""),
    ]
    assert first["items"][0]["counts"] is None and first["items"][0]["wrong"] is None
    assert (first["items"][1]["red"], first["items"][1]["wrong"], first["items"][1]["tags"]) == (["spend"], 2, 2)
    last = client.get(f"{URL}/runs?limit=2&cursor={first['next']}").json
    assert last["next"] is None and last["items"][0]["duration_seconds"] == 12.5
    assert last["items"][0]["counts"] == {"equal": 10, "missing": 0, "extra": 0, "different": 0, "pending": 2}


def test_runs_of_one_tag_count_that_tag_alone(client, world):
    both = done(world, outcome("tier", equal=1), outcome("spend", extra=2))
    done(world, outcome("spend", equal=1))
    found = client.get(f"{URL}/runs?tag=tier").json["items"]
    assert [(run["id"], run["wrong"], run["counts"]["equal"]) for run in found] == [(both, 0, 1)]


def test_a_run_tells_what_it_found_of_each_tag_in_each_store(client, world):
    run_id = done(
        world, outcome("tier", equal=1), outcome("tier", "clickhouse", different=1), outcome("spend", equal=3)
    )
    found = client.get(f"{URL}/runs/{run_id}").json
    assert [
        (item["tag"], item["verdict"], [store["store"] for store in item["stores"]]) for item in found["results"]
    ] == [
        ("spend", "green", ["hbase"]),
        ("tier", "red", ["clickhouse", "hbase"]),
    ]
    assert found["red"] == ["tier"]


def test_a_finding_is_drilled_down_to_both_values_the_rows_the_tick_and_the_cause(client, world):
    run_id = done(world, outcome("tier", findings=[late_finding()], different=1))
    found = client.get(f"{URL}/runs/{run_id}/findings").json
    assert found["next"] is None
    item = found["items"][0]
    assert (item["user_id"], item["outcome"], item["batch"], item["stored"], item["offset"]) == (
        "u1",
        "different",
        3,
        2,
        5,
    )
    assert item["cause"] == "late_event" and "that the stream lacks: 1" in item["evidence"]["reason"]
    assert item["evidence"]["tick_at"] == "2026-09-21T14:13:00.000Z"
    deciding = [row for row in item["evidence"]["rows"] if row["decides"]]
    assert [(row["key"], row["partition"], row["offset"], row["counts"]) for row in deciding] == [("late", 1, 7, True)]
    assert deciding[0]["logged_at"] > deciding[0]["at"] and deciding[0]["leaves_at"] > item["evidence"]["tick_at"]
    assert item["evidence"]["emitted"] == [{"value": 2, "offset": 5, "at": "2026-09-21T13:43:00.009Z"}]
    assert item["evidence"]["rows_total"] == 3


def test_findings_come_by_pages_and_by_tag(client, world):
    pending = Finding("p", Outcome.PENDING, None, True)
    run_id = done(
        world, outcome("flag", findings=[pending]), outcome("tier", findings=[late_finding()] * 3, different=3)
    )
    first = client.get(f"{URL}/runs/{run_id}/findings?limit=2").json
    assert [(item["number"], item["tag"], item["cause"]) for item in first["items"]] == [
        (1, "flag", None),
        (2, "tier", "late_event"),
    ]
    rest = client.get(f"{URL}/runs/{run_id}/findings?limit=2&cursor={first['next']}").json
    assert [item["number"] for item in rest["items"]] == [3, 4] and rest["next"] is None
    assert [i["number"] for i in client.get(f"{URL}/runs/{run_id}/findings?tag=flag").json["items"]] == [1]


def test_a_person_asks_for_a_run_once_and_sees_it_wait_and_run(client, world):
    asked = client.post(f"{URL}/runs", json={"tag": "tier"})
    assert asked.status_code == 202 and asked.json["status"] == "waiting"
    assert (asked.json["tag"], asked.json["version"], asked.json["asked_at"]) == (
        "tier",
        None,
        "2026-09-21T14:13:20.000Z",
    )
    assert client.post(f"{URL}/runs", json={"tag": "tier"}).json["id"] == asked.json["id"]
    world.parity.claim(AT_MS + 5)
    assert [(run["id"], run["status"]) for run in client.get(URL).json["under_way"]] == [(asked.json["id"], "running")]
    everything = client.post(f"{URL}/runs", json={}).json
    assert everything["tag"] is None and everything["id"] != asked.json["id"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"tag": "nobody"}, 404, "tag_not_found"),
        ({"version": 2}, 422, "invalid_input"),
        ({"tag": "NO"}, 422, "invalid_input"),
        ({"tag": "tier", "version": 0}, 422, "invalid_input"),
        ({"colour": "red"}, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_compared_is_refused(client, world, body: Any, status, code):
    answer = client.post(f"{URL}/runs", json=body)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert world.parity.runs(None, None, 9) == []


def test_no_more_than_a_few_requests_wait(client):
    for version in range(1, MOST_WAITING + 1):
        assert client.post(f"{URL}/runs", json={"tag": "tier", "version": version}).status_code == 202
    refused = client.post(f"{URL}/runs", json={"tag": "tier", "version": 99})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "too_many_runs_waiting")


@pytest.mark.parametrize("path", ["/runs/7", "/runs/7/findings"])
def test_a_run_that_there_is_not_is_said_to_be_missing(client, path):
    answer = client.get(URL + path)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "run_not_found")


@pytest.mark.parametrize(
    "path", ["/runs?limit=0", "/runs?cursor=x", "/runs?tag=NO", "/runs/0", "/runs/x", "/runs/1?a=b"]
)
def test_input_that_is_no_input_is_refused(client, world, path):
    done(world, outcome("tier"))
    assert client.get(URL + path).status_code == (200 if path == "/runs/1?a=b" else 422)


def test_a_store_that_is_away_is_named(client, world):
    world.parity.fail("refused")
    answer = client.get(URL)
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "mysql_unavailable")
