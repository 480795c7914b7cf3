"""Values of tags as the numbers that models reckon with. Fitted once, on the training set; kept with the model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from prediction.definition import Feature
from prediction.metrics import Floats

Value = str | int | float | bool | None
Columns = Mapping[str, Sequence[Value]]
"""tag -> the value of each user, None where the user has none; all of one length."""

MOST_CATEGORIES = 20
RAREST_CATEGORY = 5
"""Categories with fewer users than this in the training set share one column."""


class BadValue(ValueError):
    """A value that a feature cannot have. The text names the feature, what was got and what is allowed."""


class BadOutput(BadValue):
    """What a model that was made elsewhere says of these values is no probability. The text: what was got and is allowed."""


@dataclass(frozen=True)
class EncodedFeature:
    """How one feature becomes columns. A number: log-scaled, then standardised by `mean` and `scale`, and whether it is
    missing. A boolean: itself, and missing. A string: one column a category, others, and missing.

    With a `default` nothing is missing: a user who has no value has that one, and the last column is left out.
    """

    feature: Feature
    mean: float = 0.0
    scale: float = 1.0
    categories: tuple[str, ...] = ()
    is_log: bool = True
    default: Value = None

    @property
    def is_number(self) -> bool:
        """Whether the values are ordered."""
        return self.feature.value_type in ("integer", "decimal")

    @property
    def labels(self) -> tuple[str, ...]:
        """What each column says, in order."""
        tag = self.feature.tag
        missing = (f"{tag} is missing",) if self.default is None else ()
        if self.feature.value_type == "string":
            return (*(f"{tag} = {category}" for category in self.categories), f"{tag} is another", *missing)
        return (tag, *missing)

    def encode(self, values: Sequence[Value]) -> Floats:
        """Columns of shape (values, labels). A missing number without a default counts as the mean.

        Raises BadValue.
        """
        found = np.zeros((len(values), len(self.labels)))
        places = {category: place for place, category in enumerate(self.categories)}
        for row, given in enumerate(values):
            value = self.default if given is None else given
            if value is None:
                found[row, -1] = 1.0
            elif self.feature.value_type == "string":
                found[row, places.get(_string(self.feature, value), len(places))] = 1.0
            elif self.feature.value_type == "boolean":
                found[row, 0] = _boolean(self.feature, value)
            else:
                number = _number(self.feature, value)
                found[row, 0] = ((_scaled(number) if self.is_log else number) - self.mean) / self.scale
        return found


@dataclass(frozen=True)
class Encoder:
    """All features of a model in order."""

    features: tuple[EncodedFeature, ...]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What each column says."""
        return tuple(label for feature in self.features for label in feature.labels)

    @cached_property
    def owners(self) -> tuple[str, ...]:
        """The feature that each column belongs to."""
        return tuple(feature.feature.tag for feature in self.features for _ in feature.labels)

    def encode(self, columns: Columns) -> Floats:
        """Shape (users, labels). Raises KeyError for a feature that is not among the columns, BadValue for its values."""
        return np.hstack([each.encode(columns[each.feature.tag]) for each in self.features])


def fit(features: Sequence[Feature], columns: Columns) -> Encoder:
    """Learn scales and categories from a training set. Raises BadValue."""
    return Encoder(tuple(_fit(feature, columns[feature.tag]) for feature in features))


def _fit(feature: Feature, values: Sequence[Value]) -> EncodedFeature:
    present = [value for value in values if value is not None]
    if feature.value_type == "string":
        counts = Counter(_string(feature, value) for value in present)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        kept = [category for category, count in ranked[:MOST_CATEGORIES] if count >= RAREST_CATEGORY]
        return EncodedFeature(feature, categories=tuple(sorted(kept)))
    if feature.value_type == "boolean" or not present:
        return EncodedFeature(feature)
    scaled = np.array([_scaled(_number(feature, value)) for value in present])
    return EncodedFeature(feature, float(scaled.mean()), float(scaled.std()) or 1.0)


def _scaled(number: float) -> float:
    return math.copysign(math.log1p(abs(number)), number)


def _number(feature: Feature, value: Value) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise BadValue(f"feature {feature.tag}: got {_shown(value)}, allowed a finite number or none")


def _boolean(feature: Feature, value: Value) -> float:
    if isinstance(value, bool):
        return float(value)
    raise BadValue(f"feature {feature.tag}: got {_shown(value)}, allowed true, false or none")


def _string(feature: Feature, value: Value) -> str:
    if isinstance(value, str):
        return value
    raise BadValue(f"feature {feature.tag}: got {_shown(value)}, allowed a string or none")


def _shown(value: Any) -> str:
    return repr(value)[:80]


def to_json(encoder: Encoder) -> list[dict[str, Any]]:
    """The encoder as plain values."""
    return [
        {
            "tag": each.feature.tag,
            "version": each.feature.version,
            "type": each.feature.value_type,
            "mean": each.mean,
            "scale": each.scale,
            "categories": list(each.categories),
            **_declared(each),
        }
        for each in encoder.features
    ]


def _declared(each: EncodedFeature) -> dict[str, Any]:
    """What only a definition says: left out where nothing was said, so that a file's bytes stay what they were."""
    default = {} if each.default is None else {"default": each.default}
    return default if each.is_log else {"log": False, **default}


def from_json(values: Sequence[Mapping[str, Any]]) -> Encoder:
    """The encoder that `to_json` wrote."""
    return Encoder(
        tuple(
            EncodedFeature(
                Feature(each["tag"], each["version"], each["type"]),
                each["mean"],
                each["scale"],
                tuple(each["categories"]),
                each.get("log", True),
                each.get("default"),
            )
            for each in values
        )
    )
