"""The controller's process: it leads or waits, and what is away is waited for."""

from __future__ import annotations

import threading

import pytest

from jobs.controller import Pace, run
from jobs.convergence import Controller
from stores.mysql import MySQLUnavailable
from tagging import lifecycle
from tagging.lifecycle import Policy, Status, Tag
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.proofs import ProofsAtOnce


class World(MemoryRegistry):
    """Registry, cluster, proof, leadership and changes at once; `script` is consumed by `held`, and its end stops the loop."""

    def __init__(self, *script: bool | Exception) -> None:
        super().__init__()
        self.script, self.jobs, self.stop_event = list(script), {"tags"}, threading.Event()
        self.waits: list[float] = []
        tag = lifecycle.adopt(Tag("heat", "", ""), 1, "one", "ann", 0, "tags")
        self.save(lifecycle.build(lifecycle.add(tag, "two", "ann", 0), 2, 0, Policy()), [])

    def held(self):
        now = self.script.pop(0)
        if not self.script:
            self.stop_event.set()
        if isinstance(now, Exception):
            raise now
        return now

    def running(self):
        return self.jobs

    def submit(self, job, members):
        self.jobs.add(job)

    def stop(self, job):
        self.jobs.discard(job)

    def wait(self, seconds, stop):
        self.waits.append(seconds)
        return False

    def remove(self, tag, version, job, was_live):
        raise AssertionError(f"{job} is within its rollback window")

    def check(self, tag, version, text, job):
        assert job in self.jobs

    def go(self, prepare=lambda: None) -> None:
        controller = Controller(self, self, ProofsAtOnce(self.check), self, lambda: 1, Policy())
        run(prepare, self, controller, self, self.stop_event, Pace(1, 600))


def test_a_leader_brings_a_version_live_round_by_round():
    world = World(True, True, True)
    world.go()
    assert world.tag("heat").live.version == 2


def test_it_looks_often_while_something_is_under_way_and_then_waits_to_be_woken():
    world = World(True, True, True, True)
    world.go()
    assert world.waits == [1, 1, 1, 600]


def test_one_that_does_not_lead_does_nothing_and_asks_often_whether_it_may():
    world = World(False, False, False)
    world.go()
    assert world.waits == [1, 1, 1]
    assert world.jobs == {"tags"}
    assert world.tag("heat").version(2).status is Status.BUILDING


def test_a_store_that_is_away_is_waited_for():
    world = World(True, MySQLUnavailable("gone"), True, True)
    world.go()
    assert world.tag("heat").live.version == 2


def test_what_is_to_be_prepared_is_tried_until_it_succeeds_and_before_any_round():
    world, tries = World(True, True), []

    def prepare():
        tries.append(set(world.jobs))
        if len(tries) < 3:
            raise MySQLUnavailable("not there yet")

    world.go(prepare)
    assert tries == [{"tags"}] * 3


def test_a_fault_that_no_waiting_mends_ends_the_process():
    with pytest.raises(ZeroDivisionError):
        World(ZeroDivisionError(), True).go()


def test_a_process_that_no_longer_leads_takes_no_further_step_of_the_round():
    world = World(True)
    controller = Controller(world, world, ProofsAtOnce(world.check), world, lambda: 1, Policy(), leads=lambda: False)
    controller.run_round()
    assert world.jobs == {"tags"}
