"""What the API asks of the stores about models and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stores.models.feature_reports import Reports
from stores.models.registry import Models
from stores.models.snapshots import Snapshot
from stores.purchases import Bought, Orders, Period


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


class LearnedSnapshots(Protocol):
    """What models have learned from the stream (MySQL)."""

    def good(self, model: str) -> Snapshot | None:
        """The snapshot that scores are made with."""

    def listed(self, model: str, limit: int) -> Sequence[Snapshot]:
        """A model's snapshots, the newest first."""

    def file(self, sha256: str) -> bytes:
        """A snapshot's file. Raises LookupError, and `stores.models.files.DamagedFile`."""


@dataclass(frozen=True)
class QualityRow:
    """How well one scorer did in one window; columns of ClickHouse's `model_quality`."""

    window: int
    scorer: str
    examples: int
    positives: int
    auc: float | None
    log_loss: float
    brier: float
    bin_low: Sequence[float]
    bin_examples: Sequence[int]
    bin_score: Sequence[float]
    bin_share: Sequence[float]
    opened_at_ms: int
    closed_at_ms: int
    health: str
    reason: str
    loss_rose: bool


@dataclass(frozen=True)
class DriftRow:
    """How one feature of a window compares with the model's first examples; columns of `model_drift`."""

    window: int
    feature: str
    kind: str
    psi: float
    ks: float | None
    p: float | None
    missing: float
    missing_before: float
    moved: bool
    closed_at_ms: int


class LearningRecords(Protocol):
    """How well models do that learn (ClickHouse), window by window, the newest first."""

    def quality(self, model: str, windows: int) -> Sequence[QualityRow]:
        """Of the newest windows, by scorer."""

    def drift(self, model: str, windows: int) -> Sequence[DriftRow]:
        """Of the newest windows, by feature."""


class PurchaseHistories(Protocol):
    """What users bought (ClickHouse)."""

    def bought_by(self, orders: Orders, period: Period, users: Sequence[str]) -> Sequence[Bought]:
        """Of these users, by id; who never bought has no row. Raises `stores.purchases.UnreadableOrders`."""

    def newest_tick_ms(self) -> int | None:
        """The newest tick: "now" for the log. None before there is one."""


@dataclass(frozen=True)
class Predicting:
    """The stores behind predictions."""

    models: Models
    log: PredictionLog
    snapshots: LearnedSnapshots
    learning: LearningRecords
    purchases: PurchaseHistories
    reports: Reports
