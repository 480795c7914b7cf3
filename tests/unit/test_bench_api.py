"""The benchmark of profiles: it looks at what it measures, counts from when a request was due, and stops at a wrong answer."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from api import create_app
from deploy import bench_api
from deploy.api_session import ApiSession
from deploy.bench_api import BenchProblem, Request, measure, percentile, predictions, profiles, require_server
from stores.settings import Settings
from tests.browser import serving
from tests.fakes.api_stores import AT_MS, seeded
from tests.small_model import add_model


@pytest.fixture
def world():
    return seeded()


@pytest.fixture
def url(world):
    with capture_logs(), serving(create_app(Settings(), world.stores(), clock=lambda: AT_MS)) as url:
        yield url


def test_the_users_that_are_asked_for_are_those_that_the_api_lists(url):
    assert profiles(ApiSession(url)) == [Request("GET", f"/api/v1/users/u{number}") for number in range(5)]
    assert len(profiles(ApiSession(url), most=2)) == 2


def test_a_profile_of_somebody_else_is_not_measured(url, monkeypatch):
    get = ApiSession.get
    other = {"user_id": "u9", "tags": []}
    monkeypatch.setattr(
        ApiSession, "get", lambda self, path, **query: other if "u3" in path else get(self, path, **query)
    )
    with pytest.raises(BenchProblem, match="/users/u3 is the profile of 'u9'"):
        profiles(ApiSession(url))


def test_without_a_users_tag_there_is_nothing_to_measure(url, world):
    for values in world.profiles.values.values():
        values[:] = [replace(value, absent=True) for value in values]
    with pytest.raises(BenchProblem, match="has no users with a tag; fix"):
        profiles(ApiSession(url))
    world.users.users = []
    with pytest.raises(BenchProblem, match="has no users with a tag; fix"):
        profiles(ApiSession(url))


def test_another_server_than_productions_is_refused_by_its_name(url):
    with pytest.raises(BenchProblem, match=r"served by Werkzeug.* not by gunicorn; fix: python -m api"):
        require_server(url)
    with pytest.raises(BenchProblem, match="does not answer"):
        require_server("http://127.0.0.1:9")


def test_as_many_are_asked_as_the_rate_says_and_every_user_in_turn(url, world):
    asked, read = [], world.profiles.read
    world.profiles.read = lambda user_id: (asked.append(user_id), read(user_id))[1]
    found = measure(url, profiles(ApiSession(url)), rate=200, seconds=0.2, connections=4)
    assert found.requests == 40 and len(asked) == 45
    assert {user: asked.count(user) for user in asked} == {f"u{number}": 9 for number in range(5)}
    assert 0 < found.p50_ms <= found.p99_ms <= found.longest_ms and found.seconds >= 0.19


def test_predictions_are_asked_for_in_batches_that_hold_each_user_once_and_are_not_recorded(url, world):
    add_model(world.models)
    asked = predictions(ApiSession(url), "buys", batch=2)
    assert [json.loads(request.body)["user_ids"] for request in asked] == [["u0", "u1"], ["u2", "u3"], ["u4"]]
    assert measure(url, asked, rate=200, seconds=0.1, connections=2).requests == 20
    assert not world.predictions.predictions


def test_predictions_of_nobody_are_not_measured(url, world):
    add_model(world.models)
    for values in world.profiles.values.values():
        values.clear()
    with pytest.raises(BenchProblem, match="no users whom model buys scores"):
        predictions(ApiSession(url), "buys", batch=100)


def test_a_stall_counts_for_every_request_that_was_due_meanwhile(url, world):
    now, reads, read = [0.0], [], world.profiles.read

    def wait(seconds: float) -> None:
        now[0] += seconds

    def stalls_once(user_id: str):
        now[0] += 0.001 if reads else 0.4
        reads.append(user_id)
        return read(user_id)

    world.profiles.read = stalls_once
    found = measure(
        url, [Request("GET", "/api/v1/users/u1")], rate=100, seconds=0.4, connections=1, clock=lambda: now[0], wait=wait
    )
    # Number n was due at n * 10 ms, and answered at 400 + n ms.
    assert found.requests == 40 and found.longest_ms == pytest.approx(400)
    assert found.p50_ms == pytest.approx(400 - 9 * 20) and found.late == 39


def test_a_wrong_answer_ends_the_measurement(url, world):
    world.profiles.fail()
    with pytest.raises(BenchProblem, match="GET /api/v1/users/u1 answered 503"):
        measure(url, [Request("GET", "/api/v1/users/u1")], rate=100, seconds=5, connections=2)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.floats(0.01, 1))
def test_a_percentile_is_the_smallest_value_that_covers_its_part(values, part):
    found = percentile(values, part)
    needed = math.ceil(part * len(values))
    assert sum(value <= found for value in values) >= needed > sum(value < found for value in values)


def test_the_command_says_what_was_measured_or_why_nothing_was(url, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench_api", "--url", url, "--rate", "200", "--seconds", "0.1", "--json"])
    with pytest.raises(SystemExit) as ended:
        bench_api.main()
    assert ended.value.code == 1 and "not by gunicorn" in capsys.readouterr().err
    monkeypatch.setattr(bench_api, "SERVER", "Werkzeug")
    monkeypatch.setattr(bench_api, "WARM_SECONDS", 0.05)
    bench_api.main()
    found = json.loads(capsys.readouterr().out)
    assert (found["requests_in_turn"], found["requests"], found["connections"]) == (5, 20, 16) and found["p99_ms"] > 0
