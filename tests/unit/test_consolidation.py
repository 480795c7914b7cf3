"""Live versions move into a shared job: no reader sees it, the controller may be killed anywhere, and jobs stay few."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from jobs.convergence import BuildFailed, Controller
from stores.registry.store import Conflict
from tagging import lifecycle
from tagging.consolidation import CALM_MS, to_move
from tagging.definition import TagDefinition, definition_text
from tagging.lifecycle import STILL_READ_MS, Policy, Status, Tag, shared_number
from tagging.tag_reads import TagRead
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.proofs import ProofsAtOnce

POLICY = Policy(rollback_window_ms=24 * 60 * 60 * 1000, most_own_jobs=2)


def none(tag: str, version: int, text: str) -> str:
    """No text has a fault."""
    return ""


NAMES = [f"tag_{number}" for number in range(5)]


class Killed(BaseException):
    """kill -9."""


class World(MemoryRegistry):
    """Registry, cluster, proof and stores at once. A job writes the topics of the versions that it was started with."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, list] = {}
        self.begun: dict[str, list] = {}
        self.held: set[tuple[str, int]] = set()
        self.said: dict[str, str] = {}
        self.failing: Callable[[str], bool] = lambda job: False
        self.left: int | None = None

    def point(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Killed

    def save(self, tag, entries):
        self.point()
        saved = super().save(tag, entries)
        self.point()
        return saved

    def running(self):
        return set(self.jobs)

    def submit(self, job, members):
        self.point()
        if self.failing(job):
            raise BuildFailed(f"job {job} does not start: no slot")
        assert self.begun.setdefault(job, list(members)) == list(members), "a job that is started again has other SQL"
        self.jobs[job] = list(members)
        self.held |= {(member.tag, member.version) for member in members}
        self.point()

    def stop(self, job):
        self.point()
        self.jobs.pop(job, None)
        self.point()

    def check(self, tag, version, text, job):
        assert (tag, version) in [member[:2] for member in self.jobs[job]]

    def remove(self, tag, version, job, was_live):
        assert job not in self.jobs
        self.point()
        self.held.discard((tag, version))
        self.point()


class Moved(RuleBasedStateMachine):
    """People publish five tags; jobs are lost; the controller is killed at any place and starts anew."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.at_ms, self.texts = World(), 1_790_000_000_000, 0

    def round(self):
        self.at_ms += 1_000
        world = self.world
        return Controller(
            world, world, ProofsAtOnce(world.check), world, lambda: self.at_ms, POLICY, fault=none
        ).run_round()

    @rule(name=st.sampled_from(NAMES), rounds=st.integers(0, 6))
    def publish(self, name, rounds):
        self.texts += 1
        tag = lifecycle.add(self.world.tag(name) or Tag(name, "", ""), f"text {self.texts}", "ann", self.at_ms)
        number = tag.versions[-1].version
        with suppress(Conflict):
            self.world.save(lifecycle.build(tag, number, self.at_ms, POLICY), [])
        for _ in range(rounds):
            self.round()

    @rule()
    def publish_all(self):
        for name in NAMES:
            self.publish(name, 0)
        self.it_comes_to_rest()

    @rule(minutes=st.sampled_from([1, 30, 70, 25 * 60]))
    def time_passes(self, minutes):
        self.at_ms += minutes * 60_000

    @rule(pick=st.integers(0, 8))
    def a_job_is_lost(self, pick):
        if self.world.jobs:
            self.world.jobs.pop(sorted(self.world.jobs)[pick % len(self.world.jobs)])

    @rule(place=st.integers(0, 14))
    def the_controller_is_killed(self, place):
        self.world.left = place
        with suppress(Killed):
            self.round()
        self.world.left = None

    @rule()
    def no_shared_job_starts_for_a_while(self):
        self.world.failing = lambda job: shared_number(job) is not None
        for _ in range(4):
            self.round()
        self.world.failing = lambda job: False

    @rule()
    def it_comes_to_rest(self):
        assert any(not self.round() for _ in range(30))

    @rule()
    def after_a_while_there_are_few_jobs(self):
        for minutes in (CALM_MS // 60_000, STILL_READ_MS // 60_000, 25 * 60):
            self.at_ms += minutes * 60_000
            self.it_comes_to_rest()
        shared = [job for job in self.world.jobs if shared_number(job)]
        assert len(self.world.jobs) - len(shared) <= POLICY.most_own_jobs
        live = {(tag.name, tag.live.version) for tag in self.world.tags() if tag.live}
        assert self.world.held >= live
        assert len(shared) <= 2

    @invariant()
    def what_readers_see_is_carried_whole_and_says_what_was_published_last_or_before(self):
        for tag in self.world.tags():
            if tag.live:
                assert (tag.name, tag.live.version) in self.world.held
                published = [v.text for v in tag.versions if v.created_by == "ann" and v.status is not Status.DRAFT]
                assert tag.live.text in published

    @invariant()
    def a_move_changes_no_text_that_readers_see(self):
        for tag in self.world.tags():
            for version in tag.versions:
                if version.created_by == "controller":
                    before = tag.version(version.version - 1)
                    assert version.text in [v.text for v in tag.versions if v.version <= before.version]


TestMoved = Moved.TestCase
TestMoved.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def live(name: str, job: str | None = None) -> Tag:
    tag = lifecycle.build(lifecycle.add(Tag(name, "", ""), f"text of {name}", "ann", 0), 1, 0, POLICY)
    tag = lifecycle.switch(lifecycle.ready(tag, 1, 0), 1, 0)
    return (
        tag if job is None else lifecycle.switch(lifecycle.ready(lifecycle.move(tag, job, "controller", 0), 2, 0), 2, 0)
    )


def test_as_many_own_jobs_as_are_allowed_stay():
    assert to_move([live("a"), live("b")], 5_000, POLICY, none)[1] == []


def test_with_one_more_all_of_them_move_and_what_is_shared_already_moves_along():
    tags = [live("a"), live("b"), live("c"), live("d", "shared.v9")]
    assert to_move(tags, 5_000, POLICY, none) == ("shared.v10", ["a", "b", "c", "d"])
    assert to_move(tags, 50_000, POLICY, none)[0] == "shared.v50"


def test_a_version_whose_text_does_not_compile_stays_and_keeps_no_other_from_moving():
    def fault(tag, version, text):
        return "no such column" if tag == "b" else ""

    assert to_move([live("a"), live("b"), live("c"), live("d")], 5_000, POLICY, fault)[1] == ["a", "c", "d"]


def test_a_version_that_other_tags_read_stays_since_its_job_would_have_to_go_on_beside_the_shared_one():
    sql = "SELECT user_id, value FROM TAG(b)"
    over = definition_text(
        TagDefinition("e", "t", "d", "string", "basic", "o", sql, reads=(TagRead("b", 1, "string"),))
    )
    reader = lifecycle.build(lifecycle.add(Tag("e", "", ""), over, "ann", 0), 1, 0, POLICY)
    reader = lifecycle.switch(lifecycle.ready(reader, 1, 0), 1, 0)
    assert to_move([live("a"), live("b"), live("c"), live("d"), reader], 5_000, POLICY, none)[1] == ["a", "c", "d", "e"]


def test_a_tag_that_is_being_changed_stays():
    changing = lifecycle.build(lifecycle.add(live("c"), "new", "ann", 1), 2, 1, POLICY)
    assert to_move([live("a"), live("b"), changing, live("d")], 5_000, POLICY, none)[1] == ["a", "b", "d"]


def test_after_a_move_that_failed_the_next_one_waits():
    failed = lifecycle.fail(lifecycle.move(live("a"), "shared.v1", "controller", 0), 2, "no slot", 0)
    tags = [failed, live("b"), live("c")]
    assert to_move(tags, CALM_MS - 1, POLICY, none)[1] == []
    assert to_move(tags, CALM_MS, POLICY, none)[1] == ["a", "b", "c"]


def test_the_version_that_moved_is_not_kept_for_a_rollback_to_the_same_text_but_for_those_who_read_it():
    tag = live("a", "shared.v1")
    assert tag.live.text == tag.version(1).text
    assert not lifecycle.to_clean(tag, tag.version(1), STILL_READ_MS - 1, POLICY)
    assert lifecycle.to_clean(tag, tag.version(1), STILL_READ_MS, POLICY)
