"""A trained model as one file: encoder, estimator and calibration together, so that every place that scores does the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from prediction import calibration as calibrations
from prediction import encoder as encoders
from prediction import estimators
from prediction.calibration import Calibration
from prediction.definition import Feature
from prediction.encoder import Columns, Encoder
from prediction.estimators import Estimator
from prediction.metrics import Floats

FORMAT = 1
MOST_REASONS = 5


class WrongFile(ValueError):
    """A file that is no model of this format. The text says what was found and what is allowed."""


class SpendFile(WrongFile):
    """The file of a model of expected spend, which scores from purchases and not from tags (see `prediction.lifetime`)."""


@dataclass(frozen=True)
class Reason:
    """How much a feature moved a user's raw score (log-odds) away from the average user's."""

    feature: str
    points: float


@dataclass(frozen=True)
class Pipeline:
    """From tag values to probabilities. `classes`: what each column of the probabilities stands for."""

    model: str
    classes: tuple[str, ...]
    encoder: Encoder
    estimator: Estimator
    calibration: Calibration

    @property
    def features(self) -> tuple[Feature, ...]:
        """The tag versions that it reads."""
        return tuple(each.feature for each in self.encoder.features)

    def probabilities(self, columns: Columns) -> Floats:
        """Shape (users, classes), each row adding up to 1. Raises KeyError for a missing feature, BadValue for its values."""
        return self.calibration.probabilities(self.estimator.raw(self.encoder.encode(columns)))

    def said(self, columns: Columns) -> list[tuple[str, float]]:
        """Of each user a class and its probability: of two classes the second, of many the likeliest. Raises as above."""
        found = self.probabilities(columns)
        best = [1] * len(found) if len(self.classes) == 2 else found.argmax(axis=1).tolist()
        return [(self.classes[place], float(row[place])) for row, place in zip(found, best, strict=True)]

    def reasons(self, columns: Columns) -> list[list[Reason]]:
        """For each user the features that moved the score of its likeliest class (of two classes: the second) most."""
        encoded = self.encoder.encode(columns)
        parts = self.estimator.contributions(encoded)
        if parts.shape[1] > 1:
            best = self.estimator.raw(encoded).argmax(axis=1)
            mine = parts[np.arange(len(parts)), best]
        else:
            mine = parts[:, 0]
        owners = self.encoder.owners
        names = list(dict.fromkeys(owners))
        sums = np.zeros((len(names), len(owners)))
        for column, owner in enumerate(owners):
            sums[names.index(owner), column] = 1.0
        points = mine @ sums.T
        order = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :MOST_REASONS]
        return [
            [Reason(names[place], float(row[place])) for place in places]
            for row, places in zip(points, order, strict=True)
        ]

    def to_bytes(self) -> bytes:
        """The file's content: JSON, whose text depends on the model alone."""
        values = {
            "format": FORMAT,
            "model": self.model,
            "classes": list(self.classes),
            "encoder": encoders.to_json(self.encoder),
            "estimator": self.estimator.to_json(),
            "calibration": self.calibration.to_json(),
        }
        return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def from_bytes(content: bytes) -> Pipeline:
    """The model that `to_bytes` wrote. Raises WrongFile."""
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise WrongFile(f"a model's file is JSON: {error}") from error
    if isinstance(values, dict) and str(values.get("format")).startswith("spend/"):
        raise SpendFile("a model of expected spend; POST /api/v1/predictions/spend asks it")
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise WrongFile(f"a model's file: got format {found!r}, allowed {FORMAT}")
    try:
        return Pipeline(
            values["model"],
            tuple(values["classes"]),
            encoders.from_json(values["encoder"]),
            estimators.from_json(values["estimator"]),
            calibrations.from_json(values["calibration"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WrongFile(f"a model's file: {type(error).__name__}: {error}") from error


def columns_of(features: Sequence[Feature], users: Sequence[dict[str, encoders.Value]]) -> Columns:
    """Users' values by tag as the columns of these features; a tag that a user lacks is none."""
    return {feature.tag: [user.get(feature.tag) for user in users] for feature in features}
