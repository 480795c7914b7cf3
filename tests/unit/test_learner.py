"""The learner on a log and stores in memory: every example learned once, whatever goes away and wherever it is killed."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.dead_letter_limit import DeadLetterLimit
from jobs.learner import MOST_MODELS, READ_IN_VAIN, LearnerSink, rules_of
from jobs.learning import learning_models, release
from jobs.models import definitions
from jobs.sink import SinkLoop
from prediction import online_file
from prediction.definition import ModelProblem
from prediction.examples import LabelRule
from prediction.ftrl import Parameters
from prediction.guarding import Health
from prediction.online import OnlineModel, Rules, begin
from stores import metrics
from stores.models.registry import Model
from stores.models.snapshots import NewSnapshot, SnapshotState
from stores.settings import Learning, Settings
from tagging.names import EXAMPLES_TOPIC
from tests.example_streams import flipped, honest, message, stream
from tests.fakes.memory_log import MemoryLog, MemoryPlacedReader
from tests.fakes.memory_snapshots import MemorySnapshots
from tests.fakes.memory_stores import MemoryTables

GROUP = "tagstream.learner"
SMALL = Rules(Parameters(bits=8), block=3, window=32, reference=32, remembered=1_024)
GUARDED = Rules(Parameters(alpha=0.2, l1=0.0, l2=0.1), block=16, window=256, reference=512, remembered=50_000)


class Killed(BaseException):
    """The process is gone: no handler of ours may catch it."""


class Place:
    """A log with one partition of examples, and the stores that outlive a learner."""

    def __init__(self, rules: Rules = SMALL) -> None:
        self.rules = rules
        self.log, self.tables, self.snapshots = MemoryLog(), MemoryTables(), MemorySnapshots()
        self.log.create(EXAMPLES_TOPIC, partitions=1)

    def send(self, examples) -> None:
        for example in examples:
            self.log.send(EXAMPLES_TOPIC, example.prediction_id.encode(), message(example))

    def learner(self, trip=lambda: None):
        """A learner, the loop that runs it until the log is drained, and its reader."""
        stop = threading.Event()

        class Draining(MemoryPlacedReader):
            def read(self, most, linger_seconds, idle_seconds=1.0):
                found = super().read(most, linger_seconds)
                if not found:
                    stop.set()
                return found

            def commit(self, places):
                trip()
                return super().commit(places)

        reader = Draining(self.log, GROUP, EXAMPLES_TOPIC)
        sink = LearnerSink(self.tables, self.snapshots, reader, self.rules, now_ms=lambda: 1)
        return sink, stop, reader

    def run(self, batch=7, trip=lambda: None):
        sink, stop, reader = self.learner(trip)
        SinkLoop(sink, reader, stop, DeadLetterLimit(), batch, 0).run()
        return reader

    def states(self):
        return {snapshot.model: content for snapshot, content in self.snapshots.newest()}

    def quality(self):
        return self.tables.newest("model_quality", ("model", "window", "scorer"))


def by_itself(examples, rules=SMALL):
    """What a model knows that was given these examples with their offsets, without any store."""
    model = OnlineModel(begin(examples[0][0].model, rules, {0: examples[0][1]}))
    for example, offset in examples:
        model.take(example, 0, offset)
    return model.marked()


def mixed(count, seed):
    """Examples of two models, with repeats and late news."""
    chance = random.Random(seed)
    log = []
    for first, second in zip(stream(count, seed, model="buys"), stream(count, seed + 1, model="leaves"), strict=True):
        log += [first] + [second] * (chance.random() < 0.6)
        if chance.random() < 0.2:
            log.append(replace(chance.choice(log), label=1))
    return log


def test_each_model_learns_its_own_examples_in_the_order_of_the_log():
    place = Place()
    log = mixed(60, 1)
    place.send(log)
    place.run()
    for name, content in place.states().items():
        alone = by_itself([(example, offset) for offset, example in enumerate(log) if example.model == name])
        state = online_file.from_bytes(content)
        assert state.ftrl.z.tolist() == alone.ftrl.z.tolist() and state.ftrl.z.any()
        assert state.window == alone.window and state.marks.keys() == {0}
    assert place.states().keys() == {"buys", "leaves"}


@cache
def unhindered(seed):
    """What all that is killed is held against; nothing that is asked of it changes it."""
    whole = Place()
    whole.send(mixed(70, seed))
    whole.run(batch=5)
    return whole


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 5),
    lives=st.lists(st.integers(1, 40), max_size=6),
    batch=st.integers(1, 40),
    outages=st.integers(0, 2),
)
def test_wherever_learners_are_killed_the_next_one_ends_with_the_same_weights_to_the_bit(seed, lives, batch, outages):
    """`lives`: after how many uses of a store or commits each learner is killed; the last one is not."""
    whole, killed = unhindered(seed), Place()
    killed.send(mixed(70, seed))
    for uses in [*lives, None]:
        left = uses

        def trip():
            nonlocal left
            if left is not None:
                left -= 1
                if left < 0:
                    raise Killed

        for switch in (killed.tables.switch, killed.snapshots.switch):
            switch.trip, switch.down_for = trip, outages
        with suppress(Killed):
            killed.run(batch, trip)
    killed.snapshots.switch.trip = killed.tables.switch.trip = lambda: None
    ends = []
    for place in (whole, killed):
        ends.append({name: online_file.from_bytes(content) for name, content in place.states().items()})
    for name in ("buys", "leaves"):
        first, second = ends[0][name], ends[1][name]
        assert first.ftrl.z.tobytes() == second.ftrl.z.tobytes() and first.ftrl.n.tobytes() == second.ftrl.n.tobytes()
        assert (first.examples, first.positives, first.window) == (second.examples, second.positives, second.window)
        assert [part.tolist() for part in first.remembered.arrays()] == [p.tolist() for p in second.remembered.arrays()]
    assert killed.quality() == whole.quality() and whole.quality()
    assert killed.tables.newest("model_drift", ("model", "window", "feature")) == whole.tables.newest(
        "model_drift", ("model", "window", "feature")
    )


def test_a_learner_reads_on_from_the_first_example_that_no_snapshot_holds():
    place = Place()
    log = list(stream(50, 1))
    place.send(log[:20])
    place.run()
    # 18 of 20 are learned in blocks of 3.
    _, _, reader = place.learner()
    sink = LearnerSink(place.tables, place.snapshots, reader, SMALL)
    sink.open()
    assert reader.owned == {(EXAMPLES_TOPIC, 0): 18}
    place.send(log[20:])
    place.run()
    (content,) = place.states().values()
    assert online_file.from_bytes(content).examples == 48


def test_windows_are_written_with_one_row_a_scorer_and_one_a_feature():
    place = Place()
    place.send(stream(100, 1))
    place.run()
    rows = place.quality()
    assert rows.keys() == {
        ("buys", window, scorer) for window in (0, 1, 2) for scorer in ("online", "frozen", "chance")
    }
    row = rows["buys", 0, "online"]
    assert row["examples"] == sum(row["bin_examples"]) == 33 and 0 < row["positives"] < 33
    assert row["health"] in set(Health) and row["closed_at"] - row["opened_at"] == 32_000
    drift = place.tables.newest("model_drift", ("model", "window", "feature"))
    assert drift.keys() == {
        ("buys", window, feature) for window in (1, 2) for feature in ("city", "spend", "vip", "visits")
    }
    assert drift["buys", 1, "city"]["ks"] is None and drift["buys", 1, "visits"]["ks"] is not None


def test_a_snapshot_is_published_once_a_window_was_good_and_no_more_when_the_labels_are_poisoned():
    place = Place(GUARDED)
    log = list(stream(8_000, 1, label=lambda number: honest if number < 5_000 else flipped))
    place.send(log[:200])
    place.run(batch=100)
    assert place.snapshots.good("buys") is None
    place.send(log[200:5_000])
    place.run(batch=100)
    served = place.snapshots.good("buys")
    assert served.examples == 4_992 and served.offsets == {0: 4_992}
    place.send(log[5_000:])
    place.run(batch=100)
    newest, withdrawn = place.snapshots.newest()[0][0], place.snapshots.good("buys")
    assert newest.state is SnapshotState.FROZEN and "log-loss above that of" in newest.reason
    assert newest.offsets == {0: 8_000}
    state = online_file.from_bytes(place.states()["buys"])
    assert withdrawn.examples <= state.good_examples <= 5_120
    assert state.ftrl.z.tobytes() == state.good.z.tobytes()
    assert metrics.MODEL_FROZEN.labels("buys")._value.get() == 1
    assert metrics.MODEL_SERVED.labels("buys")._value.get() == 0


def test_what_is_no_example_is_a_dead_letter_and_a_tombstone_is_none():
    place = Place()
    (example, other) = stream(2, 1)
    place.send([example])
    place.log.send(EXAMPLES_TOPIC, b"x", b"nonsense")
    place.log.send(EXAMPLES_TOPIC, b"x", None)
    place.log.send(EXAMPLES_TOPIC, b"x", message(other, features='{"spend": []}'))
    place.run()
    letters = {row["offset"]: row["reason"] for row in place.tables.rows["dead_letters"]}
    assert letters == {1: "malformed", 3: "wrong_type"}


def test_more_models_than_are_allowed_are_refused_by_name():
    place = Place()
    (example,) = stream(1, 1)
    place.send(replace(example, model=f"m{number}") for number in range(MOST_MODELS + 2))
    place.run(batch=20)
    assert len(place.states()) == MOST_MODELS
    details = [row["detail"] for row in place.tables.rows["dead_letters"]]
    assert details == [f"model m{number}: allowed: {MOST_MODELS} models that learn" for number in (64, 65)]


def test_a_model_without_examples_is_not_written_again_with_every_batch():
    place = Place(replace(SMALL, window=8_192))
    place.send(stream(3, 1, model="quiet"))
    place.send(stream(READ_IN_VAIN // 2, 1))
    place.run(batch=1_000)
    (quiet,) = [snapshot for snapshot, _ in place.snapshots.newest() if snapshot.model == "quiet"]
    assert (quiet.number, quiet.offsets) == (1, {0: 1_000})
    place.send(stream(READ_IN_VAIN, 2))
    place.run(batch=1_000)
    (quiet,) = [snapshot for snapshot, _ in place.snapshots.newest() if snapshot.model == "quiet"]
    assert quiet.number == 2 and quiet.offsets[0] >= READ_IN_VAIN


def test_a_learner_that_was_overtaken_goes_on_from_what_the_other_one_wrote():
    place = Place()
    log = list(stream(60, 1))
    place.send(log)
    sink, _, reader = place.learner()
    sink.open()
    half, _ = sink.decode(reader.read(30, 0))
    sink.write(half, [])
    ((newest, content),) = place.snapshots.newest()
    other = NewSnapshot("buys", newest.number + 1, content, newest.offsets, newest.examples, SnapshotState.HELD)
    place.snapshots.save([other], 1)
    rest, _ = sink.decode(reader.read(30, 0))
    sink.write(rest, [])
    assert reader.owned == {(EXAMPLES_TOPIC, 0): 30}
    again, _ = sink.decode(reader.read(30, 0))
    sink.write(again, [])
    expected = by_itself([(example, offset) for offset, example in enumerate(log)])
    assert online_file.from_bytes(place.states()["buys"]).ftrl.z.tobytes() == expected.ftrl.z.tobytes()


def test_a_learner_does_not_begin_anew_where_its_snapshot_is_damaged():
    place = Place()
    place.send(stream(9, 1))
    place.run()
    place.snapshots.save([NewSnapshot("buys", 99, b"nonsense", {0: 9}, 9, SnapshotState.GOOD)], 1)
    with pytest.raises(online_file.WrongSnapshot):
        place.run()


def test_the_settings_are_the_rules_of_models_that_begin():
    rules = rules_of(Settings(learning=Learning(bits=10, alpha=0.3, block=4, window=64)))
    assert (rules.parameters.bits, rules.parameters.alpha, rules.block, rules.window) == (10, 0.3, 4, 64)
    assert rules_of(Settings()) == Rules()


def test_a_person_releases_a_model_that_was_stopped_and_the_learner_goes_on_with_it():
    place = Place(GUARDED)
    place.send(stream(4_000, 1, label=lambda number: honest if number < 2_048 else flipped))
    place.run(batch=100)
    sink, _, reader = place.learner()
    sink.open()
    number = release(place.snapshots, "buys", 7)
    assert place.snapshots.listed("buys", 1)[0].number == number
    with pytest.raises(LookupError, match="model buys is warming: nobody has stopped it"):
        release(place.snapshots, "buys", 7)
    with pytest.raises(LookupError, match="model other has learned nothing; those that have: buys"):
        release(place.snapshots, "other", 7)
    # The learner that runs has not heard of it, and is told by the snapshot that it can't write.
    place.send(stream(640, 9))
    for _ in range(2):
        batch, _ = sink.decode(reader.read(1_000, 0))
        sink.write(batch, [])
    newest, content = place.snapshots.newest()[0]
    assert newest.number == number + 1 and newest.state is SnapshotState.GOOD
    assert online_file.from_bytes(content).guard.health is Health.GOOD


class Defined:
    """A registry with these texts."""

    def __init__(self, **texts: str) -> None:
        self._texts = texts

    def models(self):
        return [Model(name, text) for name, text in self._texts.items()]


TEXT = """
name = "buys"
title = "Buys"
description = "Buys"
owner = "sales"
kind = "conversion"
features = ["city"]
[label]
event_type = "paid"
horizon_days = 7
"""


def test_the_models_that_learn_are_those_with_an_online_part():
    online = TEXT + "[online]\n"
    sooner = TEXT + "[online]\nhorizon_seconds = 60\ngrace_seconds = 0\n"
    found = learning_models(Defined(buys=TEXT, other=online, third=sooner), {})
    assert found.rules == {"other": LabelRule("paid", 7 * 86_400, 300), "third": LabelRule("paid", 60, 0)}
    assert not found.unreadable


def test_a_model_whose_definition_cannot_be_read_is_named_and_keeps_no_other_from_learning():
    churn = TEXT.replace("conversion", "churn") + "[online]\n"
    wrong = {"never": TEXT + "[online]\nhorizon_seconds = 0\n", "leaves": churn, "nothing": "name = 'nothing'"}
    found = learning_models(Defined(other=TEXT + "[online]\n", **wrong), {})
    assert set(found.rules) == {"other"} and set(found.unreadable) == set(wrong)
    assert "online.horizon_seconds" in found.unreadable["never"]
    assert "online: got a churn model, allowed for conversion models" in found.unreadable["leaves"]
    with pytest.raises(ModelProblem, match="title: Field required"):
        learning_models(Defined(), {"nothing": wrong["nothing"]})


def test_a_built_in_model_learns_before_it_was_trained_and_its_file_is_newer_than_the_registry():
    trained_before = Defined(buys_in_7_days=TEXT.replace('"buys"', '"buys_in_7_days"'))
    for registry in (Defined(), trained_before):
        found = learning_models(registry, definitions.builtin())
        assert found.rules == {"buys_in_7_days": LabelRule("payment_done", 3600, 300)}
