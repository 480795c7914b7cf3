"""Restarts of jobs, and which of them are settled: in MySQL, and in memory."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from stores.job_restarts import JobRestart, JobRestarts
from stores.registry.schema import migrate
from tests.fakes.memory_restarts import MemoryRestarts

AT_MS = 1_790_000_000_123
FLINK = uuid.uuid4().hex


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def restarts(request):
    if request.param == "memory":
        return MemoryRestarts()
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    return JobRestarts(settings)


@pytest.fixture
def first() -> JobRestart:
    """A restart of a job that no other test knows."""
    return JobRestart(f"job.{uuid.uuid4().hex}", AT_MS, FLINK, 1, AT_MS - 60_000)


def later(restart: JobRestart, ms: int) -> JobRestart:
    return replace(restart, restored_ms=restart.restored_ms + ms, since_ms=restart.since_ms + ms, times=2)


def test_a_job_that_never_was_restarted_has_none(restarts, first):
    assert (restarts.newest(first.job), restarts.since_ms(first.job), restarts.settled_ms(first.job)) == (None, None, 0)


def test_one_that_is_noted_twice_is_one_and_stays_as_it_was(restarts, first):
    restarts.note(first)
    restarts.note(replace(first, since_ms=first.since_ms + 1))
    assert restarts.newest(first.job) == first


def test_the_earliest_that_is_not_settled_says_since_when(restarts, first):
    second = later(first, 5_000)
    restarts.note(second)
    restarts.note(first)
    assert restarts.newest(first.job) == second
    assert restarts.since_ms(first.job) == first.since_ms


def test_settling_one_settles_those_before_and_none_after(restarts, first):
    second, third = later(first, 5_000), later(first, 9_000)
    for restart in (first, second, third):
        restarts.note(restart)
    restarts.settle(second, 10, 2)
    assert (restarts.settled_ms(first.job), restarts.since_ms(first.job)) == (second.restored_ms, third.since_ms)
    restarts.settle(third, 0, 0)
    assert restarts.since_ms(first.job) is None
    assert restarts.newest(first.job) == replace(third, settled=True)


def test_another_jobs_restarts_are_left_alone(restarts, first):
    other = replace(first, job=f"{first.job}.other")
    restarts.note(first)
    restarts.note(other)
    restarts.settle(first, 1, 0)
    assert restarts.since_ms(other.job) == other.since_ms
