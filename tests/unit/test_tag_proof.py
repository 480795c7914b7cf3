"""What becomes of a version by the outcome of its comparison."""

from __future__ import annotations

import re

import pytest
from prometheus_client import REGISTRY

from jobs.barrier import BarrierNotPassed, JobEnded
from jobs.convergence import BuildFailed, Member, NotYet
from jobs.tag_files import BUILTIN
from jobs.tag_proof import ParityProof
from stores.flink import FlinkError
from stores.settings import Settings
from tagging.parity import Outcome, Stored, compare
from tagging.parity_history import Origin, RunStatus
from tests.fakes.memory_parity import MemoryParityRuns

TEXT = (BUILTIN / "city.sql").read_text(encoding="utf-8")
CITY = Member("city", 7, TEXT)
BARRIER_MS = 100


def check(batch: dict, stored: dict, error: Exception | None = None, runs: MemoryParityRuns | None = None) -> str:
    def run(tags, settings, limits, job):
        assert [(tag.definition.name, tag.definition.version) for tag in tags] == [("city", 7)]
        assert job == "tag.city.v7"
        yield "barrier taken"
        if error:
            raise error
        yield compare("city", "hbase", batch, batch_as_stored(batch), BARRIER_MS)
        yield compare("city", "clickhouse", batch, stored, BARRIER_MS)

    [(member, cause)] = ParityProof(Settings(), run, runs).check([CITY], "tag.city.v7").items()
    assert member == CITY
    return cause


def batch_as_stored(batch: dict) -> dict:
    return {user: Stored(value, 1) for user, value in batch.items()}


def test_a_version_that_both_stores_hold_as_batch_says_passes():
    assert check({"ann": "Oslo"}, {"ann": Stored("Oslo", 1)}) == ""


def test_a_value_that_changed_after_the_barrier_is_no_fault():
    assert check({"ann": "Oslo"}, {"ann": Stored("Rome", BARRIER_MS)}) == ""


def test_one_wrong_user_in_one_store_fails_the_version_and_is_named():
    cause = check({"ann": "Oslo", "ben": "Bern"}, {"ann": Stored("Rome", 1), "ben": Stored("Bern", 1)})
    assert re.fullmatch(r"clickhouse: 1 users differ .*, as ann batch 'Oslo' stored 'Rome'", cause)


def test_versions_of_one_job_are_compared_in_one_run_and_each_is_told_its_own():
    town, runs = Member("town", 2, TEXT.replace("name: city", "name: town")), MemoryParityRuns()

    def run(tags, settings, limits, job):
        assert [tag.definition.name for tag in tags] == ["city", "town"]
        yield compare("town", "hbase", {"ann": "Oslo"}, {}, BARRIER_MS)
        yield compare("city", "hbase", {"ann": "Oslo"}, {"ann": Stored("Oslo", 1)}, BARRIER_MS)

    causes = ParityProof(Settings(), run, runs).check([CITY, town], "shared.v1")
    assert causes[CITY] == "" and causes[town].startswith("hbase: 1 users differ")
    kept = {
        run.tag: [(result.tag, result.wrong) for result in runs.results([run.id])] for run in runs.runs(None, None, 9)
    }
    assert kept == {"city": [("city", 0)], "town": [("town", 1)]}


def test_how_many_differ_can_be_read_from_the_metrics_until_they_agree_again():
    check({"ann": "Oslo"}, {"ann": Stored("Rome", 1)})
    assert REGISTRY.get_sample_value("tagstream_parity_wrong_values", {"tag": "city", "store": "clickhouse"}) == 1
    check({"ann": "Oslo"}, {"ann": Stored("Oslo", 1)})
    assert REGISTRY.get_sample_value("tagstream_parity_wrong_values", {"tag": "city", "store": "clickhouse"}) == 0


def test_a_job_that_has_not_caught_up_is_looked_at_again():
    with pytest.raises(NotYet, match="behind by 5"):
        check({}, {}, BarrierNotPassed("behind by 5"))


def test_a_job_that_ended_fails_the_version_with_its_cause():
    with pytest.raises(BuildFailed, match="is FAILED: no field"):
        check({}, {}, JobEnded("is FAILED: no field"))


def test_a_cluster_that_is_away_is_no_fault_of_the_version():
    with pytest.raises(FlinkError):
        check({}, {}, FlinkError("does not answer"))


def test_a_proof_is_kept_whether_it_passes_or_not():
    runs = MemoryParityRuns()
    check({"ann": "Oslo"}, {"ann": Stored("Oslo", 1)}, runs=runs)
    check({"ann": "Oslo"}, {"ann": Stored("Rome", 1)}, runs=runs)
    red, green = runs.runs(None, None, 9)
    assert {(run.origin, run.status, run.tag, run.version) for run in (red, green)} == {
        (Origin.PROOF, RunStatus.DONE, "city", 7)
    }
    assert [result.wrong for result in runs.results([green.id])] == [0, 0]
    assert [result.wrong for result in runs.results([red.id])] == [1, 0]
    assert runs.findings(red.id, None, 0, 9)[0].finding.outcome is Outcome.DIFFERENT


def test_a_job_that_has_not_caught_up_leaves_no_run():
    runs = MemoryParityRuns()
    with pytest.raises(NotYet):
        check({}, {}, BarrierNotPassed("behind by 5"), runs)
    assert runs.runs(None, None, 9) == []
