"""Erasures are carried out whatever fails midway, and are complete only when nothing is left."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.builtin import builtin_tags
from jobs.erasing.kept import flink_state, in_topics
from jobs.erasing.stores import TagTombstones
from jobs.erasing.worker import RETRY_MS, EraseWorker
from stores.hbase import HBaseUnavailable
from stores.mysql import MySQLUnavailable
from tagging.erasure import KEEPERS, STORES, Erasure, State, Step, StepState
from tests.fakes.memory_erasures import MemoryErasures

SETTLE_MS = 90_000
DAY_MS = 24 * 60 * 60 * 1000
USER = "ann"


@dataclass
class MemoryStore:
    """Holds so much of a user. `fails`: as often it is away."""

    holds: int = 3
    fails: int = 0
    asked: list[str] = field(default_factory=list)

    def remove(self, erasure: Erasure) -> tuple[int, str]:
        self._ask("remove", erasure)
        removed, self.holds = self.holds, 0
        return removed, f"{removed} of them"

    def left(self, erasure: Erasure) -> int:
        self._ask("left", erasure)
        return self.holds

    def _ask(self, what: str, erasure: Erasure) -> None:
        assert erasure.user_id == USER
        if self.fails:
            self.fails -= 1
            raise HBaseUnavailable(f"away\nwith a second line about {what}")
        self.asked.append(what)


@dataclass
class World:
    """A worker with stores in memory, and a clock that goes by hand."""

    erasures: MemoryErasures = field(default_factory=MemoryErasures)
    stores: dict[str, MemoryStore] = field(default_factory=lambda: {name: MemoryStore() for name in STORES})
    number: int | None = 7
    against: str = ""
    at_ms: int = 1_790_000_000_000
    leads: bool = True
    published: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stores["erasures"].holds = 0

    def worker(self) -> EraseWorker:
        return EraseWorker(
            self.erasures,
            self.stores,
            lambda user_id: self.number,
            lambda user_id: self.against,
            lambda erasure: [Step(name, StepState.KEPT) for name in KEEPERS],
            lambda: self.leads,
            lambda: self.at_ms,
            SETTLE_MS,
        )

    def ask(self, id: str = "one") -> Erasure:
        subject = self.erasures.subjects.of(USER).hex()
        return self.erasures.ask(Erasure(id, subject, USER, "admin", self.at_ms))

    def run(self, most: int = 200) -> Erasure:
        """Steps until nothing waits at any time to come."""
        worker = self.worker()
        for _ in range(most):
            if not worker.step():
                if self.erasures.open() == (0, None):
                    break
                self.at_ms += 10_000
        return next(iter(self.erasures.rows.values()))


def test_an_erasure_ends_with_a_certificate_of_every_store_and_names_nobody():
    world = World()
    world.ask()
    done = world.run()
    assert (done.state, done.user_id, done.user_no, done.cause) == (State.COMPLETE, None, None, "")
    assert list(done.steps) == [*STORES, *KEEPERS]
    assert [done.steps[store].removed for store in STORES] == [0, 3, 3, 3, 3, 3]
    assert {done.steps[store].state for store in STORES} == {StepState.DONE}
    assert done.completed_at_ms == world.at_ms
    assert USER not in str(done)


def test_the_log_is_told_first_and_the_stores_are_emptied_once_no_sink_has_an_older_batch():
    world = World()
    world.ask()
    worker = world.worker()
    assert worker.step()
    assert [name for name, store in world.stores.items() if store.asked] == ["erasures"]
    world.at_ms += SETTLE_MS - 1
    assert not worker.step()
    world.at_ms += 1
    assert worker.step()
    assert all(store.asked for store in world.stores.values())
    assert not worker.step(), "all is looked at again no sooner than the stores are settled"


def test_somebody_who_was_merged_meanwhile_is_erased_once_unmerged():
    world = World(against="ann is the same person as bob: unmerge it, and erase each id")
    world.ask()
    worker = world.worker()
    worker.step()
    held = world.erasures.read("one")
    assert (held.state, held.cause, held.published_at_ms) == (State.FAILED, world.against, None)
    assert not any(store.asked for store in world.stores.values())
    world.against = ""
    assert world.run().state is State.COMPLETE


def test_what_came_after_a_store_was_emptied_is_found_and_removed():
    world = World()
    world.ask()
    worker = world.worker()
    worker.step()
    world.at_ms += SETTLE_MS
    worker.step()
    world.stores["clickhouse"].holds = 2
    done = world.run()
    assert done.state is State.COMPLETE
    assert world.stores["clickhouse"].holds == 0
    assert done.steps["clickhouse"].removed == 5
    assert world.stores["profiles"].asked.count("remove") == 1, "stores with nothing left are not emptied again"


def test_a_store_that_is_away_is_a_failure_with_its_cause_and_is_tried_again():
    world = World()
    world.ask()
    world.stores["profiles"].fails = 1
    worker = world.worker()
    worker.step()
    world.at_ms += SETTLE_MS
    worker.step()
    held = world.erasures.read("one")
    assert (held.state, held.cause, held.next_at_ms) == (State.FAILED, "away", world.at_ms + RETRY_MS)
    assert held.steps["tag_topics"].state is StepState.DONE
    assert world.run().state is State.COMPLETE
    assert world.stores["tag_topics"].asked.count("remove") == 1


def test_mysql_is_waited_for_by_the_loop():
    world = World()
    world.ask()
    world.stores["mysql"].remove = lambda erasure: (_ for _ in ()).throw(MySQLUnavailable("away"))
    worker = world.worker()
    worker.step()
    world.at_ms += SETTLE_MS
    with pytest.raises(MySQLUnavailable):
        worker.step()


def test_only_the_leader_works_and_one_that_lost_the_lead_names_nobody_again():
    world = World(leads=False)
    stale = world.ask()
    assert not world.worker().step()
    world.leads = True
    world.run()
    world.erasures.write(replace(stale, state=State.RUNNING))
    assert world.erasures.read("one").user_id is None


def test_somebody_whom_nobody_knows_is_erased_too_and_the_certificate_says_zero():
    world = World(number=None, stores={name: MemoryStore(holds=0) for name in STORES})
    world.ask()
    done = world.run()
    assert done.state is State.COMPLETE
    assert sum(step.removed for step in done.steps.values()) == 0


def test_asking_twice_is_one_erasure_until_it_is_complete_and_then_another():
    world = World()
    assert world.ask("one").id == world.ask("two").id == "one"
    world.run()
    assert world.ask("three").id == "three"


@given(
    failures=st.dictionaries(st.sampled_from(STORES), st.integers(1, 3)),
    late=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(STORES[1:])), max_size=4),
    kills=st.sets(st.integers(0, 30), max_size=5),
)
def test_whatever_fails_comes_late_or_is_killed_a_complete_erasure_leaves_nothing(failures, late, kills):
    world = World()
    world.ask()
    for name, times in failures.items():
        world.stores[name].fails = times
    worker = world.worker()
    for step in range(120):
        complete = world.erasures.rows["one"].state is State.COMPLETE
        for at, name in late:
            if at == step and not complete:
                world.stores[name].holds += 1
        before = world.erasures.rows["one"]
        moved = worker.step()
        if step in kills and world.erasures.rows["one"].state is not State.COMPLETE:
            # Killed before what it did was written: whoever leads next knows no more than before.
            world.erasures.rows["one"] = before
        if not moved:
            world.at_ms += 20_000
    done = world.erasures.rows["one"]
    assert done.state is State.COMPLETE
    assert {name: store.holds for name, store in world.stores.items()} == dict.fromkeys(STORES, 0)


def test_every_tag_topic_gets_one_tombstone_for_the_user():
    @dataclass
    class Topics:
        written: dict[str, dict[bytes, bytes | None]] = field(default_factory=dict)

        def names(self) -> list[str]:
            return ["tag.a.v1", "tag.b.v2"]

        def write(self, topic, messages):
            self.written[topic] = messages
            return {}

    topics = Topics()
    assert TagTombstones(topics).remove(World().ask())[0] == 2
    assert topics.written == {"tag.a.v1": {b"ann": None}, "tag.b.v2": {b"ann": None}}


def test_what_flink_holds_goes_with_the_longest_window_or_nobody_can_say_when():
    tags = builtin_tags()
    windowed = [tag for tag in tags if tag.windows]
    endless = [tag for tag in tags if not tag.windows]
    assert windowed
    assert endless
    step = flink_state(windowed, 7, 0)
    longest = max(window.length_minutes + window.pane_minutes for tag in windowed for window in tag.windows)
    assert step.kept_until_ms == longest * 60_000 + 7 * DAY_MS
    both = flink_state(tags, 7, 0)
    assert both.kept_until_ms is None
    assert endless[0].definition.name in both.detail


def test_a_topic_without_retention_is_said_to_be_kept_for_ever_with_what_to_do_about_it():
    ever = in_topics("events_log", {"events": None}, 0, "set kafka.events_retention_days")
    assert ever.kept_until_ms is None
    assert "events for ever" in ever.detail
    assert "events_retention_days" in ever.detail
    days = in_topics("events_log", {"events": 30 * DAY_MS, "predictions": DAY_MS}, 5, "set it")
    assert days.kept_until_ms == 5 + 30 * DAY_MS
    assert "set it" not in days.detail
