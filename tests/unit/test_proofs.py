"""Proofs beside the controller's rounds: who waits for which, and what becomes of an outcome."""

from __future__ import annotations

import threading
import time

import pytest

from jobs.convergence import BuildFailed, Member, NotYet
from jobs.proofs import ConcurrentProofs
from stores.flink import FlinkError

ONE, TWO, THREE = (Member(name, 1, f"text of {name}") for name in ("one", "two", "three"))


class Checks:
    """Proofs that end when they are told to, by job: with causes, or with an error."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, tuple[Member, ...]]] = []
        self.ends: dict[str, threading.Event] = {}
        self.errors: dict[str, Exception] = {}

    def check(self, members, job):
        self.begun.append((job, members))
        assert self.ends.setdefault(job, threading.Event()).wait(10)
        if job in self.errors:
            raise self.errors[job]
        return {member: "" if member == ONE else "3 missing" for member in members}

    def end(self, job: str, error: Exception | None = None) -> None:
        if error:
            self.errors[job] = error
        self.ends.setdefault(job, threading.Event()).set()


@pytest.fixture
def checks():
    found = Checks()
    yield found
    for end in found.ends.values():
        end.set()


def first(proofs: ConcurrentProofs, wanted):
    """The first outcomes that come."""
    until = time.monotonic() + 10
    while not (found := proofs.outcomes(wanted)):
        assert time.monotonic() < until
        time.sleep(0.01)
    return found


def test_nobody_waits_for_a_proof_and_its_outcome_is_told_once(checks):
    proofs, wanted = ConcurrentProofs(checks), {"a": [ONE, TWO]}
    assert proofs.outcomes(wanted) == proofs.outcomes(wanted) == {}
    checks.end("a")
    assert first(proofs, wanted) == {"a": {ONE: "", TWO: "3 missing"}}
    assert checks.begun == [("a", (ONE, TWO))]
    assert first(proofs, wanted) and len(checks.begun) == 2


def test_one_that_ends_first_is_told_first_and_makes_room_for_another(checks):
    proofs, wanted = ConcurrentProofs(checks, at_once=2), {"a": [ONE], "b": [TWO], "c": [THREE]}
    proofs.outcomes(wanted)
    assert [job for job, _ in checks.begun] == ["a", "b"]
    checks.end("b")
    assert first(proofs, wanted) == {"b": {TWO: "3 missing"}}
    proofs.outcomes({"a": [ONE], "c": [THREE]})
    assert [job for job, _ in checks.begun] == ["a", "b", "c"]


def test_a_job_that_does_not_run_fails_all_of_its_versions(checks):
    proofs = ConcurrentProofs(checks)
    checks.end("a", BuildFailed("is FAILED: no field"))
    assert first(proofs, {"a": [ONE, TWO]}) == {"a": {ONE: "is FAILED: no field", TWO: "is FAILED: no field"}}


def test_a_job_that_is_not_there_yet_is_proven_again(checks):
    proofs = ConcurrentProofs(checks)
    checks.end("a", NotYet("behind by 5"))
    until = time.monotonic() + 10
    while len(checks.begun) < 3:
        assert proofs.outcomes({"a": [ONE]}) == {} and time.monotonic() < until
        time.sleep(0.01)


def test_a_store_that_is_away_is_raised_and_takes_no_other_outcome_along(checks):
    proofs, wanted = ConcurrentProofs(checks), {"a": [ONE], "b": [TWO]}
    proofs.outcomes(wanted)
    checks.end("a")
    checks.end("b", FlinkError("does not answer"))
    until = time.monotonic() + 10
    with pytest.raises(FlinkError, match="does not answer"):
        while time.monotonic() < until and "a" not in (found := proofs.outcomes(wanted)):
            time.sleep(0.01)
        assert found == {"a": {ONE: ""}}
        first(proofs, {"b": [TWO]})
    checks.errors.clear()
    assert first(proofs, {"b": [TWO]}) == {"b": {TWO: "3 missing"}}


def test_what_was_found_of_versions_that_nobody_asks_for_any_more_is_forgotten(checks):
    proofs = ConcurrentProofs(checks)
    proofs.outcomes({"a": [ONE, TWO]})
    checks.end("a")
    assert first(proofs, {"a": [ONE]}) == {"a": {ONE: ""}}
    assert checks.begun == [("a", (ONE, TWO)), ("a", (ONE,))]
    proofs.outcomes({"b": [THREE]})
    proofs.outcomes({})
    checks.end("b")
    while not proofs._proofs["b"].outcome.done():
        time.sleep(0.01)
    assert proofs.outcomes({}) == {} and not proofs._proofs
