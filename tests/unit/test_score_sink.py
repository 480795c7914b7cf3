"""Scores on change, on a log and profiles in memory: whoever changed is scored by all of its tags, whatever comes between."""

from __future__ import annotations

import threading
from itertools import pairwise

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import score_sink
from jobs.dead_letter_limit import DeadLetterLimit
from jobs.score_sink import ProfilesUnavailable, ScoreSink
from jobs.sink import SinkLoop
from jobs.sink_profile import ProfileSink
from prediction.pipeline import columns_of
from tagging.names import tag_topic
from tests.fakes.memory_log import MemoryLog, MemoryReader
from tests.fakes.memory_stores import MemoryProfiles
from tests.small_model import FEATURES, pipeline

SCORES, GROUP = "cdc.shop.scores", "g"
TOPICS = {feature.tag: tag_topic(feature.tag, feature.version) for feature in FEATURES}
VALUES = {"tier": st.sampled_from(["gold", "silver"]), "spend": st.integers(0, 9), "flag": st.booleans()}


class Killed(BaseException):
    """The process is gone: no handler of ours may catch it."""


class World:
    """A log of tag changes, the profiles as far as the profile sink has come, and the scores that were made."""

    def __init__(self) -> None:
        self.log, self.profiles = MemoryLog(), MemoryProfiles()
        for topic in TOPICS.values():
            self.log.create(topic)
        self.profiles.create_table()
        self.flushes = self.log.reader("profiles", list(TOPICS.values()))
        self.said: list[tuple[str, dict]] = []
        self.sent: list[tuple[str, dict]] = []
        self.kill_in = None

    def change(self, user_id: str, tag: str, value) -> None:
        body = None if value is None else orjson.dumps({"user_id": user_id, "value": value})
        self.log.send(TOPICS[tag], user_id.encode(), body)

    def flush_profiles(self, most: int = 1_000) -> None:
        """The profile sink goes on by so many messages."""
        records = self.flushes.read(most, 0)
        if records:
            sink = ProfileSink(self.profiles)
            sink.write(*sink.decode(records))

    # The producer of the scores.
    def send(self, topic: str, value: bytes, key: str) -> None:
        assert topic == SCORES
        self.sent.append((key, orjson.loads(value)))

    def flush(self) -> None:
        self.uses_one()
        self.said += self.sent
        self.sent = []

    def uses_one(self) -> None:
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in < 0:
                raise Killed

    def sink(self, cdc_format: str = "debezium", wait=None) -> ScoreSink:
        return ScoreSink(
            pipeline(),
            3,
            self.profiles,
            self,
            SCORES,
            cdc_format,
            lambda: 1_000,
            wait or (lambda _: self.flush_profiles(1)),
        )

    def run(self, sink: ScoreSink | None = None, batch: int = 100) -> None:
        """Score until the log is drained."""
        sink, stop, world = sink or self.sink(), threading.Event(), self

        class Draining(MemoryReader):
            def read(self, most, linger_seconds, idle_seconds=1.0):
                if not (found := super().read(most, linger_seconds)):
                    stop.set()
                return found

            def commit(self, places):
                world.uses_one()
                return super().commit(places)

        reader = Draining(self.log, GROUP, sink.topics)
        self.log.members[GROUP] = [reader]
        self.log.share_out(GROUP)
        SinkLoop(sink, reader, stop, DeadLetterLimit(), batch, 0).run()

    def scores(self) -> dict[str, float | None]:
        """user_id -> the newest score, None where it was taken back."""
        rows = {user_id: message["after"] for user_id, message in self.said}
        return {user_id: row and float(row["score"]) for user_id, row in rows.items()}


@pytest.fixture
def world() -> World:
    return World()


def expected(**values) -> float:
    """What the model says of these values, as the log writes it."""
    [(_, score)] = pipeline().said(columns_of(pipeline().features, [values]))
    return round(score, 6)


def test_a_change_scores_the_user_by_all_tags_of_the_model(world):
    world.change("ann", "tier", "gold")
    world.change("ann", "spend", 3)
    world.flush_profiles()
    world.run()
    before = world.scores()
    world.change("ann", "flag", True)
    world.change("ann", "spend", 9)
    world.flush_profiles()
    world.run()
    assert before == {"ann": expected(tier="gold", spend=3)}
    assert world.scores() == {"ann": expected(tier="gold", spend=9, flag=True)}
    row = world.said[-1][1]["after"]
    assert (row["model"], row["version"], row["class"]) == ("buys", 3, "yes")


def test_a_value_that_went_is_a_missing_one_and_a_user_without_any_has_no_score(world):
    world.change("ann", "tier", "gold")
    world.change("ann", "spend", 3)
    world.change("ann", "tier", None)
    world.flush_profiles()
    world.run()
    assert world.scores() == {"ann": expected(spend=3)}
    world.change("ann", "spend", None)
    world.flush_profiles()
    world.run()
    assert world.scores() == {"ann": None}
    assert world.said[-1][1]["before"]["score_id"] == "buys/ann"


def test_a_score_that_is_taken_back_is_a_delete_of_canal_too(world):
    world.change("ann", "spend", None)
    world.flush_profiles()
    world.run(world.sink("canal"))
    message = world.said[-1][1]
    assert (message["type"], message["data"][0]["score_id"]) == ("DELETE", "buys/ann")


def test_nobody_is_scored_by_a_profile_that_lacks_the_change(world):
    world.change("ann", "tier", "silver")
    world.flush_profiles()
    world.change("ann", "tier", "gold")
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            world.flush_profiles()

    world.run(world.sink(wait=wait))
    assert world.scores() == {"ann": expected(tier="gold")}
    assert len(waits) == 3


def test_profiles_that_stay_behind_are_told_with_a_user(world, monkeypatch):
    monkeypatch.setattr(score_sink, "PROFILE_SECONDS", 0.0)
    world.change("ann", "tier", "gold")
    sink = world.sink(wait=lambda _: None)
    batch, dead = sink.decode(world.log.reader("other", sink.topics).read(10, 0))
    with pytest.raises(ProfilesUnavailable, match="1 users' profiles in HBase are behind the log, as that of 'ann'"):
        sink.write(batch, dead)
    assert world.sent == []


def test_a_user_with_a_value_that_no_feature_can_have_keeps_nobody_else_from_being_scored(world):
    for user_id in "abcdefg":
        world.change(user_id, "spend", "much" if user_id == "d" else 3)
    world.flush_profiles()
    world.run()
    assert world.scores() == {user_id: expected(spend=3) for user_id in "abcefg"}


changes = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda tag: st.tuples(st.sampled_from("abc"), st.just(tag), st.none() | VALUES[tag])
    ),
    max_size=25,
)


@settings(max_examples=80)
@given(changes=changes, kills=st.lists(st.integers(0, 8), max_size=5), batch=st.integers(1, 6), data=st.data())
def test_wherever_a_scorer_is_killed_the_last_score_of_everyone_is_of_the_last_values(changes, kills, batch, data):
    """`kills`: after how many flushes and commits each process is killed; changes come in between, the profiles behind them."""
    world, values = World(), {}
    cuts = sorted(data.draw(st.lists(st.integers(0, len(changes)), min_size=len(kills), max_size=len(kills))))
    for (begin, end), kill_in in zip(pairwise([0, *cuts, len(changes)]), [*kills, None], strict=True):
        for user_id, tag, value in changes[begin:end]:
            world.change(user_id, tag, value)
            values.setdefault(user_id, {})[tag] = value
        world.flush_profiles(data.draw(st.integers(0, 5)))
        world.kill_in = kill_in
        try:
            world.run(batch=batch)
        except Killed:
            # What was sent and not flushed may have come through, or not.
            world.said += world.sent[: data.draw(st.integers(0, len(world.sent)))]
            world.sent = []
    held = {user_id: {tag: value for tag, value in of.items() if value is not None} for user_id, of in values.items()}
    assert world.scores() == {user_id: expected(**of) if of else None for user_id, of in held.items()}
