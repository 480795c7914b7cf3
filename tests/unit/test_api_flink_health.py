"""Flink and Connect as the API sees them, answered by a real HTTP server with what those services say."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from api.live.checks import ConnectCheck, FlinkCheck
from api.live.flink_jobs import FlinkJobStates, named_cause
from api.ports import Unavailable
from stores.flink import Failure
from stores.settings import Connect, Flink, Settings

MISSING_FIELD = """org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy
\tat org.apache.flink.runtime.executiongraph.failover.ExecutionFailureHandler.handleFailure(ExecutionFailureHandler.java:219)
Caused by: java.io.IOException: Failed to deserialize JSON '{"after": {"user_id": "u1"}}'.
\tat org.apache.flink.formats.json.JsonRowDataDeserializationSchema.deserialize(JsonRowDataDeserializationSchema.java:92)
Caused by: org.apache.flink.formats.json.JsonToRowDataConverters$JsonParseException: Could not find field with name 'city'.
\t... 12 more
"""
TASK = "Source: users_log[4] -> Calc[5] -> ConstraintEnforcer[6] (1/2) - execution #3"


NO_CHECKPOINTS = {"errors": ["o.a.f.runtime.rest.handler.RestHandlerException: Checkpointing has not been enabled.\n"]}
# What Flink 2.2 says of a job that goes on from a large state, for as long as it reads that.
INITIALIZING = {
    "errors": [
        "Internal server error.",
        "<Exception on server side:\njava.util.concurrent.CompletionException: "
        "org.apache.flink.runtime.jobmaster.JobMasterException: Unable to get JobMasterGateway for initializing job. "
        "The requested operation is not available while the JobManager is initializing.",
    ]
}


class Service:
    """Answers GET by path (without its query). A path with no answer is 404."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = service.answers.get(self.path.partition("?")[0])
                body = json.dumps(found).encode()
                self.send_response(500 if found == INITIALIZING else 404 if found in (None, NO_CHECKPOINTS) else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def job(
        self, job_id: str, state: str, name: str = "tags", started: int = 1, failure=None, checkpoint=None, placeless=0
    ) -> None:
        """Add a job of four tasks. `failure`: (stack trace, task, epoch ms); `checkpoint`: epoch ms of the newest."""
        jobs = self.answers.setdefault("/jobs/overview", {"jobs": []})["jobs"]
        tasks = {"total": 4, "scheduled": placeless, "running": 4 - placeless, "finished": 0}
        jobs.append(
            {"jid": job_id, "name": name, "state": state, "start-time": started, "duration": 90_000, "tasks": tasks}
        )
        entries = [dict(zip(("stacktrace", "taskName", "timestamp"), failure, strict=True))] if failure else []
        self.answers[f"/jobs/{job_id}/exceptions"] = {"exceptionHistory": {"entries": entries, "truncated": False}}
        completed = {"latest_ack_timestamp": checkpoint} if checkpoint else None
        self.answers[f"/jobs/{job_id}/checkpoints"] = {"latest": {"completed": completed}}
        running = sum(job["state"] == "RUNNING" for job in jobs)
        self.answers["/overview"] = {"jobs-running": running, "slots-available": 2, "slots-total": 4}


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()


def jobs_of(service: Service) -> FlinkJobStates:
    return FlinkJobStates(Settings(flink=Flink(rest_url=service.url)))


def flink_health(service: Service) -> dict[str, tuple[str, str]]:
    settings = Settings(flink=Flink(rest_url=service.url))
    return {found.name: (found.status, found.detail) for found in FlinkCheck(settings, FlinkJobStates(settings)).run()}


def connect_health(service: Service) -> dict[str, tuple[str, str]]:
    found = ConnectCheck(Settings(connect=Connect(url=service.url))).run()
    return {finding.name: (finding.status, finding.detail) for finding in found}


def test_a_running_job_is_well(service):
    service.job("a", "RUNNING", checkpoint=5_000)
    (job,) = jobs_of(service).read()
    assert (job.id, job.state, job.uptime_seconds, job.last_checkpoint_at_ms, job.problem) == (
        "a",
        "RUNNING",
        90,
        5_000,
        None,
    )
    assert flink_health(service) == {
        "flink": ("ok", "1 streaming job running, 2 of 4 slots free"),
        "flink job tags": ("ok", "running for 90 s"),
    }


def test_a_job_that_no_version_needs_any_more_is_no_finding_and_a_main_job_that_was_cancelled_is_one(service):
    service.job("a", "CANCELED", name="tag.spend_1h.v2")
    service.job("b", "CANCELED", name="shared.v3")
    service.job("c", "FAILED", name="tag.spend_1h.v3")
    service.job("d", "CANCELED")
    assert flink_health(service) == {
        "flink": ("degraded", "0 streaming jobs running, 2 of 4 slots free"),
        "flink job tag.spend_1h.v3": ("degraded", "FAILED"),
        "flink job tags": ("degraded", "CANCELED"),
    }


def test_a_job_that_fails_is_shown_by_the_source_and_the_innermost_cause(service):
    service.job("a", "RESTARTING", failure=(MISSING_FIELD, TASK, 9_000), checkpoint=5_000)
    assert flink_health(service)["flink job tags"] == (
        "down",
        "RESTARTING: cdc.shop.users: Could not find field with name 'city'",
    )


def test_a_job_that_runs_again_but_has_not_got_through_a_checkpoint_is_still_failing(service):
    service.job("a", "RUNNING", failure=(MISSING_FIELD, TASK, 9_000), checkpoint=8_999)
    assert jobs_of(service).read()[0].problem == "cdc.shop.users: Could not find field with name 'city'"


def test_a_job_that_has_completed_a_checkpoint_since_it_failed_is_well_again(service):
    service.job("a", "RUNNING", failure=(MISSING_FIELD, TASK, 9_000), checkpoint=9_001)
    assert jobs_of(service).read()[0].problem is None


def test_only_the_newest_job_of_a_name_counts(service):
    service.job("old", "FAILED", started=1, failure=(MISSING_FIELD, TASK, 9_000))
    service.job("new", "RUNNING", started=2, checkpoint=9_500)
    service.job("other", "CANCELED", name="shadow", started=3, failure=(MISSING_FIELD, TASK, 9_000))
    assert [(job.id, job.problem) for job in jobs_of(service).read()] == [("other", None), ("new", None)]


def test_a_batch_run_is_listed_and_no_concern_of_health(service):
    service.job("a", "RUNNING", checkpoint=5_000)
    service.job("b", "RUNNING", name="parity", started=2)
    service.answers["/jobs/b/checkpoints"] = NO_CHECKPOINTS
    assert [(job.name, job.bounded, job.last_checkpoint_at_ms) for job in jobs_of(service).read()] == [
        ("parity", True, None),
        ("tags", False, 5_000),
    ]
    assert set(flink_health(service)) == {"flink", "flink job tags"}


def test_a_job_that_is_forgotten_while_it_is_asked_for_is_left_out(service):
    service.job("a", "RUNNING", checkpoint=5_000)
    service.job("b", "FINISHED", name="old")
    del service.answers["/jobs/b/checkpoints"]
    assert [job.id for job in jobs_of(service).read()] == ["a"]


def test_a_job_that_is_being_started_has_no_checkpoints_yet_and_hides_no_other(service):
    service.job("a", "RUNNING", checkpoint=5_000)
    service.job("b", "INITIALIZING", name="starting", started=2)
    service.answers["/jobs/b/checkpoints"] = INITIALIZING
    assert [(job.name, job.state, job.bounded, job.last_checkpoint_at_ms) for job in jobs_of(service).read()] == [
        ("starting", "INITIALIZING", False, None),
        ("tags", "RUNNING", False, 5_000),
    ]


def test_an_error_of_the_cluster_is_said_with_its_words(service):
    service.job("a", "RUNNING")
    service.answers["/jobs/overview"] = INITIALIZING
    with pytest.raises(Unavailable, match="500"):
        jobs_of(service).read()


def test_a_cluster_without_jobs_is_degraded(service):
    service.answers |= {
        "/overview": {"jobs-running": 0, "slots-available": 4, "slots-total": 4},
        "/jobs/overview": {"jobs": []},
    }
    assert flink_health(service) == {"flink": ("degraded", "0 streaming jobs running, 4 of 4 slots free")}


def test_a_cluster_that_does_not_answer_is_named():
    with pytest.raises(Unavailable, match="flink does not answer"):
        FlinkJobStates(Settings(flink=Flink(rest_url="http://127.0.0.1:1"))).read()


@pytest.mark.parametrize(
    ("task", "cause", "named"),
    [
        ("Source: events_log[1] -> Calc[2]", "java.io.IOException: broken pipe", "events: broken pipe"),
        (
            "Source: clock[7]",
            "a.b.C$D: Could not find field with name 'minute'.",
            "clock: Could not find field with name 'minute'",
        ),
        ("Join[12] -> Calc[13]", "java.lang.OutOfMemoryError: Java heap space", "Join: Java heap space"),
        ("(global failure)", "org.apache.flink.util.FlinkException: lost", "lost"),
        ("", "java.lang.NullPointerException", "java.lang.NullPointerException"),
    ],
)
def test_a_cause_is_named_by_where_it_happened(task, cause, named):
    assert named_cause(Failure(task, cause, 0)) == named


def test_connectors_are_well_when_they_and_their_tasks_run(service):
    running = {"state": "RUNNING", "worker_id": "w"}
    service.answers["/connectors"] = {"shop": {"status": {"connector": running, "tasks": [running | {"id": 0}]}}}
    assert connect_health(service) == {"connect shop": ("ok", "1 task, RUNNING")}


def test_a_failed_task_is_shown_by_its_innermost_cause(service):
    trace = "org.apache.kafka.connect.errors.ConnectException: stopped\n\tat x\nCaused by: java.sql.SQLException: Access denied"
    service.answers["/connectors"] = {
        "shop": {"status": {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED", "trace": trace}]}}
    }
    assert connect_health(service) == {"connect shop": ("down", "FAILED: java.sql.SQLException: Access denied")}


@pytest.mark.parametrize(
    ("connectors", "detail"),
    [
        ({}, "no connector is set up"),
        (
            {"shop": {"status": {"connector": {"state": "PAUSED"}, "tasks": [{"state": "RUNNING"}]}}},
            "1 task, PAUSED, RUNNING",
        ),
        ({"shop": {"status": {"connector": {"state": "RUNNING"}, "tasks": []}}}, "0 tasks, RUNNING"),
    ],
)
def test_a_connector_that_does_not_work_though_nothing_failed_is_degraded(service, connectors, detail):
    service.answers["/connectors"] = connectors
    assert list(connect_health(service).values()) == [("degraded", detail)]


def test_a_job_whose_tasks_have_no_slot_is_told_once_the_cluster_has_none_free(service):
    service.job("a", "RUNNING", placeless=3)
    assert jobs_of(service).read()[0].problem is None
    service.answers["/overview"] = {"jobs-running": 1, "slots-available": 0, "slots-total": 4}
    (job,) = jobs_of(service).read()
    assert job.problem == (
        "3 tasks wait for a slot, and all 4 of the cluster are taken; fix: more slots (taskmanager.numberOfTaskSlots), or end a job"
    )
    assert flink_health(service)["flink job tags"] == ("down", f"RUNNING: {job.problem}")


def test_the_problem_of_one_job_is_told_without_a_question_about_the_others(service):
    service.job("a", "RUNNING", checkpoint=5_000)
    service.job("b", "FAILED", name="tag.heat.v1", failure=(MISSING_FIELD, TASK, 1_000))
    assert jobs_of(service).problem("tag.heat.v1") == jobs_of(service).read()[1].problem
    assert "city" in jobs_of(service).problem("tag.heat.v1")
    service.answers["/jobs/a/checkpoints"] = {"latest": "no answer that anybody could read"}
    assert "city" in jobs_of(service).problem("tag.heat.v1")
    assert jobs_of(service).problem("nobody") is None
