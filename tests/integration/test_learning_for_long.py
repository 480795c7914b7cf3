"""A model that learns from a stream, over thousands of examples: it follows the world, and is stopped where it must be."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from prediction.guarding import Health
from prediction.prequential import Scorer
from tests.example_streams import SHIFTED, WORLD, World, flipped, honest, stream, thrown
from tests.unit.test_online_model import RULES, feed, loss_of, model


def mean_loss(windows, scorer):
    return statistics.fmean(loss_of(window, scorer) for window in windows)


def shifted_at(place):
    return lambda number: WORLD if number < place else SHIFTED


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_the_world_has_changed_the_learner_beats_the_frozen_baseline_and_is_not_stopped(seed):
    learner = model(RULES)
    _, windows = feed(learner, stream(12_000, seed, shifted_at(6_000)))
    before = [window for window in windows if 4_000 < 256 * window.number < 5_500]
    after = [window for window in windows if 256 * window.number > 9_000]
    # The baseline knows the truth of the first world: nobody beats it there.
    assert 0 < mean_loss(before, Scorer.ONLINE) - mean_loss(before, Scorer.FROZEN) < 0.03
    assert mean_loss(after, Scorer.ONLINE) < mean_loss(after, Scorer.FROZEN) - 0.05
    assert mean_loss(after, Scorer.ONLINE) < mean_loss(after, Scorer.CHANCE) - 0.03
    assert learner.state.guard.health is Health.GOOD


@pytest.mark.parametrize("poison", [flipped, thrown])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_poisoned_labels_freeze_the_learner_and_take_it_back_to_what_it_knew_before(seed, poison):
    learner = model(RULES)
    log = list(stream(8_000, seed, label=lambda number: honest if number < 5_120 else poison))
    feed(learner, log[:5_120])
    assert learner.state.guard.health is Health.GOOD and learner.state.good_examples == 5_120
    before = learner.state.ftrl.copy()
    _, windows = feed(learner, log[5_120:], first=5_120)
    assert learner.state.guard.health is Health.FROZEN
    stopped = next(window for window in windows if window.guard.health is Health.FROZEN)
    assert stopped.number <= 5_120 // 256 + 2
    assert "log-loss above that of" in learner.state.guard.reason
    assert np.array_equal(learner.state.ftrl.z, before.z) and np.array_equal(learner.state.ftrl.n, before.n)
    assert learner.state.good_examples == 5_120
    assert any(window.loss_rose for window in windows)
    # It goes on being measured.
    assert windows[-1].number == 8_000 // 256 - 1


@pytest.mark.parametrize("seed", range(6))
def test_a_learner_in_a_world_that_changes_slowly_is_never_stopped(seed):
    def world(number):
        part = min(1.0, number / 15_000)
        cities = {name: (1 - part) * WORLD.cities[name] + part * SHIFTED.cities[name] for name in WORLD.cities}
        return World(cities=cities, vip=(1 - part) * WORLD.vip + part * SHIFTED.vip)

    learner = model(RULES)
    _, windows = feed(learner, stream(15_000, seed, world))
    assert len(windows) == 15_000 // 256
    assert Health.FROZEN not in {window.guard.health for window in windows}
    assert learner.state.guard.health is Health.GOOD
