"""The jobs of single tag versions, on a cluster in memory."""

from __future__ import annotations

import pytest

from jobs.convergence import BuildFailed, Member
from jobs.tag_files import BUILTIN
from jobs.tag_jobs import TagJobs
from stores.flink import FlinkError, FlinkJob
from stores.kafka import KafkaUnavailable
from stores.settings import Settings

TEXT = (BUILTIN / "city.sql").read_text(encoding="utf-8")
CITY = [Member("city", 7, TEXT)]


class MemoryFlink:
    """Jobs by id."""

    def __init__(self) -> None:
        self.found: list[FlinkJob] = []
        self.away = False

    def add(self, name: str, state: str = "RUNNING") -> None:
        self.found.append(FlinkJob(f"id{len(self.found)}", name, state, 0, 0))

    def overview(self) -> object:
        if self.away:
            raise FlinkError("does not answer")
        return {}

    def jobs(self) -> list[FlinkJob]:
        self.overview()
        return list(self.found)

    def cancel(self, job_id: str) -> None:
        self.found = [FlinkJob(j.id, j.name, "CANCELED" if j.id == job_id else j.state, 0, 0) for j in self.found]

    def await_state(self, job_id: str, wanted: str, deadline_seconds: float) -> FlinkJob:
        found = next(job for job in self.found if job.id == job_id)
        assert found.state == wanted
        return found


def tag_jobs(flink: MemoryFlink, fails: Exception | None = None) -> TagJobs:
    def ensure(job, settings):
        if fails:
            raise fails
        flink.add(job.name)
        assert [(tag.definition.name, tag.definition.version) for tag in job.tags] == [("city", 7)]
        return flink.found[-1].id, "reads the log from its beginning"

    return TagJobs(Settings(), flink, ensure)


def test_the_job_carries_the_version_that_was_asked_for_under_its_name():
    flink = MemoryFlink()
    tag_jobs(flink).submit("tag.city.v7", CITY)
    assert set(tag_jobs(flink).running()) == {"tag.city.v7"}


def test_a_job_that_ended_does_not_run():
    flink = MemoryFlink()
    for state in ("FINISHED", "FAILED", "CANCELED"):
        flink.add(f"tag.{state}", state)
    flink.add("tag.restarts", "RESTARTING")
    assert set(tag_jobs(flink).running()) == {"tag.restarts"}


def test_all_jobs_of_a_name_are_stopped_and_no_others():
    flink = MemoryFlink()
    for name in ("tags", "tag.city.v7", "tag.city.v7"):
        flink.add(name)
    tag_jobs(flink).stop("tag.city.v7")
    tag_jobs(flink).stop("tag.city.v7")
    assert set(tag_jobs(flink).running()) == {"tags"}


def test_a_job_that_does_not_start_on_a_cluster_that_answers_fails_its_version_with_the_cause():
    with pytest.raises(BuildFailed, match=r"job tag\.city\.v7 does not start: no slot"):
        tag_jobs(MemoryFlink(), FlinkError("no slot")).submit("tag.city.v7", CITY)


def test_a_cluster_that_is_away_is_no_fault_of_the_version():
    flink = MemoryFlink()
    flink.away = True
    with pytest.raises(FlinkError, match="does not answer"):
        tag_jobs(flink, FlinkError("refused")).submit("tag.city.v7", CITY)


def test_a_log_that_is_away_is_no_fault_of_the_version():
    with pytest.raises(KafkaUnavailable):
        tag_jobs(MemoryFlink(), KafkaUnavailable("no broker")).submit("tag.city.v7", CITY)


def test_a_text_that_does_not_compile_fails_with_its_problems():
    with pytest.raises(BuildFailed, match="nowhere"):
        tag_jobs(MemoryFlink()).submit("tag.city.v7", [Member("city", 7, TEXT.replace("FROM users", "FROM nowhere"))])
