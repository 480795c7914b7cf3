"""A model of expected spend in the seeded world, and what two of its users bought."""

from __future__ import annotations

from typing import Any

from prediction.lifetime import Buyer, Lifetime
from prediction.purchases import Purchases
from prediction.spend import Spend
from stores.features import DAY_MS
from stores.purchases import Bought
from tests.fakes.api_stores import AT_MS, World

LIFETIME = Lifetime("worth", Purchases(0.8, 40.0, 0.9, 3.0), Spend(4.0, 3.5, 20.0), 90, Buyer(2, 40.0, 120.0, 30.0))
DEFINITION = """
name = "worth"
title = "Worth"
description = "What a buyer spends."
owner = "sales"
kind = "spend"
algorithm = "bg_nbd"
[label]
horizon_days = 90
"""
_SIDE = {"said": 31.0, "happened": 30.0, "low": 24.0, "high": 36.0}
METRICS: dict[str, Any] = {
    **{"rows": 900, "rmse": 40.0, "rmse_of_last_period": 60.0, "rmse_of_mean": 45.0, "mae": 20.0},
    **{"mae_of_last_period": 24.0, "gain": 0.55, "gain_low": 0.4, "gain_high": 0.7},
    "spend": {"said": 27_900.0, "happened": 27_000.0, "last_period": 31_000.0},
    "purchases": {"said": 910.0, "happened": 900.0},
    "bins": [{"count": 90, "spend": _SIDE, "purchases": {"said": 1.0, "happened": 1.1, "low": 0.9, "high": 1.3}}],
}
TODAY = AT_MS // DAY_MS
LINEAGE: dict[str, Any] = {
    "features": [],
    "people": 3_000,
    "orders": {"source": "orders", "without": ["refunded"], "known": "logged"},
}


def add_spend_model(world: World) -> None:
    """Two versions: the first is live, the second no better than the last period. u1 bought thrice, u2 once."""
    world.models.define("worth", DEFINITION, "ann", AT_MS)
    for metrics in (METRICS, {**METRICS, "gain_low": -0.1}):
        made = world.models.add("worth", LIFETIME.to_bytes(), metrics, LINEAGE, "ann", AT_MS)
    world.models.set_live("worth", made.version - 1, "ann", AT_MS)
    world.purchases.held = {
        "u1": Bought("u1", 3, TODAY - 99, TODAY - 9, 120.0, 0.0),
        "u2": Bought("u2", 1, TODAY - 59, TODAY - 59, 25.0, 0.0),
    }
