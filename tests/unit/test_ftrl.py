"""The learner against the paper's algorithm in plain Python, one coordinate after another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prediction.ftrl import Ftrl, Parameters
from prediction.hashing import hashed
from tests.example_streams import stream


class ByHand:
    """Algorithm 1 of McMahan et al. 2013 over named features: no arrays, no hashing, nothing shared with the code under test."""

    def __init__(self, wanted: Parameters) -> None:
        self.wanted = wanted
        self.z: dict[object, float] = {}
        self.n: dict[object, float] = {}

    def weight(self, name: object) -> float:
        z, n, wanted = self.z.get(name, 0.0), self.n.get(name, 0.0), self.wanted
        if abs(z) <= wanted.l1:
            return 0.0
        sign = 1.0 if z > 0 else -1.0
        return -(z - sign * wanted.l1) / ((wanted.beta + math.sqrt(n)) / wanted.alpha + wanted.l2)

    def score(self, features) -> float:
        odds = sum(self.weight(name) * amount for name, amount in spelled(features).items())
        return 1 / (1 + math.exp(-max(-35.0, min(35.0, odds))))

    def learn(self, block) -> list[float]:
        """(features, label) each; the scores before."""
        scores = [self.score(features) for features, _ in block]
        weights, sums, squares = {}, {}, {}
        for score, (features, label) in zip(scores, block, strict=True):
            for name, amount in spelled(features).items():
                weights[name] = self.weight(name)
                gradient = (score - label) * amount
                sums[name] = sums.get(name, 0.0) + gradient
                squares[name] = squares.get(name, 0.0) + gradient * gradient
        for name in sums:
            n = self.n.get(name, 0.0)
            rate = (math.sqrt(n + squares[name]) - math.sqrt(n)) / self.wanted.alpha
            self.z[name] = self.z.get(name, 0.0) + sums[name] - rate * weights[name]
            self.n[name] = n + squares[name]
        return scores


def spelled(features) -> dict[object, float]:
    found: dict[object, float] = {"constant": 1.0}
    for name, value in features.items():
        if value is None:
            found[name, "none"] = 1.0
        elif isinstance(value, (bool, str)):
            found[name, type(value), value] = 1.0
        else:
            found[name, "number"] = math.log(1 + abs(value)) * (1 if value >= 0 else -1)
    return found


people = st.fixed_dictionaries(
    {
        "city": st.sampled_from(["rome", "oslo", "true", ""]) | st.none(),
        "vip": st.booleans() | st.none(),
        "spend": st.none() | st.floats(-1e6, 1e6) | st.integers(-5, 5),
    }
)
examples = st.lists(st.tuples(people, st.integers(0, 1)), min_size=1, max_size=40)
parameters = st.builds(
    Parameters,
    bits=st.just(20),
    alpha=st.floats(0.01, 1),
    beta=st.floats(0, 2),
    l1=st.floats(0, 1),
    l2=st.floats(0.01, 2),
)


@settings(max_examples=60, deadline=None)
@given(given_examples=examples, wanted=parameters, block=st.integers(1, 7))
def test_scores_and_weights_are_those_of_the_algorithm_by_hand(given_examples, wanted, block):
    learner, by_hand = Ftrl(wanted), ByHand(wanted)
    for start in range(0, len(given_examples), block):
        part = given_examples[start : start + block]
        labels = np.array([label for _, label in part], dtype=float)
        scores = learner.learn(hashed([features for features, _ in part], wanted.bits), labels)
        assert scores == pytest.approx(by_hand.learn(part), rel=1e-9, abs=1e-12)
    for features, _ in given_examples:
        (score,) = learner.scores(hashed([features], wanted.bits))
        assert score == pytest.approx(by_hand.score(features), rel=1e-9, abs=1e-12)


def test_scoring_learns_nothing():
    learner = Ftrl(Parameters(bits=8))
    learner.scores(hashed([{"a": 1}], 8))
    assert not learner.z.any() and not learner.n.any()


def test_a_learner_comes_close_to_the_truth_about_people():
    learner = Ftrl(Parameters(alpha=0.2, l1=0.0, l2=0.1))
    found = list(stream(8_000, seed=3))
    for start in range(0, len(found), 16):
        part = found[start : start + 16]
        labels = np.array([example.label for example in part], dtype=float)
        learner.learn(hashed([example.features for example in part], 16), labels)
    people = [example.features for example in stream(500, seed=4)]
    truth = [example.frozen_score for example in stream(500, seed=4)]
    assert np.abs(learner.scores(hashed(people, 16)) - truth).mean() < 0.06


def test_a_copy_goes_its_own_way():
    learner = Ftrl(Parameters(bits=8))
    copied = learner.copy()
    copied.learn(hashed([{"a": 1}], 8), np.ones(1))
    assert not learner.z.any() and copied.z.any()


@pytest.mark.parametrize("wrong", [{"bits": 3}, {"bits": 21}, {"alpha": 0}, {"beta": -1}, {"l1": -0.1}, {"l2": -1}])
def test_parameters_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"allowed|must be"):
        Parameters(**wrong)
