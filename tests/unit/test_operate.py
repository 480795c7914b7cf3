"""What an operator does with jobs by name."""

from __future__ import annotations

import pytest

from jobs import operate
from jobs.__main__ import job_table
from jobs.tables import show
from stores.flink import Checkpoints, FlinkJob, FlinkJobForgotten
from stores.settings import Settings


class Cluster:
    """Two jobs that run and one that ended."""

    def __init__(self) -> None:
        self.states = {"1": ("tags", "RUNNING"), "2": ("tag.heat.v2", "RESTARTING"), "3": ("old", "FAILED")}
        self.done: list[tuple[str, str]] = []
        self.forgets = False

    def jobs(self) -> list[FlinkJob]:
        return [FlinkJob(job_id, name, state, 1_000, 50) for job_id, (name, state) in self.states.items()]

    def checkpoints(self, job_id: str):
        if job_id == "3" and self.forgets:
            raise FlinkJobForgotten("404")
        return Checkpoints(completed=7, last_at_ms=990) if job_id == "1" else Checkpoints(failed=3)

    def root_cause(self, job_id: str) -> str | None:
        return {"2": "no such column [city]"}.get(job_id)

    def cancel(self, job_id: str) -> None:
        self.done.append(("cancel", job_id))

    def await_state(self, job_id: str, wanted: str, deadline_seconds: float) -> FlinkJob:
        self.done.append((wanted, job_id))
        return self.jobs()[0]

    def savepoint(self, job_id: str) -> str:
        raise NotImplementedError

    def stop_with_savepoint(self, job_id: str) -> str:
        self.done.append(("savepoint", job_id))
        return f"file:///state/savepoint-{job_id}"


def test_jobs_are_listed_with_their_checkpoints_and_what_they_failed_of():
    first, second = operate.listed(Cluster())
    assert (first.name, first.checkpoints, first.last_checkpoint_at_ms, first.problem) == ("tags", 7, 990, None)
    assert (second.state, second.checkpoints_failed, second.problem) == ("RESTARTING", 3, "no such column [city]")
    assert [job.name for job in operate.listed(Cluster(), ended_too=True)] == ["tags", "tag.heat.v2", "old"]


def test_a_list_that_is_piped_keeps_a_job_and_its_id_on_one_line(capsys):
    show(job_table(operate.listed(Cluster())))
    [line] = [line for line in capsys.readouterr().out.splitlines() if "tag.heat.v2" in line]
    assert "RESTARTING" in line
    assert "no such column [city]" in line


def test_a_job_that_is_forgotten_while_it_is_asked_for_is_left_out():
    cluster = Cluster()
    cluster.forgets = True
    assert [job.name for job in operate.listed(cluster, ended_too=True)] == ["tags", "tag.heat.v2"]


@pytest.mark.parametrize("name", ["old", "nobody"])
def test_a_job_that_does_not_run_is_said_with_those_that_do(name):
    with pytest.raises(operate.NoSuchJob, match=rf"no job '{name}' runs; those that do: tag.heat.v2, tags"):
        operate.stop(Cluster(), name)


def test_a_job_is_stopped_with_a_savepoint_or_cancelled():
    cluster = Cluster()
    assert operate.stop(cluster, "tags") == "file:///state/savepoint-1"
    assert operate.stop(cluster, "tags", savepoint=False) == ""
    assert cluster.done == [("savepoint", "1"), ("cancel", "1"), ("CANCELED", "1")]


def test_a_restart_goes_on_from_a_savepoint_and_leaves_a_published_versions_job_to_the_controller():
    cluster = Cluster()
    again = operate.restart(cluster, "tags", Settings(), lambda settings: ("9", "continues from file:///state"))
    assert again == "9 continues from file:///state"
    other = operate.restart(cluster, "tag.heat.v2", Settings(), lambda settings: pytest.fail("it is not the tags' job"))
    assert other == "stopped, savepoint file:///state/savepoint-2; the controller starts it again"
    assert cluster.done == [("savepoint", "1"), ("savepoint", "2")]
