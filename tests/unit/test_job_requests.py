"""What the worker beside the controller does with a request."""

from __future__ import annotations

import pytest

from jobs.job_requests import RequestWorker
from stores.flink import FlinkError, FlinkJob
from stores.job_requests import State, What
from stores.settings import Settings
from tests.fakes.memory_operations import MemoryJobRequests


class Cluster:
    """Jobs by id, and what was done to them."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.done: list[tuple[str, str]] = []
        self.broken = False

    def jobs(self) -> list[FlinkJob]:
        if self.broken:
            raise FlinkError("Flink at http://x does not answer")
        return [FlinkJob(name, name, "RUNNING", 1, 1) for name in self.names]

    def savepoint(self, job_id: str) -> str:
        self.done.append(("savepoint", job_id))
        return "file:///state/s-1"

    def stop_with_savepoint(self, job_id: str) -> str:
        self.done.append(("stop", job_id))
        self.names.remove(job_id)
        return "file:///state/s-2"


@pytest.fixture
def requests() -> MemoryJobRequests:
    return MemoryJobRequests()


def answer(requests: MemoryJobRequests, cluster: Cluster, submit=lambda settings: ("9", "continues from s-2")):
    assert RequestWorker(requests, cluster, Settings(), submit).step()
    (found,) = requests.requests.values()
    return found.state, found.said


def test_a_savepoint_is_written_and_its_path_told(requests):
    requests.ask("tags", What.SAVEPOINT, "ann")
    cluster = Cluster("tags")
    assert answer(requests, cluster) == (State.DONE, "file:///state/s-1")
    assert cluster.done == [("savepoint", "tags")]


def test_a_restart_of_the_tags_job_starts_it_again(requests):
    requests.ask("tags", What.RESTART, "ann")
    assert answer(requests, Cluster("tags")) == (State.DONE, "9 continues from s-2")


def test_a_restart_that_a_dead_worker_left_between_stop_and_start_is_brought_to_its_end(requests):
    requests.ask("tags", What.RESTART, "ann")
    assert answer(requests, Cluster()) == (State.DONE, "9 continues from s-2")


def test_a_published_versions_job_is_left_to_the_controller_to_start(requests):
    requests.ask("tag.heat.v2", What.RESTART, "ann")
    state, said = answer(requests, Cluster("tag.heat.v2"), lambda settings: pytest.fail("it is not the tags' job"))
    assert (state, said) == (State.DONE, "stopped, savepoint file:///state/s-2; the controller starts it again")


def test_a_request_for_a_job_that_is_gone_or_a_cluster_that_is_away_fails_with_the_cause(requests):
    requests.ask("tag.heat.v2", What.SAVEPOINT, "ann")
    assert answer(requests, Cluster("tags")) == (State.FAILED, "no job 'tag.heat.v2' runs; those that do: tags")
    requests.requests.clear()
    requests.ask("tags", What.SAVEPOINT, "ann")
    cluster = Cluster("tags")
    cluster.broken = True
    assert answer(requests, cluster) == (State.FAILED, "Flink at http://x does not answer")


def test_nothing_is_done_while_nothing_is_asked(requests):
    assert not RequestWorker(requests, Cluster("tags"), Settings()).step()
