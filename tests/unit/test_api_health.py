"""Health and overview over HTTP."""

from threading import Event

import pytest

from api import create_app
from api.health import HealthChecks
from api.health_ports import Finding
from api.ports import Unavailable
from stores.settings import Settings
from tests.fakes.api_stores import AT_MS, FixedCheck, World, seeded

OK = FixedCheck("kafka", [Finding("kafka", "ok", "fine")], essential=True)


def health_of(*checks):
    world = seeded()
    world.checks = list(checks)
    return create_app(Settings(), world.stores()).test_client().get("/api/v1/health")


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.mark.parametrize(
    ("status", "essential", "overall", "code"),
    [
        ("ok", True, "ok", 200),
        ("degraded", True, "degraded", 200),
        ("degraded", False, "degraded", 200),
        ("down", False, "degraded", 200),
        ("down", True, "down", 503),
    ],
)
def test_only_an_essential_dependency_takes_the_service_down(status, essential, overall, code):
    answer = health_of(OK, FixedCheck("x", [Finding("x", status, "so it is")], essential=essential), OK)
    assert (answer.status_code, answer.json["status"]) == (code, overall)
    assert [(check["name"], check["status"]) for check in answer.json["checks"]][1] == ("x", status)


def test_a_check_that_fails_is_down_and_says_why_in_one_line():
    answer = health_of(FixedCheck("mysql", error=ConnectionError("refused\nby 10.0.0.1")), OK)
    check = answer.json["checks"][0]
    assert (check["name"], check["status"]) == ("mysql", "down")
    assert check["detail"] == "ConnectionError: refused by 10.0.0.1"
    assert answer.json["status"] == "degraded"


def test_no_password_of_an_address_is_shown():
    error = ConnectionError("404 for http://admin:hunter2@connect:8083/x")
    assert health_of(FixedCheck("connect", error=error)).json["checks"][0]["detail"] == (
        "ConnectionError: 404 for http://…@connect:8083/x"
    )
    assert "hunter2" not in str(Unavailable("flink", str(error)))


def test_a_check_may_find_several_things_and_their_lag():
    answer = health_of(FixedCheck("lag", [Finding("lag a", "ok", "", lag=5), Finding("lag b", "degraded", "", lag=9)]))
    assert [(check["name"], check["lag"]) for check in answer.json["checks"]] == [("lag a", 5), ("lag b", 9)]


def test_a_check_that_hangs_is_down_and_not_started_again_while_the_others_answer():
    release = Event()
    hanging = FixedCheck("hbase", hang=release, essential=True)
    checks = HealthChecks([hanging, OK], give_up_seconds=0.05)
    try:
        for _ in range(3):
            health = checks.run()
            assert [check.status for check in health.checks] == ["down", "ok"]
            assert "no answer within 0.05 s" in health.checks[0].detail
        assert len(hanging.runs) == 1
    finally:
        release.set()


def test_the_process_is_alive_whatever_its_dependencies_do():
    world = seeded()
    world.checks = [FixedCheck("kafka", error=ConnectionError(), essential=True)]
    answer = create_app(Settings(), world.stores()).test_client().get("/api/v1/health/live")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_the_overview_holds_totals_rates_lag_jobs_and_a_series(world):
    answer = create_app(Settings(), world.stores()).test_client().get("/api/v1/overview")
    assert answer.json == {
        "users_total": 5,
        "events_total": 1000,
        "events_per_second": 12.35,
        "tag_changes_per_second": 4.5,
        "dead_letters_total": 3,
        "freshness": {"changes": 40, "p50_seconds": 0.7, "p99_seconds": 2.5},
        "lag": {"tagstream.sink_profile": 3},
        "flink": {
            "jobs": [
                {
                    "id": "a1",
                    "name": "tagstream.tags",
                    "state": "RUNNING",
                    "uptime_seconds": 60,
                    "last_checkpoint_at": "2026-09-21T14:13:20.000Z",
                    "problem": None,
                }
            ]
        },
        "series": [
            {"minute": "2026-09-21T14:13:00.000Z", "events": 7},
            {"minute": "2026-09-21T14:14:00.000Z", "events": 0},
        ],
        "problems": [],
    }
    assert AT_MS // 60_000 == 29_833_333


def test_the_overview_says_which_part_could_not_be_read(world):
    world.jobs.fail("connection refused")
    answer = create_app(Settings(), world.stores()).test_client().get("/api/v1/overview")
    assert answer.status_code == 200
    assert answer.json["flink"] == {"jobs": []}
    assert answer.json["problems"] == ["flink does not answer: connection refused"]


def test_the_overview_fails_without_its_figures(world):
    world.activities.fail()
    answer = create_app(Settings(), world.stores()).test_client().get("/api/v1/overview")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "clickhouse_unavailable")
