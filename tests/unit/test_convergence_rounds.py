"""The controller on fakes, killed before and after every effect."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jobs.convergence import BuildFailed, Controller
from stores.registry.store import Pointer
from tagging import lifecycle
from tagging.lifecycle import Policy, Status, Tag
from tests.fakes.memory_registry import MemoryRegistry

POLICY = Policy(rollback_window_ms=50)


class Killed(BaseException):
    """kill -9."""


class Kill:
    """Ends the controller at the n-th place where it could end."""

    def __init__(self) -> None:
        self.left: int | None = None

    def point(self) -> None:
        if self.left is not None:
            if self.left == 0:
                self.left = None
                raise Killed
            self.left -= 1


class World(MemoryRegistry):
    """Registry, cluster and proof at once: every effect has a place before and after it where the process may end."""

    def __init__(self) -> None:
        super().__init__()
        self.kill, self.jobs, self.proven, self.bad = Kill(), [], set(), set()

    def save(self, tag, entries):
        self.kill.point()
        saved = super().save(tag, entries)
        self.kill.point()
        return saved

    def running(self):
        return set(self.jobs)

    def submit(self, tag, version, text, job):
        self.kill.point()
        if job not in self.jobs:
            self.jobs.append(job)
        self.kill.point()

    def stop(self, job):
        self.kill.point()
        self.jobs = [name for name in self.jobs if name != job]
        self.kill.point()

    def check(self, tag, version, text, job):
        assert job in self.jobs
        if version in self.bad:
            raise BuildFailed(f"{tag} v{version}: 3 missing")
        self.proven.add(version)


class Controlled(RuleBasedStateMachine):
    """A person publishes, rolls back and retires; the controller runs, is killed at any place, and starts anew."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.at_ms = World(), 0

    @initialize()
    def begin(self):
        self.world.save(lifecycle.adopt(Tag("heat", "", ""), 1, "one", "ann", 0, "tags"), [])
        self.world.jobs.append("tags")
        self.world.proven.add(1)

    def controller(self) -> Controller:
        return Controller(self.world, self.world, self.world, lambda: self.at_ms, POLICY)

    def person(self, change) -> None:
        with suppress(lifecycle.Refused, LookupError):
            self.world.save(change(self.world.tag("heat")), [])

    @rule(bad=st.booleans())
    def publish(self, bad):
        def change(tag):
            tag = lifecycle.add(tag, f"text {len(tag.versions)}", "ann", self.at_ms)
            number = tag.versions[-1].version
            tag = lifecycle.build(tag, number, self.at_ms, POLICY)
            if bad:
                self.world.bad.add(number)
            return tag

        self.person(change)

    @rule(number=st.integers(1, 4))
    def roll_back(self, number):
        self.person(lambda tag: lifecycle.roll_back(tag, number, self.at_ms, POLICY))

    @rule(number=st.integers(1, 4))
    def retire(self, number):
        self.person(lambda tag: lifecycle.retire(tag, number, self.at_ms))

    @rule(ms=st.integers(1, 60))
    def time_passes(self, ms):
        self.at_ms += ms

    @rule(pick=st.integers(0, 5))
    def a_job_is_lost(self, pick):
        own = [job for job in self.world.jobs if job != "tags"]
        if own:
            self.world.jobs.remove(own[pick % len(own)])

    @rule(place=st.integers(0, 5))
    def the_controller_is_killed(self, place):
        self.world.kill.left = place
        with suppress(Killed):
            self.controller().run_round()
        self.world.kill.left = None

    @rule()
    def it_converges(self):
        for _ in range(8):
            if not self.controller().run_round():
                break
        else:
            raise AssertionError("the controller does not come to rest")
        tag = self.world.tag("heat")
        kept = {v.job for v in tag.versions if v.status in (Status.LIVE, Status.RETIRED) and not v.cleaned}
        assert set(self.world.jobs) == kept | {"tags"}
        assert not [v for v in tag.versions if v.status in (Status.BUILDING, Status.READY)]
        assert all(v.cause for v in tag.versions if v.status is Status.FAILED)

    @invariant()
    def readers_see_a_proven_version_of_a_job_that_was_started(self):
        for pointer in self.world.pointers():
            assert pointer == Pointer("heat", None, "") or pointer.version in self.world.proven - self.world.bad

    @invariant()
    def no_job_runs_twice_and_the_shared_one_is_never_stopped(self):
        assert len(set(self.world.jobs)) == len(self.world.jobs)
        assert "tags" in self.world.jobs or not self.world.tags()


TestControlled = Controlled.TestCase
TestControlled.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
