"""Training: from rows of features and labels to a model and the proof of how well it does on people it has not seen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from prediction import calibration, encoder, estimators, metrics
from prediction.definition import Feature, ModelDefinition
from prediction.encoder import Columns
from prediction.estimators import Estimator
from prediction.metrics import Floats
from prediction.pipeline import Pipeline

FEWEST_OF_A_CLASS = 30
CALIBRATION_SHARE = 0.2
KNOWS_TOO_MUCH = 0.995
"""A feature that alone tells the label this well (AUC) was most likely taken after it."""
CLASSES_OF_TWO = ("no", "yes")


class TrainingProblem(ValueError):
    """A training set that no model can be made of. The text says what was found and what is needed."""


@dataclass(frozen=True)
class TrainingSet:
    """One row a user and moment. `observed_at_ms`: the moment; `known_at_ms`: when the newest of what its features are made
    of happened; `labels`: classes as text, "no" and "yes" for models of two.
    """

    users: Sequence[str]
    observed_at_ms: Sequence[int]
    known_at_ms: Sequence[int]
    columns: Columns
    labels: Sequence[str]


@dataclass(frozen=True)
class Trained:
    """A model, how well it does on the held-out people, and what it was made of."""

    pipeline: Pipeline
    metrics: Mapping[str, Any]
    lineage: Mapping[str, Any]


def part_of(user_id: str) -> float:
    """Where a user falls between 0 and 1, ever the same: what splits people into those learned from and those held out."""
    digest = hashlib.sha256(b"part:" + user_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def train(definition: ModelDefinition, features: Sequence[Feature], rows: TrainingSet) -> Trained:
    """Fit on one part of the people, calibrate on another, measure on the held-out rest.

    Raises TrainingProblem for rows that know the future or that are too few, BadValue for a feature's value.
    """
    require_made_here(definition)
    _require_the_past(rows)
    _require_values(features, rows.columns)
    classes = CLASSES_OF_TWO if definition.kind != "next_value" else tuple(sorted(set(rows.labels)))
    numbers = np.array([classes.index(label) for label in rows.labels], dtype=float)
    parts = np.array([part_of(user) for user in rows.users])
    held_out = parts < definition.training.held_out
    calibrates = ~held_out & (
        parts < definition.training.held_out + CALIBRATION_SHARE * (1 - definition.training.held_out)
    )
    learns = ~held_out & ~calibrates
    for name, mine in (("learned from", learns), ("calibrated on", calibrates), ("held out", held_out)):
        _require_enough(name, classes, numbers[mine])
    fitted = encoder.fit(features, _rows_of(rows.columns, learns))
    encoded = fitted.encode(rows.columns)
    if len(classes) == 2:
        _require_no_oracle(fitted, encoded[learns], numbers[learns])
    estimator = _fit(definition, encoded, numbers, learns, calibrates, len(classes))
    calibrated = calibration.fit(estimator.raw(encoded[calibrates]), numbers[calibrates])
    pipeline = Pipeline(definition.name, classes, fitted, estimator, calibrated)
    probabilities = calibrated.probabilities(estimator.raw(encoded[held_out]))
    found = measured(numbers[held_out], probabilities, classes)
    found["base_rate_learned"] = float(numbers[learns].mean()) if len(classes) == 2 else None
    lineage = {
        "features": [asdict(feature) for feature in features],
        "moments_ms": sorted(set(rows.observed_at_ms)),
        "rows": {"learned": int(learns.sum()), "calibrated": int(calibrates.sum()), "held_out": int(held_out.sum())},
        "people": len(set(rows.users)),
        "seed": estimators.SEED,
    }
    return Trained(pipeline, found, lineage)


def evaluated(definition: ModelDefinition, pipeline: Pipeline, rows: TrainingSet) -> Trained:
    """A model that was made elsewhere, measured on the people whom every training here holds out (see `part_of`).

    Whether its author held them out too, nobody here can tell. Raises as `train` does.
    """
    _require_the_past(rows)
    _require_values(pipeline.features, rows.columns)
    strange = sorted(set(rows.labels) - set(pipeline.classes))
    if strange:
        raise TrainingProblem(
            f"labels: got {', '.join(strange)}, allowed {', '.join(pipeline.classes)}; give the model a class `other`"
        )
    held_out = np.array([part_of(user) for user in rows.users]) < definition.training.held_out
    numbers = np.array([pipeline.classes.index(label) for label in rows.labels], dtype=float)[held_out]
    if len(pipeline.classes) == 2:
        _require_enough("held out", pipeline.classes, numbers)
    elif len(numbers) < FEWEST_OF_A_CLASS:
        raise TrainingProblem(f"rows held out: got {len(numbers)}, needed {FEWEST_OF_A_CLASS}; wait for more history")
    mine = _rows_of(rows.columns, held_out)
    if len(pipeline.classes) == 2:
        _require_no_oracle(pipeline.encoder, pipeline.encoder.encode(mine), numbers)
    found = measured(numbers, pipeline.probabilities(mine), pipeline.classes)
    found["base_rate_learned"] = None
    lineage = {
        "features": [asdict(feature) for feature in pipeline.features],
        "moments_ms": sorted(set(rows.observed_at_ms)),
        "rows": {"held_out": int(held_out.sum())},
        "people": len(set(rows.users)),
    }
    return Trained(pipeline, found, lineage)


def require_made_here(definition: ModelDefinition) -> None:
    """Raises TrainingProblem for a model that is made elsewhere."""
    if definition.algorithm == "onnx":
        raise TrainingProblem(
            f"model {definition.name}: got the algorithm onnx, allowed logistic, boosting: an ONNX model is trained elsewhere; "
            "`python -m jobs.models import FILE.onnx` makes the next version"
        )


def measured(labels: Floats, probabilities: Floats, classes: Sequence[str]) -> dict[str, Any]:
    """How well probabilities of shape (users, classes) do, against always saying how frequent each class is."""
    count = len(labels)
    shares = np.bincount(labels.astype(int), minlength=len(classes)) / count
    found: dict[str, Any] = {
        "rows": count,
        "classes": {name: float(share) for name, share in zip(classes, shares, strict=True)},
    }
    if len(classes) == 2:
        scores = probabilities[:, 1]
        value = metrics.auc(labels, scores)
        bins = metrics.calibration(labels, scores)
        positives = int(labels.sum())
        return found | {
            "auc": value,
            "auc_error": metrics.auc_error(value, positives, count - positives) if value is not None else None,
            "log_loss": metrics.log_loss(labels, scores),
            "log_loss_of_chance": metrics.log_loss(labels, np.full(count, labels.mean())),
            "brier": metrics.brier(labels, scores),
            "calibration_error": metrics.calibration_error(bins),
            "calibration": [asdict(each) for each in bins],
            "lift_of_best_tenth": metrics.lift(labels, scores),
        }
    picked = probabilities[np.arange(count), labels.astype(int)]
    return found | {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "accuracy_of_chance": float(shares.max()),
        "log_loss": float(-np.log(np.maximum(picked, metrics.SMALLEST)).mean()),
        "log_loss_of_chance": float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum()),
    }


def _fit(
    definition: ModelDefinition, encoded: Floats, numbers: Floats, learns: np.ndarray, others: np.ndarray, classes: int
) -> Estimator:
    if definition.algorithm == "logistic":
        return estimators.fit_logistic(encoded[learns], numbers[learns], classes)
    return estimators.fit_boosting(encoded[learns], numbers[learns], encoded[others], numbers[others], classes)


def _rows_of(columns: Columns, mine: np.ndarray) -> Columns:
    places = np.flatnonzero(mine)
    return {tag: [values[place] for place in places] for tag, values in columns.items()}


def _require_the_past(rows: TrainingSet) -> None:
    late = [
        (user, known, observed)
        for user, observed, known in zip(rows.users, rows.observed_at_ms, rows.known_at_ms, strict=True)
        if known > observed
    ]
    if late:
        user, known, observed = late[0]
        raise TrainingProblem(
            f"{len(late)} of {len(rows.users)} rows know the future: user {user!r} at {observed} has a feature made of what "
            f"happened {known - observed} ms later; allowed: nothing after the moment of the row"
        )


def _require_values(features: Sequence[Feature], columns: Columns) -> None:
    empty = [feature.tag for feature in features if all(value is None for value in columns[feature.tag])]
    if empty:
        raise TrainingProblem(
            f"features {', '.join(empty)}: no user had a value at any of the moments, though they may now: the row changes "
            "that they read were logged later (a row counts from when it was logged); leave them out, or wait"
        )


def _require_enough(name: str, classes: Sequence[str], numbers: Floats) -> None:
    counts = np.bincount(numbers.astype(int), minlength=len(classes))
    few = {label: int(count) for label, count in zip(classes, counts, strict=True) if count < FEWEST_OF_A_CLASS}
    if len(classes) < 2 or few:
        got = few or dict.fromkeys(classes, len(numbers))
        raise TrainingProblem(
            f"rows {name}: got {got}, needed at least two classes with {FEWEST_OF_A_CLASS} rows each; "
            "widen active_days, add moments, or wait for more history"
        )


def _require_no_oracle(fitted: encoder.Encoder, encoded: Floats, numbers: Floats) -> None:
    for place, label in enumerate(fitted.labels):
        value = metrics.auc(numbers, encoded[:, place])
        if value is not None and max(value, 1 - value) > KNOWS_TOO_MUCH:
            raise TrainingProblem(
                f"feature {fitted.owners[place]}: the column {label!r} alone tells the label (AUC {value:.4f}); "
                f"allowed up to {KNOWS_TOO_MUCH}: it was most likely taken after the moment of the row"
            )
