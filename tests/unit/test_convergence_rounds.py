"""The controller on fakes, killed before and after every effect, while a person acts at any of these places."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jobs.convergence import BuildFailed, Controller, NotYet
from stores.registry.store import Conflict
from tagging import lifecycle
from tagging.lifecycle import Policy, Status, Tag
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.proofs import ProofsAtOnce

POLICY = Policy(rollback_window_ms=50)
PLACES = ("topic", "hbase", "clickhouse")
NUMBERS = st.integers(1, 4)


class Killed(BaseException):
    """kill -9."""


class Interrupt:
    """What happens at the n-th place where the controller may end: it is killed, or a person does something."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.what: Callable[[], None] = lambda: None

    def at(self, place: int, what: Callable[[], None]) -> None:
        self.left, self.what = place, what

    def point(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            self.what()


def kill() -> None:
    raise Killed


class World(MemoryRegistry):
    """Registry, cluster, proof and stores at once: every effect has a place before and after it."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupt, self.jobs, self.proven, self.bad = Interrupt(), [], set(), set()
        self.held: dict[int, set[str]] = {}
        self.history: set[int] = set()

    def tag(self, name):
        self.interrupt.point()
        return super().tag(name)

    def save(self, tag, entries):
        self.interrupt.point()
        saved = super().save(tag, entries)
        self.interrupt.point()
        return saved

    def running(self):
        return set(self.jobs)

    def submit(self, job, members):
        [(_, version, _)] = members
        self.interrupt.point()
        if job not in self.jobs:
            self.jobs.append(job)
        self.held[version] = set(PLACES)
        self.history.add(version)
        self.interrupt.point()

    def stop(self, job):
        self.interrupt.point()
        self.jobs = [name for name in self.jobs if name != job]
        self.interrupt.point()

    def check(self, tag, version, text, job):
        self.interrupt.point()
        assert job in self.jobs
        if version in self.bad:
            raise BuildFailed(f"{tag} v{version}: 3 missing")
        self.proven.add(version)

    def remove(self, tag, version, job, was_live):
        assert job not in self.jobs
        for place in PLACES:
            self.interrupt.point()
            if place in self.held.get(version, ()):
                self.held[version].remove(place)
                if place == "hbase":
                    raise NotYet("some cells")
            self.interrupt.point()
        if not was_live:
            self.history.discard(version)


class Controlled(RuleBasedStateMachine):
    """A person publishes, rolls back and retires, by a clock that is behind; the controller runs, and is killed at any place."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.at_ms, self.skew_ms = World(), 0, 0

    @initialize(skew_ms=st.integers(0, 40))
    def begin(self, skew_ms):
        self.skew_ms = skew_ms
        self.world.save(lifecycle.adopt(Tag("heat", "", ""), 1, "one", "ann", 0, "tags"), [])
        self.world.jobs.append("tags")
        self.world.proven.add(1)
        self.world.held[1] = set(PLACES)

    def controller(self) -> Controller:
        world = self.world
        return Controller(world, world, ProofsAtOnce(world.check), world, lambda: self.at_ms, POLICY)

    def person(self, change) -> None:
        with suppress(lifecycle.Refused, LookupError, Conflict):
            self.world.save(change(self.world.tag("heat"), self.at_ms - self.skew_ms), [])

    def while_it_runs(self, place, change) -> None:
        self.world.interrupt.at(place, lambda: self.person(change))
        self.controller().run_round()
        self.world.interrupt.left = None

    def rounds(self, most) -> bool:
        """Whether the controller came to rest."""
        return any(not self.controller().run_round() for _ in range(most))

    def published(self, bad):
        def change(tag, at_ms):
            tag = lifecycle.add(tag, f"text {len(tag.versions)}", "ann", at_ms)
            number = tag.versions[-1].version
            if bad:
                self.world.bad.add(number)
            return lifecycle.build(tag, number, at_ms, POLICY)

        return change

    @rule(bad=st.booleans())
    def publish(self, bad):
        self.person(self.published(bad))

    @rule()
    def publish_and_wait(self):
        self.person(self.published(bad=False))
        self.rounds(4)

    @rule(rounds=st.integers(0, 2), place=st.integers(0, 3), bad=st.booleans())
    def publish_twice_the_second_while_it_runs(self, rounds, place, bad):
        self.person(self.published(bad=False))
        self.rounds(rounds)
        self.while_it_runs(place, self.published(bad))

    @rule(number=NUMBERS)
    def build_again(self, number):
        self.person(lambda tag, at_ms: lifecycle.build(tag, number, at_ms, POLICY))

    @rule(number=NUMBERS)
    def roll_back(self, number):
        self.person(lambda tag, at_ms: lifecycle.roll_back(tag, number, at_ms, POLICY))

    @rule(place=st.integers(0, 8), number=NUMBERS)
    def roll_back_while_it_runs(self, place, number):
        self.while_it_runs(place, lambda tag, at_ms: lifecycle.roll_back(tag, number, at_ms, POLICY))

    @rule(number=NUMBERS)
    def retire(self, number):
        self.person(lambda tag, at_ms: lifecycle.retire(tag, number, at_ms))

    @rule(ms=st.sampled_from([1, 20, 50, 90]))
    def time_passes(self, ms):
        self.at_ms += ms

    @rule(pick=st.integers(0, 5))
    def a_job_is_lost(self, pick):
        own = [job for job in self.world.jobs if job != "tags"]
        if own:
            self.world.jobs.remove(own[pick % len(own)])

    @rule(place=st.integers(0, 8))
    def the_controller_is_killed(self, place):
        self.world.interrupt.at(place, kill)
        with suppress(Killed):
            self.controller().run_round()
        self.world.interrupt.left = None

    @precondition(lambda self: self.world.tags())
    @rule()
    def it_converges(self):
        assert self.rounds(12)
        tag = self.world.tag("heat")
        kept = {v.job for v in tag.versions if v.status in (Status.LIVE, Status.RETIRED) and not v.cleaned}
        assert set(self.world.jobs) == kept | {"tags"}
        assert not [v for v in tag.versions if v.status in (Status.BUILDING, Status.READY)]
        assert all(v.cause for v in tag.versions if v.status is Status.FAILED)
        for version in tag.versions:
            old = self.at_ms - version.changed_at_ms >= POLICY.rollback_window_ms
            if version.status in (Status.RETIRED, Status.FAILED) and old and version.job != "tags":
                assert not self.world.held.get(version.version)
                if version.version in self.world.held:
                    assert (version.version in self.world.history) == (version.status is Status.RETIRED)

    @invariant()
    def what_readers_see_or_may_go_back_to_is_whole(self):
        for tag in self.world.tags():
            for version in tag.versions:
                if version.status is Status.LIVE or (version.status is Status.RETIRED and not version.cleaned):
                    assert self.world.held[version.version] == set(PLACES)

    @invariant()
    def readers_see_a_proven_version_of_a_job_that_was_started(self):
        for pointer in self.world.pointers():
            assert pointer.version is None or pointer.version in self.world.proven - self.world.bad

    @invariant()
    def no_job_runs_twice_and_the_shared_one_is_never_stopped(self):
        assert len(set(self.world.jobs)) == len(self.world.jobs)
        assert "tags" in self.world.jobs or not self.world.tags()


TestControlled = Controlled.TestCase
TestControlled.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
