"""A model that learns from a stream: nothing twice, the same wherever it was stopped, and stopped in time."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prediction import online_file
from prediction.ftrl import Parameters
from prediction.guarding import Health
from prediction.online import OnlineModel, Rules, Taken, begin, released, scores
from prediction.prequential import Scorer
from tests.example_streams import WORLD, World, flipped, honest, stream

SMALL = Rules(Parameters(bits=8), block=3, window=32, reference=32, remembered=1_024)
RULES = Rules(Parameters(alpha=0.2, l1=0.0, l2=0.1))


def model(rules=SMALL) -> OnlineModel:
    return OnlineModel(begin("buys", rules, {}))


def feed(learner: OnlineModel, examples, first=0):
    """(what became of each, the windows that were closed)."""
    found = [learner.take(example, 0, first + place) for place, example in enumerate(examples)]
    return [taken for taken, _ in found], [window for _, window in found if window is not None]


def loss_of(window, scorer):
    return next(quality.log_loss for quality in window.qualities if quality.scorer is scorer)


def repeating(count, seed, marks):
    """A log with repeats, corrections and late news: `marks` say where what comes again."""
    log = list(stream(count, seed))
    for place, back, label in marks:
        place %= len(log)
        old = log[max(0, place - back)]
        log.insert(place + 1, replace(old, label=label))
    return log


marks = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40), st.integers(0, 1)), max_size=12)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 5), marks=marks, stops=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 40)), max_size=6)
)
def test_wherever_a_learner_is_killed_the_next_one_ends_with_the_same_state_to_the_bit(seed, marks, stops):
    """`stops`: after how many messages a snapshot is written, and how many more are learned in vain before the kill."""
    log = repeating(120, seed, marks)
    whole = model()
    _, whole_windows = feed(whole, log)
    part, windows = model(), {}
    written = online_file.to_bytes(part.marked())
    at = 0
    for until, in_vain in stops:
        _, closed = feed(part, log[at : at + until], at)
        windows |= {window.number: window for window in closed}
        written = online_file.to_bytes(part.marked())
        _, closed = feed(part, log[at + until : at + until + in_vain], at + until)
        windows |= {window.number: window for window in closed}
        state = online_file.from_bytes(written)
        part, at = OnlineModel(state), state.marks.get(0, 0)
    _, closed = feed(part, log[at:], at)
    windows |= {window.number: window for window in closed}
    assert online_file.to_bytes(part.marked()) == online_file.to_bytes(whole.marked())
    assert np.array_equal(part.state.ftrl.z, whole.state.ftrl.z) and np.array_equal(
        part.state.ftrl.n, whole.state.ftrl.n
    )
    assert windows == {window.number: window for window in whole_windows}
    assert whole.state.ftrl.z.any()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 3), cuts=st.lists(st.integers(0, 90), max_size=8))
def test_messages_that_are_given_again_are_not_learned_again(seed, cuts):
    log = list(stream(90, seed))
    once, again = model(), model()
    feed(once, log)
    for cut in sorted(cuts):
        feed(again, log[:cut])
    taken, _ = feed(again, log)
    assert online_file.to_bytes(again.marked()) == online_file.to_bytes(once.marked())
    assert set(taken[: max(cuts, default=0)]) <= {Taken.SEEN}


def test_every_example_is_scored_before_it_is_learned():
    learner = model()
    (first, *_) = log = list(stream(40, 1))
    _, (window,) = feed(learner, log)
    assert window.qualities[0].scorer is Scorer.ONLINE
    alone = model(replace(SMALL, block=1))
    feed(alone, [first])
    assert alone.state.window[0].online == 0.5 and alone.state.window[0].chance == 0.5


def test_an_example_that_comes_again_is_learned_once_while_it_waits_and_afterwards():
    (first, second, third, *_) = stream(10, 1)
    learner = model()
    taken, _ = feed(learner, [first, first, second, third, second, first])
    learned, repeated = Taken.LEARNED, Taken.REPEATED
    assert taken == [learned, repeated, learned, learned, repeated, repeated]
    assert learner.state.examples == 3


def test_a_late_positive_is_learned_beside_the_negative_and_counts_as_positive_in_its_window():
    (first, second, third, fourth, fifth, *_) = [replace(each, label=0) for each in stream(10, 1)]
    late = replace(first, label=1)
    learner, never = model(), model()
    taken, _ = feed(learner, [first, second, third, late, late, fourth, fifth])
    assert taken[3:5] == [Taken.CORRECTED, Taken.REPEATED]
    feed(never, [first, second, third, fourth, fifth, replace(third, prediction_id="other")])
    assert (learner.state.examples, learner.state.positives) == (5, 1)
    assert [scored.label for scored in learner.state.window] == [1, 0, 0, 0, 0]
    assert scores(learner.state, [first.features])[0] > scores(never.state, [first.features])[0]
    taken, _ = feed(learner, [replace(first, label=0)], first=7)
    assert taken == [Taken.REPEATED]


def test_a_late_positive_of_an_example_that_still_waits_is_learned_as_well():
    (first, second, *_) = [replace(each, label=0) for each in stream(10, 1)]
    learner = model()
    taken, _ = feed(learner, [first, replace(first, label=1), second])
    assert taken == [Taken.LEARNED, Taken.CORRECTED, Taken.LEARNED]
    assert (learner.state.examples, learner.state.positives, learner.state.window[0].label) == (2, 1, 1)


def test_what_may_have_been_learned_and_forgotten_is_not_learned_again():
    log = list(stream(1_300, 1))
    learner = model()
    feed(learner, log)
    taken, _ = feed(learner, [log[0], log[-2], replace(log[-1], prediction_id="new")], first=len(log))
    assert taken == [Taken.STALE, Taken.REPEATED, Taken.LEARNED]


def test_the_order_of_the_partitions_is_all_that_a_mark_depends_on():
    log = list(stream(6, 1))
    learner = model()
    for place, example in enumerate(log[:4]):
        learner.take(example, place % 2, place // 2)
    # Three are learned; the fourth waits, and is read again by whoever goes on.
    assert learner.marked().marks == {0: 2, 1: 1}
    learner.passed(0, 9)
    learner.passed(1, 9)
    assert learner.marked().marks == {0: 10, 1: 1}


def test_features_that_move_are_told_and_do_not_stop_the_learner():
    learner = model(RULES)
    busier = World(mean_visits=9.0)
    _, windows = feed(learner, stream(4_096, 5, lambda number: WORLD if number < 2_048 else busier))
    moved = {window.number: {each.feature for each in window.drifts if each.moved} for window in windows}
    assert [moved[number] for number in range(2, 8)] == [set()] * 6
    assert [moved[number] for number in range(8, 16)] == [{"visits"}] * 8
    assert windows[0].drifts == windows[1].drifts == []
    assert learner.state.guard.health is Health.GOOD


def test_a_released_model_learns_again_and_is_served_once_a_window_is_good():
    learner = model(RULES)
    feed(learner, stream(3_000, 1, label=lambda number: honest if number < 2_048 else flipped))
    assert learner.state.guard.health is Health.FROZEN
    again = OnlineModel(released(learner.marked()))
    before = again.state.ftrl.z.copy()
    assert again.state.guard.health is Health.WARMING
    _, windows = feed(again, stream(1_000, 9), first=3_000)
    assert [window.guard.health for window in windows] == [Health.GOOD] * 3
    assert not np.array_equal(again.state.ftrl.z, before)


def test_a_state_with_everything_in_it_is_the_same_after_a_file():
    learner = model(replace(RULES, remembered=1_024))
    feed(learner, stream(3_000, 1, label=lambda number: honest if number < 2_048 else flipped))
    content = online_file.to_bytes(learner.marked())
    state = online_file.from_bytes(content)
    assert online_file.to_bytes(state) == content
    assert state.guard == learner.state.guard and state.marks == learner.state.marks
    assert state.window == learner.state.window and state.reference == learner.state.reference
    people = [example.features for example in stream(50, 8)]
    assert scores(state, people).tolist() == scores(learner.state, people).tolist()


def damaged(content):
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    written = io.BytesIO()
    np.savez(written, **{**arrays, "weights_places": np.array([1 << 30], np.uint32)})
    return written.getvalue()


def test_a_file_that_is_no_snapshot_is_refused():
    learner = model()
    feed(learner, stream(60, 1))
    content = online_file.to_bytes(learner.marked())
    pickled = io.BytesIO()
    np.savez(pickled, said=np.array([{"a": 1}], dtype=object))
    for wrong in (b"", b"nonsense", content[:-40], pickled.getvalue(), damaged(content)):
        with pytest.raises(online_file.WrongSnapshot, match="a learner's snapshot"):
            online_file.from_bytes(wrong)


@pytest.mark.parametrize("wrong", [{"block": 0}, {"window": 1}, {"reference": 10**6}, {"remembered": 5}])
def test_rules_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="allowed"):
        replace(SMALL, **wrong)
