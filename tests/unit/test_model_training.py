"""Training on made-up people whose behaviour is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from prediction.definition import Feature, Label, ModelDefinition, Training
from prediction.encoder import BadValue
from prediction.pipeline import WrongFile, from_bytes
from prediction.training import TrainingProblem, TrainingSet, part_of, train

FEATURES = (
    Feature("views", 2, "integer"),
    Feature("tier", 1, "string"),
    Feature("vip", 1, "boolean"),
    Feature("noise", 1, "decimal"),
)
AT_MS = 1_790_000_000_000


def definition(**changes) -> ModelDefinition:
    values = {
        "name": "buys",
        "title": "Buys",
        "description": "d",
        "owner": "o",
        "kind": "conversion",
        "label": Label(horizon_days=7, event_type="pay"),
        "features": tuple(feature.tag for feature in FEATURES),
        "training": Training(),
    }
    return ModelDefinition(**(values | changes))


def people(count: int = 3_000, seed: int = 1) -> tuple[TrainingSet, np.ndarray]:
    """Rows whose chance to buy is known: it rises with views, is higher for gold, and does not depend on the noise."""
    rng = np.random.default_rng(seed)
    views = rng.poisson(4, count)
    gold, missing, vip = rng.random(count) < 0.3, rng.random(count) < 0.2, rng.random(count) < 0.5
    chance = 1 / (1 + np.exp(-(-3 + 1.2 * np.log1p(np.where(missing, 0, views)) + 1.0 * gold - 0.5 * missing)))
    labels = np.where(rng.random(count) < chance, "yes", "no")
    columns = {
        "views": [None if gone else int(number) for number, gone in zip(views, missing, strict=True)],
        "tier": ["gold" if is_gold else "iron" for is_gold in gold],
        "vip": [bool(value) for value in vip],
        "noise": [float(value) for value in rng.normal(size=count)],
    }
    users = [f"u{number}" for number in range(count)]
    return TrainingSet(users, [AT_MS] * count, [AT_MS] * count, columns, list(labels)), chance


@pytest.fixture(scope="module")
def rows():
    return people()[0]


@pytest.fixture(scope="module", params=["logistic", "boosting"])
def trained(request, rows):
    return train(definition(algorithm=request.param), FEATURES, rows)


def test_the_model_beats_chance_on_people_it_has_not_seen_and_its_numbers_are_recomputed(trained, rows):
    held_out = [place for place, user in enumerate(rows.users) if part_of(user) < 0.3]
    columns = {tag: [values[place] for place in held_out] for tag, values in rows.columns.items()}
    labels = np.array([rows.labels[place] == "yes" for place in held_out], dtype=float)
    scores = trained.pipeline.probabilities(columns)[:, 1]
    positives, negatives = scores[labels == 1], scores[labels == 0]
    wins = (positives[:, None] > negatives).mean() + (positives[:, None] == negatives).mean() / 2
    assert trained.metrics["auc"] == pytest.approx(wins) and wins > 0.65
    assert trained.metrics["rows"] == len(held_out) == trained.lineage["rows"]["held_out"]
    assert trained.metrics["log_loss"] < trained.metrics["log_loss_of_chance"]


def test_its_probabilities_are_near_the_true_chances_of_new_people(trained):
    new, chance = people(2_000, seed=9)
    found = trained.pipeline.probabilities(new.columns)[:, 1]
    assert abs(found.mean() - chance.mean()) < 0.03
    assert np.corrcoef(found, chance)[0, 1] > 0.9
    assert trained.metrics["calibration_error"] < 0.08


def test_a_file_scores_and_explains_as_the_model_that_it_was_written_from(trained, rows):
    again = from_bytes(trained.pipeline.to_bytes())
    columns = {tag: values[:50] for tag, values in rows.columns.items()}
    assert np.array_equal(again.probabilities(columns), trained.pipeline.probabilities(columns))
    assert again.reasons(columns) == trained.pipeline.reasons(columns)
    assert again.to_bytes() == trained.pipeline.to_bytes()
    assert again.features == FEATURES


def test_the_same_rows_give_the_same_model_bit_for_bit(rows):
    for algorithm in ("logistic", "boosting"):
        chosen = definition(algorithm=algorithm)
        first, second = (train(chosen, FEATURES, rows).pipeline.to_bytes() for _ in range(2))
        assert first == second


def test_reasons_name_what_moved_the_score_and_not_the_noise(trained):
    keen = {"views": [20], "tier": ["gold"], "vip": [True], "noise": [0.1]}
    reasons = trained.pipeline.reasons(keen)[0]
    assert {reasons[0].feature, reasons[1].feature} == {"views", "tier"}
    assert all(reason.points > 0 for reason in reasons[:2])
    raw = trained.pipeline.estimator.raw(trained.pipeline.encoder.encode(keen))[0, 0]
    nobody = trained.pipeline.encoder.encode(people()[0].columns)
    middle = trained.pipeline.estimator.raw(nobody).mean()
    assert sum(reason.points for reason in reasons) == pytest.approx(raw - middle, abs=0.35)


def test_a_person_is_on_one_side_of_the_split_at_every_moment(rows):
    twice = dataclasses.replace(
        rows,
        users=[*rows.users, *rows.users],
        observed_at_ms=[*rows.observed_at_ms, *[AT_MS + 1] * len(rows.users)],
        known_at_ms=[*rows.known_at_ms, *rows.known_at_ms],
        columns={tag: [*values, *values] for tag, values in rows.columns.items()},
        labels=[*rows.labels, *rows.labels],
    )
    parts = train(definition(), FEATURES, twice).lineage["rows"]
    once = train(definition(), FEATURES, rows).lineage["rows"]
    assert parts == {name: 2 * count for name, count in once.items()}


def test_rows_that_know_the_future_are_refused_by_their_time(rows):
    late = dataclasses.replace(rows, known_at_ms=[AT_MS] * 7 + [AT_MS + 1] + [AT_MS] * (len(rows.users) - 8))
    with pytest.raises(TrainingProblem, match="1 of 3000 rows know the future: user 'u7'"):
        train(definition(), FEATURES, late)


@pytest.mark.parametrize("value_type", ["integer", "string", "boolean"])
def test_a_feature_that_was_taken_after_the_label_is_caught_by_what_it_knows(rows, value_type):
    makes = {"integer": lambda yes: 9 if yes else 2, "string": lambda yes: "paid" if yes else "open", "boolean": bool}
    leak = [makes[value_type](label == "yes") for label in rows.labels]
    planted = dataclasses.replace(rows, columns={**rows.columns, "leak": leak})
    with pytest.raises(TrainingProblem, match=r"feature leak: the column .* alone tells the label"):
        train(definition(), (*FEATURES, Feature("leak", 1, value_type)), planted)


def test_a_feature_that_nobody_had_is_named(rows):
    empty = dataclasses.replace(rows, columns={**rows.columns, "vip": [None] * len(rows.users)})
    with pytest.raises(TrainingProblem, match="features vip: no user had a value"):
        train(definition(), FEATURES, empty)


def test_too_few_rows_of_a_class_are_refused_with_the_counts(rows):
    few = dataclasses.replace(rows, labels=["yes"] * 10 + ["no"] * (len(rows.users) - 10))
    with pytest.raises(TrainingProblem, match="needed at least two classes with 30 rows each"):
        train(definition(), FEATURES, few)


def test_a_model_of_many_classes_tells_them_apart():
    rng = np.random.default_rng(5)
    kinds = ["books", "shoes", "toys"]
    truth = rng.integers(0, 3, 2_000)
    seen = np.where(rng.random(2_000) < 0.7, truth, rng.integers(0, 3, 2_000))
    users = [f"u{number}" for number in range(2_000)]
    columns = {"last": [kinds[place] for place in seen]}
    rows = TrainingSet(users, [AT_MS] * 2_000, [AT_MS] * 2_000, columns, [kinds[place] for place in truth])
    chosen = definition(
        kind="next_value", label=Label(horizon_days=7, event_type="look", value_property="kind"), features=("last",)
    )
    for algorithm in ("logistic", "boosting"):
        found = train(chosen.model_copy(update={"algorithm": algorithm}), (Feature("last", 1, "string"),), rows)
        assert found.metrics["accuracy"] > 0.7 > 0.45 > found.metrics["accuracy_of_chance"]
        assert found.metrics["log_loss"] < found.metrics["log_loss_of_chance"]
        said = found.pipeline.probabilities({"last": ["toys", None]})
        assert found.pipeline.classes[said[0].argmax()] == "toys"
        assert said.sum(axis=1) == pytest.approx([1, 1])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "7", True])
def test_a_value_that_a_number_cannot_have_is_refused_by_name(trained, value):
    with pytest.raises(BadValue, match=r"feature views: got .*, allowed a finite number or none"):
        trained.pipeline.probabilities({"views": [value], "tier": [None], "vip": [None], "noise": [None]})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x80\x04pickle", "is JSON"),
        (b"[]", "got format 'list'"),
        (b'{"format": 2}', "got format 2, allowed 1"),
        (b'{"format": 1}', "KeyError"),
    ],
)
def test_a_file_that_is_no_model_is_refused(content, says):
    with pytest.raises(WrongFile, match=says):
        from_bytes(content)
