"""When what was learned may be served."""

from __future__ import annotations

import numpy as np
import pytest

from prediction.guarding import Guard, Health
from prediction.prequential import Scorer, Scores

GOOD, BAD, AWFUL = 0.0, 5.0, 12.0


def window(against_frozen: float, against_chance: float = -9.0) -> Scores:
    """100 examples of which the learner's log-loss is above the others' by so many standard errors."""
    noise = np.tile([-1.0, 1.0], 50) * 0.1
    noise = noise / noise.std(ddof=1) * 0.1
    loss = {Scorer.ONLINE: np.full(100, 1.0)}
    for scorer, errors in ((Scorer.FROZEN, against_frozen), (Scorer.CHANCE, against_chance)):
        loss[scorer] = loss[Scorer.ONLINE] - (noise + errors * 0.1 / 10)
    labels = np.repeat([1.0, 0.0], 50)
    likely = {scorer: np.exp(-each) for scorer, each in loss.items()}
    return Scores(labels, {scorer: np.where(labels == 1, each, 1 - each) for scorer, each in likely.items()})


def after(*windows: Scores) -> Guard:
    guard = Guard()
    for number, each in enumerate(windows):
        guard = guard.judge(number, each)
    return guard


@pytest.mark.parametrize(
    ("windows", "health"),
    [
        ([], Health.WARMING),
        ([GOOD], Health.GOOD),
        ([BAD], Health.WARMING),
        ([AWFUL, AWFUL, AWFUL], Health.WARMING),
        ([AWFUL, GOOD], Health.GOOD),
        ([GOOD, BAD], Health.DOUBTFUL),
        ([GOOD, BAD, GOOD], Health.GOOD),
        ([GOOD, BAD, GOOD, BAD], Health.DOUBTFUL),
        ([GOOD, BAD, BAD], Health.FROZEN),
        ([GOOD, AWFUL], Health.FROZEN),
        ([GOOD, BAD, BAD, GOOD, GOOD], Health.FROZEN),
    ],
)
@pytest.mark.parametrize("scorer", [Scorer.FROZEN, Scorer.CHANCE])
def test_bad_windows_lead_where_they_must(windows, health, scorer):
    made = [window(each, -9.0) if scorer is Scorer.FROZEN else window(-9.0, each) for each in windows]
    assert after(*made).health is health


def test_the_reason_names_the_window_the_baseline_and_by_how_much():
    assert after(window(GOOD), window(AWFUL)).reason == (
        "window 1: log-loss above that of frozen by 12.0 standard errors"
    )
    assert after(window(GOOD), window(-9, BAD)).reason.startswith("window 1: log-loss above that of chance by 5.0")
    assert after(window(GOOD)).reason == ""


def test_a_frozen_model_keeps_the_first_reason():
    frozen = after(window(GOOD), window(AWFUL))
    assert frozen.judge(2, window(GOOD)) == frozen


def test_a_model_that_has_seen_one_label_alone_is_not_served_yet_and_one_that_is_served_stays_so():
    both = window(GOOD)
    positives = Scores(np.ones(100), {scorer: np.full(100, 0.9) for scorer in Scorer})
    warming = after(positives, positives)
    assert (warming.health, warming.reason) == (Health.WARMING, "window 1: all labels are 1")
    assert warming.judge(2, both).health is Health.GOOD
    assert after(both, positives).health is Health.GOOD


@pytest.mark.parametrize(
    ("against_chance", "health"),
    [([0.9] * 9, Health.GOOD), ([2.0] * 3, Health.DOUBTFUL), ([2.5] * 2, Health.DOUBTFUL), ([2.5] * 3, Health.FROZEN),
     ([2.5, 2.5, -1.0, 2.5, 2.5], Health.DOUBTFUL)],
)  # fmt: skip
def test_windows_that_are_a_little_behind_chance_add_up_while_they_come_on_end(against_chance, health):
    assert after(window(GOOD), *(window(-9.0, errors) for errors in against_chance)).health is health


def test_a_learner_may_be_a_little_behind_a_baseline_that_was_trained():
    assert after(*(window(3.9) for _ in range(9))).health is Health.GOOD
