"""What a model that learns has shown, window by window: good at first, then poisoned and stopped."""

from __future__ import annotations

from api.prediction_ports import DriftRow, QualityRow
from prediction import online_file
from prediction.online import Rules, begin
from stores.models.snapshots import NewSnapshot, SnapshotState
from tests.fakes.api_stores import World
from tests.small_model import DEFINITION

WINDOW_MS = 600_000
LAST = 11
REASON = "window 11: log-loss 0.62 is 7.1 standard errors above the frozen baseline's 0.41"


def teach(world: World, now_ms: int) -> None:
    """Twelve windows of the model `buys`, of which the last one stopped it."""
    world.models.define("buys", f"{DEFINITION}\n[online]\nhorizon_seconds = 3600\n", "ann", now_ms)
    losses = {
        "online": [0.5 - 0.012 * place for place in range(LAST)] + [0.62],
        "frozen": [0.41] * 12,
        "chance": [0.5] * 12,
    }
    for place in range(LAST + 1):
        closed = now_ms - (LAST - place) * WINDOW_MS
        health = "warming" if place == 0 else "frozen" if place == LAST else "good"
        for scorer, loss in losses.items():
            auc = {"online": 0.6 + 0.02 * place, "frozen": 0.7, "chance": None}[scorer]
            world.learning.qualities.setdefault("buys", []).append(
                QualityRow(
                    place, scorer, 500, 60, auc, loss[place], 0.1, [0.0, 0.2, 0.5], [300, 150, 50], [0.1, 0.3, 0.7],
                    [0.08, 0.33, 0.62], closed - WINDOW_MS, closed, health, REASON if place == LAST else "", place == LAST,
                )
            )  # fmt: skip
        world.learning.drifts.setdefault("buys", []).extend(
            [
                DriftRow(place, "tier", "category", 0.03 * place, None, None, 0.0, 0.01, place == LAST, closed),
                DriftRow(place, "spend", "number", 0.01, 0.05, 0.6, 0.2, 0.2, False, closed),
            ]
        )
    content = online_file.to_bytes(begin("buys", Rules(), {}))
    for number, state in ((1, SnapshotState.GOOD), (2, SnapshotState.GOOD), (3, SnapshotState.FROZEN)):
        withdraw, reason = (1_500, REASON) if state is SnapshotState.FROZEN else (None, "")
        new = NewSnapshot("buys", number, content, {0: number}, number * 1_000, state, reason, withdraw)
        world.snapshots.save([new], now_ms)
