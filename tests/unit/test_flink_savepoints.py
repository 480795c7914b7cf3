"""A savepoint of a job that is being started: a cluster's answers, without the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from stores.flink import FlinkCluster, FlinkError
from stores.settings import Flink

JOB = {"jid": "j1", "name": "tags", "start-time": 1, "duration": 2}
STARTING = {"state": "RUNNING", "tasks": {"running": 1, "finished": 1, "total": 3}}
RESTARTING = {"state": "RESTARTING", "tasks": {"running": 0, "finished": 0, "total": 3}}
WHOLE = {"state": "RUNNING", "tasks": {"running": 2, "finished": 1, "total": 3}}
FAILED = {"state": "FAILED", "tasks": {"running": 0, "finished": 0, "total": 3}}


class Answers(FlinkCluster):
    """`states`: what the job is at each look, the last for good."""

    def __init__(self, *states: dict[str, Any]) -> None:
        super().__init__(Flink())
        self.states, self.asked = list(states), []

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        if path == "/jobs/overview":
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return {"jobs": [{**JOB, **state}]}
        self.asked.append((method, path))
        if method == "POST":
            return {"request-id": "r1"}
        return {"status": {"id": "COMPLETED"}, "operation": {"location": "file:///savepoint-1"}}


@pytest.mark.parametrize(
    ("take", "path"), [("savepoint", "/jobs/j1/savepoints"), ("stop_with_savepoint", "/jobs/j1/stop")]
)
def test_a_savepoint_is_asked_for_once_every_task_runs(take, path):
    cluster = Answers(STARTING, RESTARTING, STARTING, WHOLE)
    assert getattr(cluster, take)("j1") == "file:///savepoint-1"
    assert cluster.states == [WHOLE]
    assert cluster.asked == [("POST", path), ("GET", "/jobs/j1/savepoints/r1")]


def test_a_job_whose_tasks_do_not_come_is_not_asked():
    cluster = Answers(RESTARTING)
    with pytest.raises(FlinkError, match=r"waited 0\.3 s for all tasks of Flink job j1 to run"):
        cluster.savepoint("j1", 0.3)
    assert cluster.asked == []


def test_of_a_job_that_ended_flink_says_what_it_says():
    cluster = Answers(FAILED)
    cluster.stop_with_savepoint("j1")
    assert cluster.asked[0] == ("POST", "/jobs/j1/stop")
