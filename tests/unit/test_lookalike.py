"""Lookalikes of made-up crowds: what was planted is found, with nothing planted the model is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import contingency
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from prediction.definition import Feature, Label, ModelDefinition, ModelProblem, parse_model
from prediction.lookalike import (
    FEWEST_SEEDS,
    Sign,
    best_from,
    best_parts,
    curve_of,
    in_words,
    lines_of,
    ratio_interval,
    train_lookalike,
)
from prediction.training import TrainingProblem, TrainingSet, part_of

FEATURES = (Feature("visits", 1, "integer"), Feature("city", 2, "string"), Feature("noise", 1, "decimal"))
AT_MS = 1_790_000_000_000
TOML = """
name = "like_vip"
title = "Like VIP"
description = "Who is like the crowd vip."
owner = "growth"
kind = "lookalike"
features = ["visits", "city", "noise"]
[label]
crowd = "vip"
"""


def definition() -> ModelDefinition:
    return parse_model(TOML)


def people(signal: float, count: int = 4_000, seed: int = 3) -> TrainingSet:
    """A quarter is in the crowd. With a signal they visit more and live in Rome; the noise never tells."""
    rng = np.random.default_rng(seed)
    inside = rng.random(count) < 0.25
    visits = rng.poisson(np.where(inside, 3 + 6 * signal, 3))
    rome = rng.random(count) < np.where(inside, 0.3 + 0.4 * signal, 0.3)
    columns = {
        "visits": [int(number) for number in visits],
        "city": ["Rome" if lives else None if number % 7 == 0 else "Oslo" for number, lives in enumerate(rome)],
        "noise": [float(number) for number in rng.normal(size=count)],
    }
    labels = ["yes" if each else "no" for each in inside]
    return TrainingSet([f"u{number}" for number in range(count)], [AT_MS] * count, [AT_MS] * count, columns, labels)


@pytest.fixture(scope="module")
def planted():
    rows = people(1.0)
    return rows, train_lookalike(definition(), FEATURES, rows, seeds=10_000, others=300_000)


def test_what_was_planted_is_found_with_its_direction_and_noise_is_not(planted):
    _, trained = planted
    signs = [Sign(**each) for each in trained.metrics["signs"]]
    by_name = {(sign.feature, sign.kind, sign.value): sign for sign in signs}
    assert signs[0].feature == "visits" and signs[0].kind == "more" and signs[0].odds > 1.5
    rome, oslo = by_name["city", "is", "Rome"], by_name["city", "is", "Oslo"]
    assert rome.weight > 0 > oslo.weight and rome.seed_share > rome.other_share
    assert max(sign.strength for sign in signs if sign.feature == "noise") < signs[0].strength / 5
    assert "more visits" in in_words(signs[0]) and "for the crowd" in in_words(signs[0])
    assert "against" in in_words(oslo)


def test_weights_and_auc_are_those_of_scikit_learn_over_columns_made_by_hand(planted):
    rows, trained = planted
    parts = np.array([part_of(user) for user in rows.users])
    held_out, learns = parts < 0.3, parts >= 0.3 + 0.2 * 0.7
    labels = np.array([label == "yes" for label in rows.labels])
    visits = np.log1p(np.array(rows.columns["visits"], dtype=float))
    noise = np.array(rows.columns["noise"])
    noise = np.sign(noise) * np.log1p(np.abs(noise))
    city = np.array([value or "" for value in rows.columns["city"]])
    scaled = [(each - each[learns].mean()) / each[learns].std() for each in (visits, noise)]
    zeros = np.zeros(len(labels))
    by_hand = np.column_stack(
        [scaled[0], zeros, city == "Oslo", city == "Rome", zeros, city == "", scaled[1], zeros]
    ).astype(float)
    fitted = LogisticRegression(C=1.0, max_iter=2_000).fit(by_hand[learns], labels[learns])
    weights = {(each["feature"], each["kind"], each["value"]): each["weight"] for each in trained.metrics["signs"]}
    assert math.isclose(weights["visits", "more", None], fitted.coef_[0][0], rel_tol=1e-3)
    assert math.isclose(weights["city", "is", "Rome"], fitted.coef_[0][3], rel_tol=1e-2)
    expected = roc_auc_score(labels[held_out], fitted.decision_function(by_hand[held_out]))
    assert abs(trained.metrics["auc"] - expected) < 0.005
    assert trained.metrics["held_out_seeds"] == int((held_out & labels).sum())


def test_the_best_parts_find_the_held_out_crowd_far_more_often_than_chance(planted):
    _, trained = planted
    best = {each["wanted"]: each for each in trained.metrics["best"]}
    assert best[0.1]["low"] > 2
    assert best[0.1]["lift"] > best[0.2]["lift"] > 1
    assert all(each["low"] <= each["lift"] <= each["high"] for each in best.values())
    assert best[0.1]["users"] == round(best[0.1]["part"] * 300_000)
    assert any("lift" in line for line in lines_of(trained.metrics))


@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_tells_the_crowd_from_others_there_is_no_model(seed):
    with pytest.raises(TrainingProblem, match="no better than chance"):
        train_lookalike(definition(), FEATURES, people(0.0, seed=seed), seeds=1_000, others=3_000)


@pytest.mark.parametrize(("seeds", "others", "says"), [(299, 9_000, "vip has 299"), (9_000, 12, "outside the crowd")])
def test_too_small_a_seed_is_refused_with_its_size(seeds, others, says):
    with pytest.raises(TrainingProblem, match=says) as refused:
        train_lookalike(definition(), FEATURES, people(1.0, 200), seeds, others)
    assert str(FEWEST_SEEDS) in str(refused.value)


def test_a_feature_that_is_the_crowds_rule_in_disguise_is_refused():
    rows = people(1.0)
    rows.columns["noise"][:] = [9.0 if label == "yes" else 1.0 for label in rows.labels]
    with pytest.raises(TrainingProblem, match="feature noise"):
        train_lookalike(definition(), FEATURES, rows, 10_000, 30_000)


SCORES = st.lists(st.integers(0, 9), min_size=1, max_size=60)


@given(
    seeds=SCORES, others=st.lists(st.integers(0, 9), min_size=20, max_size=200), part=st.sampled_from([0.1, 0.2, 0.5])
)
def test_a_best_part_is_what_counting_one_by_one_finds(seeds, others, part):
    curve = curve_of(np.array(seeds) / 10, np.array(others) / 10)
    found = best_parts(curve, 1_000, [part])
    count = int(part * len(others) + 1e-9)
    if count < 10:
        assert found == []
        return
    (best,) = found
    score = sorted(others, reverse=True)[count - 1]
    above = [each for each in others if each >= score]
    hits = [each for each in seeds if each >= score]
    assert (best.score, best.part, best.found) == (score / 10, len(above) / len(others), len(hits) / len(seeds))
    assert len(above) >= count and math.isclose(best.lift, best.found / best.part)
    assert best.low <= best.lift * (1 + 1e-12) and best.lift <= best.high * (1 + 1e-12)
    from_score = best_from(curve, 1_000, best.score)
    assert from_score is not None and (from_score.part, from_score.lift) == (best.part, best.lift)


@given(seeds=SCORES, others=st.lists(st.integers(0, 9), min_size=20, max_size=200), score=st.integers(-1, 22))
def test_a_threshold_between_scores_takes_whoever_scores_so_much(seeds, others, score):
    asked = score / 20
    best = best_from(curve_of(np.array(seeds) / 10, np.array(others) / 10), 1_000, asked)
    above = [each for each in others if each / 10 >= asked]
    if len(above) < 10:
        assert best is None
        return
    assert best.score == asked and best.part == len(above) / len(others)
    assert best.found == len([each for each in seeds if each / 10 >= asked]) / len(seeds)


@given(trials=st.integers(1, 500), others=st.integers(1, 500), data=st.data())
def test_the_interval_of_a_lift_is_scipys_of_a_relative_risk(trials, others, data):
    hits, other_hits = data.draw(st.integers(1, trials)), data.draw(st.integers(1, others))
    expected = contingency.relative_risk(hits, trials, other_hits, others).confidence_interval(0.95)
    low, high = ratio_interval(hits, trials, other_hits, others)
    assert math.isclose(low, expected.low, rel_tol=1e-9) and math.isclose(high, expected.high, rel_tol=1e-9)


def test_without_a_hit_the_lift_is_nothing_up_to_something():
    low, high = ratio_interval(0, 100, 10, 100)
    assert low == 0 < high < 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('crowd = "vip"', ""), "which need it"),
        (('crowd = "vip"', 'crowd = "vip"\nhorizon_days = 3'), "nothing that is to happen"),
        (('kind = "lookalike"', 'kind = "lookalike"\nalgorithm = "boosting"'), "its weights explain it"),
        (('kind = "lookalike"', 'kind = "churn"'), "allowed for lookalike models"),
        (("[label]", "[online]\n[label]"), "allowed for conversion models"),
    ],
)
def test_a_definition_of_a_lookalike_names_a_crowd_and_nothing_else(change, says):
    with pytest.raises(ModelProblem, match=says):
        parse_model(TOML.replace(*change), "m")


def test_other_kinds_still_say_within_how_many_days():
    with pytest.raises(ModelProblem, match="within how many days"):
        parse_model(TOML.replace("lookalike", "churn").replace('crowd = "vip"', ""), "m")
    assert Label(crowd="vip").horizon_days == 0
