"""Raw scores as probabilities that can be taken at their word, learned from people that the estimator did not learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from prediction.metrics import SMALLEST, Floats

ISOTONIC_FROM = 1_000
"""Of fewer positives a free curve would learn the noise."""


@dataclass(frozen=True)
class Sigmoid:
    """p = 1 / (1 + exp(-(slope raw + offset))) (Platt 1999)."""

    slope: float
    offset: float

    def probabilities(self, raw: Floats) -> Floats:
        """Shape (users, 2)."""
        found = expit(self.slope * raw[:, 0] + self.offset)
        return np.column_stack([1 - found, found])

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"kind": "sigmoid", "slope": self.slope, "offset": self.offset}


@dataclass(frozen=True)
class Isotonic:
    """The best curve that never falls (Zadrozny and Elkan 2002), by its corners."""

    raw: Floats
    share: Floats

    def probabilities(self, raw: Floats) -> Floats:
        """Shape (users, 2)."""
        found = np.interp(raw[:, 0], self.raw, self.share)
        return np.column_stack([1 - found, found])

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"kind": "isotonic", "raw": self.raw.tolist(), "share": self.share.tolist()}


@dataclass(frozen=True)
class Temperature:
    """Softmax of raw / temperature over all classes (Guo et al. 2017)."""

    temperature: float

    def probabilities(self, raw: Floats) -> Floats:
        """Shape (users, classes)."""
        return softmax(raw / self.temperature, axis=1)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"kind": "temperature", "temperature": self.temperature}


Calibration = Sigmoid | Isotonic | Temperature


def fit(raw: Floats, labels: Floats) -> Calibration:
    """For raw scores of shape (users, 1 or classes) and the labels of the same users."""
    # Imported by who learns alone: a process that asks models or none would pay seconds and 100 MB at its start.
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    if raw.shape[1] > 1:
        return _fit_temperature(raw, labels.astype(int))
    if min(labels.sum(), len(labels) - labels.sum()) >= ISOTONIC_FROM:
        found = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(raw[:, 0], labels)
        return Isotonic(np.array(found.X_thresholds_), np.array(found.y_thresholds_))
    platt = LogisticRegression(C=1e6, max_iter=1_000).fit(raw, labels.astype(int))
    return Sigmoid(float(platt.coef_[0, 0]), float(platt.intercept_[0]))


def _fit_temperature(raw: Floats, labels: np.ndarray) -> Temperature:
    from scipy.optimize import minimize_scalar  # As above.

    def loss(log_temperature: float) -> float:
        found = softmax(raw / np.exp(log_temperature), axis=1)[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(found, SMALLEST)).mean())

    return Temperature(float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)))


def from_json(values: Mapping[str, Any]) -> Calibration:
    """The calibration that `to_json` wrote. Raises ValueError for one of another kind."""
    if values["kind"] == "sigmoid":
        return Sigmoid(values["slope"], values["offset"])
    if values["kind"] == "isotonic":
        return Isotonic(np.array(values["raw"]), np.array(values["share"]))
    if values["kind"] == "temperature":
        return Temperature(values["temperature"])
    raise ValueError(f"calibration: got {values['kind']!r}, allowed sigmoid, isotonic, temperature")
