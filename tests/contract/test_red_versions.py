"""A version whose newest comparison found a difference does not come before readers: in MySQL, and in memory."""

from __future__ import annotations

import uuid

import pytest

from jobs.convergence import Controller
from stores.parity_runs import ParityRuns
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from tagging import lifecycle
from tagging.lifecycle import Policy, Red, Status, Tag
from tagging.parity import Outcome, TagParity
from tagging.parity_history import Origin
from tests.fakes.memory_parity import MemoryParityRuns
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.proofs import ProofsAtOnce

AT_MS = 1_790_000_000_123


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def stores(request):
    """A registry and the history of comparisons that it looks at."""
    if request.param == "memory":
        runs = MemoryParityRuns()
        yield MemoryRegistry(runs), runs
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    registry = TagRegistry(settings)
    yield registry, ParityRuns(settings)
    registry.close()


@pytest.fixture
def tag(stores) -> Tag:
    """Version 1 is live, version 2 ready."""
    tag = lifecycle.adopt(Tag(f"t{uuid.uuid4().hex}", "ops", "risk"), 1, "one", "ann", AT_MS, "tags")
    tag = lifecycle.build(lifecycle.add(stores[0].save(tag, []), "two", "ann", AT_MS), 2, AT_MS, Policy())
    return stores[0].save(lifecycle.ready(tag, 2, AT_MS), [])


def compared(runs, tag: Tag, version: int, wrong: int) -> int:
    parity = TagParity(tag.name, "hbase", version=version, barrier_at_ms=AT_MS)
    parity.counts |= {Outcome.EQUAL: 5, Outcome.MISSING: wrong}
    run_id = runs.begin(Origin.PROOF, AT_MS)
    runs.finish(run_id, [parity, TagParity(tag.name, "clickhouse", version=version)], AT_MS)
    return run_id


def test_a_red_version_is_not_switched_to_and_says_in_which_run(stores, tag):
    registry, runs = stores
    run_id = compared(runs, tag, 2, wrong=3)
    with pytest.raises(Red, match=rf"version 2 .*red: 3 users differ .* run, {run_id};"):
        registry.save(lifecycle.switch(tag, 2, AT_MS), [])
    assert registry.tag(tag.name) == tag


def test_the_newest_run_decides_and_of_another_version_none_does(stores, tag):
    registry, runs = stores
    compared(runs, tag, 2, wrong=3)
    compared(runs, tag, 2, wrong=0)
    compared(runs, tag, 1, wrong=1)
    assert registry.save(lifecycle.switch(tag, 2, AT_MS), []).live.version == 2


def test_nobody_rolls_back_to_a_red_version(stores, tag):
    registry, runs = stores
    tag = registry.save(lifecycle.switch(tag, 2, AT_MS), [])
    compared(runs, tag, 1, wrong=1)
    with pytest.raises(Red):
        registry.save(lifecycle.roll_back(tag, 1, AT_MS, Policy()), [])
    compared(runs, tag, 1, wrong=0)
    assert registry.save(lifecycle.roll_back(tag, 1, AT_MS, Policy()), []).live.version == 1


def test_a_live_version_that_turns_red_stays_and_can_be_replaced(stores, tag):
    registry, runs = stores
    compared(runs, tag, 1, wrong=4)
    tag = registry.save(lifecycle.add(tag, "three", "ann", AT_MS), [])
    assert tag.live.version == 1
    assert registry.save(lifecycle.switch(tag, 2, AT_MS), []).live.version == 2


def test_the_controller_fails_a_version_that_turned_red_after_its_proof(stores, tag):
    registry, runs = stores
    compared(runs, tag, 2, wrong=3)

    class Cluster:
        def running(self):
            return {"tags", lifecycle.shadow_job(tag.name, 2)}

    class OfThis:
        def tags(self):
            return [registry.tag(tag.name)]

        tag, save = registry.tag, registry.save

    Controller(OfThis(), Cluster(), ProofsAtOnce(pytest.fail), None, lambda: AT_MS, Policy()).run_round()
    version = registry.tag(tag.name).version(2)
    assert version.status is Status.FAILED and "red: 3 users differ" in version.cause
    assert registry.tag(tag.name).live.version == 1
