"""What the API asks of the stores about models and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stores.models.registry import Models


@dataclass(frozen=True)
class Prediction:
    """One served score, as it stands in the log: what is later joined with what happened. `features`: tag -> value."""

    prediction_id: str
    model: str
    version: int
    user_id: str
    features: dict[str, Any]
    score: float
    predicted_at_ms: int


class PredictionLog(Protocol):
    """The topic `predictions` (Kafka)."""

    def append(self, predictions: Sequence[Prediction]) -> None:
        """Hand served predictions to the log, without waiting for it: an answer is worth more than its record."""


@dataclass(frozen=True)
class Predicting:
    """The stores behind predictions."""

    models: Models
    log: PredictionLog
