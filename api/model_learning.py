"""GET /models/{name}/learning: how well a model does that learns from the stream, against its baseline and chance, over time."""

from __future__ import annotations

from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from api.access.declared import requires
from api.documented import Iso, documented, noun
from api.models import ModelPath, readable_model
from api.ports import Stores
from api.prediction_ports import DriftRow, QualityRow
from api.times import iso
from api.wire import reply
from prediction.definition import ModelProblem, parse_model
from prediction.examples import DAY_SECONDS
from stores.models.registry import Model
from stores.models.snapshots import Snapshot
from tagging.access import Role

MOST_WINDOWS = 200
MOST_SNAPSHOTS = 20


class LearningQuery(BaseModel):
    """How far to look back."""

    windows: int = Field(50, ge=1, le=MOST_WINDOWS, description="The newest windows of examples")


class BinOut(BaseModel):
    """Calibration: scores that are alike, how high they were on average, and how often they came true."""

    low: float
    examples: int
    mean_score: float
    share: float


class ScorerOut(BaseModel):
    """How well one scorer did in a window, on labels that it had not seen."""

    scorer: Literal["online", "frozen", "chance"] = Field(
        description="online: the model that learns; frozen: its baseline; chance: how frequent positives were so far"
    )
    examples: int
    positives: int
    auc: float | None = Field(description="null where all labels are the same")
    log_loss: float
    brier: float
    calibration: list[BinOut]


class DriftOut(BaseModel):
    """A feature in a window, against the model's first examples."""

    feature: str
    kind: Literal["number", "category"]
    psi: float
    ks: float | None = Field(description="Of numbers alone")
    p: float | None
    missing: float
    missing_before: float
    moved: bool


class WindowOut(BaseModel):
    """A window of examples, and what its guard made of it."""

    window: int
    opened_at: Iso = Field(description="When the first of its labels was decided")
    closed_at: Iso
    health: Literal["warming", "good", "doubtful", "frozen"]
    reason: str
    loss_rose: bool
    scorers: list[ScorerOut]
    features: list[DriftOut]


class SnapshotOut(BaseModel):
    """What the model knew after so many examples, and whether scores are made with it."""

    number: int
    examples: int
    state: Literal["good", "held", "withdrawn", "frozen"]
    reason: str
    created_at: Iso


class LearningOut(BaseModel):
    """A model that learns. `windows` and `snapshots`: the newest first."""

    name: str
    horizon_seconds: int | None = Field(
        description="How long what it predicts may take to happen, where it learns; null where it does not"
    )
    frozen_horizon_seconds: int | None = Field(
        description="The same of its baseline. Where the two differ, AUC tells which is better, and log-loss does not"
    )
    served_snapshot: int | None = Field(
        description="null while nothing that it has learned is good enough to be served"
    )
    snapshots: list[SnapshotOut]
    windows: list[WindowOut]


def blueprint(stores: Stores) -> APIBlueprint:
    """The route."""
    routes = noun("models")
    routes.name = "model_learning"
    predicting = stores.predicting

    @routes.get("/<name>/learning", responses=documented({200: LearningOut}, 404, 503))
    @requires(Role.VIEWER)
    def read_learning(path: ModelPath, query: LearningQuery) -> Response:
        """How well a model does that learns from the stream, which features moved, and what is served"""
        model = readable_model(predicting.models, path.name)
        horizon, frozen_horizon = _horizons(model)
        good = predicting.snapshots.good(path.name)
        drift = predicting.learning.drift(path.name, query.windows)
        quality = predicting.learning.quality(path.name, query.windows)
        numbers = list(dict.fromkeys(row.window for row in quality))
        return reply(
            LearningOut(
                name=path.name,
                horizon_seconds=horizon,
                frozen_horizon_seconds=frozen_horizon,
                served_snapshot=good.number if good else None,
                snapshots=[_snapshot(each) for each in predicting.snapshots.listed(path.name, MOST_SNAPSHOTS)],
                windows=[
                    _window([r for r in quality if r.window == number], [r for r in drift if r.window == number])
                    for number in numbers
                ],
            )
        )

    return routes


def _horizons(model: Model) -> tuple[int | None, int | None]:
    try:
        definition = parse_model(model.definition, model.name)
    except ModelProblem:
        # A definition of a later release: what the model has learned can still be seen.
        return None, None
    rule = definition.label_rule
    return (rule.horizon_seconds, definition.label.horizon_days * DAY_SECONDS) if rule else (None, None)


def _snapshot(snapshot: Snapshot) -> SnapshotOut:
    return SnapshotOut(
        number=snapshot.number,
        examples=snapshot.examples,
        state=snapshot.state.value,
        reason=snapshot.reason,
        created_at=iso(snapshot.created_at_ms),
    )


def _window(rows: list[QualityRow], drift: list[DriftRow]) -> WindowOut:
    first = rows[0]
    return WindowOut(
        window=first.window,
        opened_at=iso(first.opened_at_ms),
        closed_at=iso(first.closed_at_ms),
        health=first.health,
        reason=first.reason,
        loss_rose=first.loss_rose,
        scorers=[_scorer(row) for row in rows],
        features=[DriftOut(**{name: getattr(row, name) for name in DriftOut.model_fields}) for row in drift],
    )


def _scorer(row: QualityRow) -> ScorerOut:
    bins = zip(row.bin_low, row.bin_examples, row.bin_score, row.bin_share, strict=True)
    return ScorerOut(
        scorer=row.scorer,
        examples=row.examples,
        positives=row.positives,
        auc=row.auc,
        log_loss=row.log_loss,
        brier=row.brier,
        calibration=[BinOut(low=low, examples=n, mean_score=score, share=share) for low, n, score, share in bins],
    )
