"""A model of three tags of the seeded world, whose weights are known."""

from __future__ import annotations

import numpy as np

from prediction.calibration import Sigmoid
from prediction.definition import Feature
from prediction.encoder import fit
from prediction.estimators import Logistic
from prediction.pipeline import Pipeline
from stores.models.registry import Models
from tests.fakes.api_stores import AT_MS

DEFINITION = """
name = "buys"
title = "Buys"
description = "Whether a user buys."
owner = "sales"
kind = "conversion"
features = ["tier", "spend", "flag"]
[label]
event_type = "payment_done"
horizon_days = 7
"""
GOOD = {"auc": 0.8, "auc_error": 0.02, "rows": 900, "log_loss": 0.4, "log_loss_of_chance": 0.5}
FEATURES = (Feature("tier", 1, "string"), Feature("spend", 1, "decimal"), Feature("flag", 1, "boolean"))


def pipeline(tier_version: int = 1, gold: float = 2.0) -> Pipeline:
    features = (Feature("tier", tier_version, "string"), *FEATURES[1:])
    encoder = fit(features, {"tier": ["gold", "silver"] * 5, "spend": [1.0, 9.0] * 5, "flag": [True, False] * 5})
    weights = np.zeros((1, len(encoder.labels)))
    weights[0, encoder.labels.index("tier = gold")] = gold
    weights[0, encoder.labels.index("spend")] = 0.5
    return Pipeline(
        "buys", ("no", "yes"), encoder, Logistic(weights, np.array([-1.0]), np.zeros(weights.shape[1])), Sigmoid(1, 0)
    )


def add_model(models: Models, tier_version: int = 1) -> None:
    """Three versions: the first is live, the third is no better than chance."""
    lineage = {"features": [vars(feature) for feature in FEATURES], "moments_ms": [AT_MS]}
    models.define("buys", DEFINITION, "ann", AT_MS)
    made = [
        models.add("buys", pipeline(tier_version, gold).to_bytes(), metrics, lineage, "ann", AT_MS)
        for gold, metrics in ((2.0, GOOD), (3.0, {**GOOD, "auc": 0.9}), (0.1, {**GOOD, "auc": 0.51}))
    ]
    models.set_live("buys", made[0].version, "ann", AT_MS)
