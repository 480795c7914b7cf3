"""Which runs are done when, what they compare, and what becomes of one that cannot be done."""

from __future__ import annotations

import threading

import pytest

from jobs.barrier import BarrierNotPassed, JobEnded
from jobs.parity_schedule import Schedule, loop
from jobs.tag_files import BUILTIN
from stores.mysql import MySQLUnavailable
from tagging import lifecycle
from tagging.lifecycle import Policy, Tag
from tagging.parity import Outcome, Stored, compare
from tagging.parity_history import Origin, RunStatus
from tests.fakes.memory_parity import MemoryParityRuns
from tests.parity_sides import tag

TEXT = (BUILTIN / "city.sql").read_text(encoding="utf-8")
HOUR_MS = 3_600_000


def registered() -> list[Tag]:
    """city: version 1 was live in `tags` and is kept, version 2 is live in a job of its own, version 3 a draft."""
    city = lifecycle.adopt(Tag("city", "", ""), 1, TEXT, "ann", 0, "tags")
    city = lifecycle.build(lifecycle.add(city, TEXT, "ann", 0), 2, 0, Policy())
    city = lifecycle.switch(lifecycle.ready(city, 2, 0), 2, 0)
    return [lifecycle.add(city, TEXT, "ann", 0)]


class World:
    """Time, the registry, and a comparison that finds what it is told."""

    def __init__(self, every_ms: int = 0) -> None:
        self.now_ms, self.runs, self.compared = 10 * HOUR_MS, MemoryParityRuns(), []
        self.wrong, self.error, self.failing, self.tags = False, None, "", registered()
        builtin = [tag("city"), tag("signup")]
        self.schedule = Schedule(self.runs, lambda: self.tags, builtin, self.compare, every_ms, lambda: self.now_ms)

    def compare(self, tags, job):
        self.compared.append((job, [(item.definition.name, item.definition.version) for item in tags]))
        yield "barrier taken"
        if self.error and self.failing in ("", job):
            raise self.error
        for item in tags:
            stored = {"ann": Stored("Rome" if self.wrong else "Oslo", 1)}
            parity = compare(item.definition.name, "hbase", {"ann": "Oslo"}, stored, 100)
            parity.version = item.definition.version
            yield parity


def test_a_request_for_all_compares_every_live_version_in_its_own_job():
    world = World()
    asked = world.runs.ask("", 0, world.now_ms)
    assert world.schedule.round() == asked.id
    assert world.compared == [("tag.city.v2", [("city", 2)]), ("tags", [("signup", 1)])]
    assert world.runs.run(asked.id).status is RunStatus.DONE
    assert [(r.tag, r.version, r.counts[Outcome.EQUAL]) for r in world.runs.results([asked.id])] == [
        ("city", 2, 1),
        ("signup", 1, 1),
    ]
    assert world.schedule.round() is None


@pytest.mark.parametrize(
    ("name", "version", "compared"),
    [
        ("city", 0, ("tag.city.v2", [("city", 2)])),
        ("city", 1, ("tags", [("city", 1)])),
        ("city", 2, ("tag.city.v2", [("city", 2)])),
        ("signup", 0, ("tags", [("signup", 1)])),
        ("signup", 1, ("tags", [("signup", 1)])),
    ],
)
def test_a_request_for_one_tag_compares_that_version_alone(name, version, compared):
    world = World()
    world.runs.ask(name, version, world.now_ms)
    world.schedule.round()
    assert world.compared == [compared]


@pytest.mark.parametrize(
    ("name", "version", "cause"),
    [
        ("nobody", 0, "no tag nobody"),
        ("city", 3, "no job carries it"),
        ("city", 9, "no version 9"),
        ("signup", 2, "signup"),
    ],
)
def test_a_request_that_cannot_be_done_fails_with_its_cause_and_the_next_is_done(name, version, cause):
    world = World()
    asked, fine = world.runs.ask(name, version, world.now_ms), world.runs.ask("city", 0, world.now_ms)
    world.schedule.round()
    assert world.runs.run(asked.id).status is RunStatus.FAILED and cause in world.runs.run(asked.id).cause
    world.schedule.round()
    assert world.runs.run(fine.id).status is RunStatus.DONE


def test_a_run_whose_stream_does_not_get_there_is_failed_and_says_nothing_of_the_tag():
    world = World()
    world.error = BarrierNotPassed("tags is behind by 5 messages")
    asked = world.runs.ask("", 0, world.now_ms)
    world.schedule.round()
    causes = [f"job {job}: tags is behind by 5 messages" for job in ("tag.city.v2", "tags")]
    assert world.runs.run(asked.id).cause == "; ".join(causes)
    assert world.runs.newest() == []


def test_a_job_that_cannot_be_compared_does_not_keep_the_others_from_it():
    world = World()
    world.error, world.failing = JobEnded("is FAILED"), "tag.city.v2"
    asked = world.runs.ask("", 0, world.now_ms)
    world.schedule.round()
    run = world.runs.run(asked.id)
    assert (run.status, run.cause) == (RunStatus.DONE, "job tag.city.v2: is FAILED")
    assert [result.tag for result in world.runs.results([asked.id])] == ["signup"]


def test_a_live_text_that_no_longer_compiles_is_told_and_the_rest_is_compared():
    world = World()
    world.tags = [*registered(), lifecycle.adopt(Tag("odd", "", ""), 1, "no tag at all", "ann", 0, "tags")]
    everything, one = world.runs.ask("", 0, world.now_ms), world.runs.ask("city", 0, world.now_ms)
    world.schedule.round()
    run = world.runs.run(everything.id)
    assert run.status is RunStatus.DONE and "tag odd version 1" in run.cause
    assert [result.tag for result in world.runs.results([everything.id])] == ["city", "signup"]
    world.schedule.round()
    assert world.runs.run(one.id).cause == ""


def test_the_schedule_runs_when_it_is_due_and_a_request_comes_first():
    world = World(every_ms=HOUR_MS)
    asked = world.runs.ask("city", 0, world.now_ms)
    assert world.schedule.round() == asked.id
    assert world.schedule.round() is None
    world.now_ms += HOUR_MS
    scheduled = world.schedule.round()
    assert world.runs.run(scheduled).origin is Origin.SCHEDULE
    world.now_ms += HOUR_MS - 1
    assert world.schedule.round() is None
    world.now_ms += 1
    assert world.schedule.round() == scheduled + 1


def test_what_is_wrong_is_kept_with_its_user():
    world = World()
    world.wrong = True
    asked = world.runs.ask("city", 0, world.now_ms)
    world.schedule.round()
    kept = world.runs.findings(asked.id, None, 0, 9)
    assert [(item.tag, item.version, item.finding.user_id, item.finding.stored) for item in kept] == [
        ("city", 2, "ann", "Rome")
    ]


def test_mysql_is_waited_for_and_who_does_not_lead_does_nothing():
    world, stop = World(), threading.Event()
    asked = world.runs.ask("city", 0, world.now_ms)
    script = [False, MySQLUnavailable("away"), True, True]

    def leads() -> bool:
        now = script.pop(0)
        if not script:
            stop.set()
        if isinstance(now, Exception):
            raise now
        if now is False:
            assert world.compared == []
        return now

    loop(world.schedule, leads, stop, 0.001)
    assert world.runs.run(asked.id).status is RunStatus.DONE
