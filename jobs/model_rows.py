"""What closed windows show, as columns of ClickHouse's `model_quality` and `model_drift`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prediction.online import ClosedWindow

Closed = Sequence[tuple[str, ClosedWindow]]
"""model -> a window of it."""


def quality_columns(closed: Closed, written_at_ms: int) -> Mapping[str, list[Any]]:
    """One row a window and scorer."""
    rows = [(model, window, quality) for model, window in closed for quality in window.qualities]
    return {
        "model": [model for model, _, _ in rows],
        "window": [window.number for _, window, _ in rows],
        "scorer": [quality.scorer.value for _, _, quality in rows],
        "examples": [quality.examples for _, _, quality in rows],
        "positives": [quality.positives for _, _, quality in rows],
        "auc": [quality.auc for _, _, quality in rows],
        "log_loss": [quality.log_loss for _, _, quality in rows],
        "brier": [quality.brier for _, _, quality in rows],
        "bin_low": [[each.low for each in quality.bins] for _, _, quality in rows],
        "bin_examples": [[each.count for each in quality.bins] for _, _, quality in rows],
        "bin_score": [[each.mean_score for each in quality.bins] for _, _, quality in rows],
        "bin_share": [[each.share for each in quality.bins] for _, _, quality in rows],
        "opened_at": [window.opened_at_ms for _, window, _ in rows],
        "closed_at": [window.closed_at_ms for _, window, _ in rows],
        "health": [window.guard.health.value for _, window, _ in rows],
        "reason": [window.guard.reason for _, window, _ in rows],
        "loss_rose": [window.loss_rose for _, window, _ in rows],
        "written_at": [written_at_ms] * len(rows),
    }


def drift_columns(closed: Closed, written_at_ms: int) -> Mapping[str, list[Any]]:
    """One row a window and feature."""
    rows = [(model, window, drift) for model, window in closed for drift in window.drifts]
    return {
        "model": [model for model, _, _ in rows],
        "window": [window.number for _, window, _ in rows],
        "feature": [drift.feature for _, _, drift in rows],
        "kind": [drift.kind.value for _, _, drift in rows],
        "psi": [drift.psi for _, _, drift in rows],
        "ks": [drift.ks for _, _, drift in rows],
        "p": [drift.p for _, _, drift in rows],
        "missing": [drift.missing for _, _, drift in rows],
        "missing_before": [drift.missing_before for _, _, drift in rows],
        "moved": [drift.moved for _, _, drift in rows],
        "closed_at": [window.closed_at_ms for _, window, _ in rows],
        "written_at": [written_at_ms] * len(rows),
    }
