"""What a lost run of a job said last, put right after the restart."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.barrier import CLOCK_SKEW_MS, Barrier
from jobs.builtin import builtin_tags
from jobs.settling import Settler
from stores.flink import FlinkError, FlinkJob, Restored
from tagging.names import tag_topic
from tests.fakes.memory_restarts import MemoryRestarts

TAG = builtin_tags("spend_tier_30d")[0]
TOPIC = tag_topic(TAG.definition.name, TAG.definition.version)
RESTORED, TRIGGERED = 1_000_000, 900_000
LOST, AGAIN = RESTORED - 5_000, RESTORED + CLOCK_SKEW_MS


@dataclass(frozen=True)
class Message:
    place: tuple[int, int]
    name: bytes
    text: bytes | None
    at_ms: int

    def partition(self) -> int:
        return self.place[0]

    def offset(self) -> int:
        return self.place[1]

    def key(self) -> bytes:
        return self.name

    def value(self) -> bytes | None:
        return self.text

    def timestamp(self) -> tuple[int, int]:
        return 1, self.at_ms


def key(user: str) -> bytes:
    return user.encode()


@dataclass
class Log:
    """One topic of two partitions. `before_write`, `after_write`: what the job says at those moments, once each."""

    messages: list[Message] = field(default_factory=list)
    before_write: list[tuple[str, object]] = field(default_factory=list)
    after_write: list[tuple[str, object]] = field(default_factory=list)

    def say(self, user: str, value: object, at_ms: int) -> tuple[int, int]:
        partition = sum(user.encode()) % 2
        place = (partition, sum(m.partition() == partition for m in self.messages))
        text = None if value is None else orjson.dumps({"user_id": user, "value": value})
        self.messages.append(Message(place, key(user), text, at_ms))
        return place

    def at(self, topics, ms: int) -> dict[str, dict[int, int]]:
        cut = {p: sum(m.partition() == p and m.at_ms < ms for m in self.messages) for p in (0, 1)}
        return dict.fromkeys(topics, cut)

    def end(self, topics) -> dict[str, dict[int, int]]:
        cut = {p: sum(m.partition() == p for m in self.messages) for p in (0, 1)}
        return dict.fromkeys(topics, cut)

    def read(self, topic, begin, end):
        return [m for m in self.messages if begin[m.partition()] <= m.offset() < end[m.partition()]]

    def write(self, topic, messages):
        for user, value in self.before_write:
            self.say(user, value, AGAIN + 1)
        self.before_write = []
        found = {}
        for name, text in messages.items():
            user = name.decode()
            found[name] = self.say(user, None if text is None else orjson.loads(text)["value"], AGAIN + 2)
        for user, value in self.after_write:
            self.say(user, value, AGAIN + 3)
        self.after_write = []
        return found

    def last(self) -> dict[str, object]:
        found = {m.name.decode(): m.text for m in self.messages}
        return {user: orjson.loads(text)["value"] for user, text in found.items() if text}


@dataclass
class Cluster:
    restarts: dict[str, Restored] = field(default_factory=lambda: {"j1": Restored(RESTORED, "file:/no", TRIGGERED, 1)})
    running: str = "j1"

    def jobs(self):
        return [FlinkJob(self.running, "tags", "RUNNING", RESTORED, 0)]

    def await_state(self, job_id, wanted, deadline_seconds):
        return self.jobs()[0]

    def restored(self, job_id):
        if job_id not in self.restarts:
            raise FlinkError("forgotten")
        return self.restarts[job_id]


class World:
    def __init__(self, truth: dict[str, object] | None = None) -> None:
        self.log, self.restarts, self.cluster, self.asked = Log(), MemoryRestarts(), Cluster(), []
        self.truth = truth or {}
        self.waited = 0
        self.at_first_cut: dict[str, object] | None = None

    def settler(self) -> Settler:
        def recompute(users, tags, barrier):
            self.asked.append({name: sorted(of) for name, of in users.items()})
            if self.at_first_cut is not None and len(self.asked) == 1:
                return {TAG.definition.name: self.at_first_cut}
            return {TAG.definition.name: {u: v for u, v in self.truth.items() if u in users[TAG.definition.name]}}

        def passed(job, tags):
            self.waited += 1
            return Barrier({}, 0)

        return Settler(self.cluster, self.restarts, self.log, passed, recompute)

    def settle(self) -> tuple[int, int]:
        settler = self.settler()
        restart = settler.pending("tags")
        assert restart
        return tuple(settler.settle(restart, [TAG]))


@pytest.fixture
def world() -> World:
    return World()


def test_a_value_that_only_the_lost_run_knew_is_taken_back(world):
    world.log.say("u1", "platinum", LOST)
    assert world.settle() == (1, 1)
    assert world.log.last() == {}
    assert world.settler().pending("tags") is None


def test_a_value_that_the_lost_run_changed_becomes_what_batch_says(world):
    world.truth = {"u1": "gold"}
    world.log.say("u1", "gold", TRIGGERED - 50_000)
    world.log.say("u1", "platinum", LOST)
    assert world.settle() == (1, 1)
    assert world.log.last() == {"u1": "gold"}


def test_what_the_new_run_said_again_is_not_looked_into(world):
    world.log.say("u1", "platinum", LOST)
    world.log.say("u1", "silver", AGAIN)
    assert world.settle() == (0, 0)
    assert (world.asked, world.log.last()) == ([], {"u1": "silver"})


def test_what_was_said_before_the_checkpoint_is_not_looked_into(world):
    world.log.say("u1", "gold", TRIGGERED - CLOCK_SKEW_MS - 1)
    world.log.say("u2", "gold", LOST)
    world.truth = {"u2": "gold"}
    assert world.settle() == (1, 0)
    assert world.asked == [{"spend_tier_30d": ["u2"]}]
    assert len(world.log.messages) == 2


@pytest.mark.parametrize("moment", ["before_write", "after_write"])
def test_what_the_job_says_while_it_is_corrected_is_the_last_word(world, moment):
    world.log.say("u1", "platinum", LOST)
    world.log.say("u2", "platinum", LOST)
    setattr(world.log, moment, [("u1", "silver")])
    world.settle()
    assert world.log.last() == {"u1": "silver"}


def test_a_value_that_was_another_at_one_cut_alone_is_left_as_the_job_said_it(world):
    world.at_first_cut, world.truth = {"u1": "cart"}, {"u1": "paid"}
    world.log.say("u1", "paid", LOST)
    assert world.settle() == (1, 0)
    assert (len(world.asked), world.log.last()) == (2, {"u1": "paid"})


def test_true_is_not_one(world):
    world.truth = {"u1": True}
    world.log.say("u1", 1, LOST)
    assert world.settle() == (1, 1)


def test_a_job_that_reads_the_log_from_its_beginning_takes_back_what_another_said_before_it(world):
    world.cluster.restarts = {"j1": None}
    world.truth = {"u2": "gold"}
    world.log.say("u1", "platinum", 100)
    world.log.say("u2", "gold", 100)
    assert world.settle() == (2, 1)
    assert world.log.last() == {"u2": "gold"}
    assert world.settler().pending("tags") is None


def test_a_job_before_which_nobody_spoke_waits_for_nothing(world):
    world.cluster.restarts = {"j1": None}
    world.log.say("u1", "gold", AGAIN)
    assert world.settle() == (0, 0)
    assert (world.waited, world.asked) == (0, [])


def test_several_restarts_are_settled_from_the_first_on(world):
    first = world.settler().pending("tags")
    world.cluster.restarts = {"j1": Restored(RESTORED + 50_000, "file:/no", RESTORED + 40_000, 2)}
    both = world.settler().pending("tags")
    assert (both.restored_ms, both.since_ms) == (RESTORED + 50_000, first.since_ms)


def test_a_restart_that_nobody_saw_has_all_looked_into_since_the_last_settled(world):
    world.log.say("u1", "platinum", LOST)
    world.settle()
    world.cluster.restarts = {"j1": Restored(RESTORED + 90_000, "file:/no", RESTORED + 80_000, 3)}
    assert world.settler().pending("tags").since_ms == RESTORED - CLOCK_SKEW_MS


@pytest.mark.parametrize(("before", "since"), [(1, RESTORED + 78_000), (2, 0), (None, 0)])
def test_a_job_that_was_submitted_anew_takes_its_predecessors_restarts_over(world, before, since):
    world.settler().pending("tags")
    world.cluster.running = "j2"
    world.cluster.restarts = {"j2": Restored(RESTORED + 90_000, "file:/no", RESTORED + 80_000, 1)}
    if before:
        world.cluster.restarts["j1"] = Restored(RESTORED, "file:/no", TRIGGERED, before)
    if since:
        world.restarts.settle(world.restarts.newest("tags"), 0, 0)
    assert world.settler().pending("tags").since_ms == since


def test_a_checkpoint_that_the_cluster_forgot_is_dated_by_its_file(world, tmp_path):
    world.cluster.restarts = {"j1": Restored(RESTORED, tmp_path.as_uri(), None, 1)}
    assert world.settler().pending("tags").since_ms == 0
    world.restarts = MemoryRestarts()
    (tmp_path / "_metadata").touch()
    written_ms = int((tmp_path / "_metadata").stat().st_mtime * 1000)
    assert world.settler().pending("tags").since_ms == written_ms - 600_000 - CLOCK_SKEW_MS


USERS = st.sampled_from(["a", "b", "c", "d"])
SAID = st.lists(st.tuples(USERS, st.sampled_from([None, "x", "y"])), max_size=8)


@given(kept=SAID, lost=SAID, again=SAID, before=SAID, after=SAID)
def test_the_logs_last_word_is_the_truth_whatever_was_lost(kept, lost, again, before, after):
    world = World()
    for words, at_ms in ((kept, 100), (lost, LOST), (again, AGAIN)):
        for user, value in words:
            world.log.say(user, value, at_ms)
    # The job's own last word, and what the checkpoint holds for whom it said nothing since, are the truth.
    state = dict(kept) | dict(again)
    world.truth = {user: value for user, value in state.items() if value is not None}
    world.log.before_write, world.log.after_write = before, after
    said_meanwhile = []
    write = world.log.write

    def noting(topic, messages):
        said_meanwhile.extend([*world.log.before_write, *world.log.after_write])
        return write(topic, messages)

    world.log.write = noting
    world.settle()
    expected = state | dict(said_meanwhile)
    assert world.log.last() == {user: value for user, value in expected.items() if value is not None}
