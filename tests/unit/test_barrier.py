"""Waiting for a job to pass the barrier."""

from __future__ import annotations

import pytest

from jobs import barrier, checkpoint_requests
from jobs.barrier import Barrier, BarrierNotPassed, JobEnded, await_job
from stores.flink import Checkpoints, FlinkError, FlinkJob
from stores.settings import Settings

CUT = Barrier({"events": {0: 100}, "identities": {0: 0}, "clock": {0: 10}}, 1)


class Cluster:
    """A job that has done more at each checkpoint that it is asked for, and refuses the first."""

    def __init__(self, state: str, at_each: int) -> None:
        self.state, self.at_each, self.asked, self.committed = state, at_each, 0, 0
        self.looks_until_whole = 0
        self.waits: str | None = None

    def jobs(self) -> list[FlinkJob]:
        self.looks_until_whole -= 1
        return [FlinkJob("id", "tags", self.state, 0, 0, whole=self.looks_until_whole < 0)]

    def wait_for_slots(self, job: FlinkJob) -> str | None:
        return self.waits

    def checkpoints(self, job_id: str) -> Checkpoints:
        return Checkpoints(completed=max(0, self.asked - 1), last_ms=2)

    def root_cause(self, job_id: str) -> str:
        return "no such column"

    def ask_for_checkpoint(self, job_id: str) -> None:
        assert job_id == "id"
        assert self.looks_until_whole < 0, "asked before every task ran"
        self.asked += 1
        if self.asked == 1:
            raise FlinkError("not all tasks run yet")
        self.committed += self.at_each


@pytest.fixture
def world(monkeypatch):
    def begun(state: str, at_each: int) -> Cluster:
        cluster = Cluster(state, at_each)
        monkeypatch.setattr(barrier, "FlinkCluster", lambda settings: cluster)
        monkeypatch.setattr(
            barrier.kafka, "committed", lambda settings, group, topics: {topics[0]: {0: cluster.committed}}
        )
        monkeypatch.setattr(checkpoint_requests, "ASK_SECONDS", 0.001)
        monkeypatch.setattr(barrier, "POLL_SECONDS", 0.001)
        return cluster

    return begun


def test_a_job_that_somebody_waits_for_is_asked_for_checkpoints_until_one_lies_behind_the_barrier(world):
    cluster = world("RUNNING", 40)
    await_job("tags", ["events"], CUT, Settings(), 10)
    assert (cluster.asked, cluster.committed) == (4, 120)


def test_a_job_of_which_tasks_still_read_their_state_is_asked_for_nothing(world):
    cluster = world("RUNNING", 40)
    cluster.looks_until_whole = 5
    await_job("tags", ["events"], CUT, Settings(), 10)
    assert cluster.asked == 4


def test_a_job_that_does_not_get_there_in_time_is_told_with_its_place(world):
    cluster = world("RUNNING", 0)
    with pytest.raises(BarrierNotPassed, match=r"behind the barrier after 0.05 s: events by 100 messages"):
        await_job("tags", ["events"], CUT, Settings(), 0.05)
    assert 1 < cluster.asked < 30, "a checkpoint takes its time, and is asked for as seldom"


def test_a_job_that_has_no_slots_is_told_with_that(world):
    cluster = world("RUNNING", 0)
    cluster.waits = "3 tasks wait for a slot"
    with pytest.raises(BarrierNotPassed, match=r"events by 100 messages; 3 tasks wait for a slot"):
        await_job("tags", ["events"], CUT, Settings(), 0.05)


def test_a_job_that_has_ended_is_not_waited_for(world):
    cluster = world("FAILED", 40)
    with pytest.raises(JobEnded, match="is FAILED: no such column"):
        await_job("tags", ["events"], CUT, Settings(), 10)
    assert cluster.asked == 0
