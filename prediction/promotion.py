"""When a version may be put into use, and when it may still be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prediction.pipeline import Pipeline


class NotBetter(ValueError):
    """A version that does no better than chance on people it has not seen. The text gives the numbers."""


class RetiredFeature(ValueError):
    """A tag version that a model reads is not live any more. The text names it and what to do."""


def require_better_than_chance(model: str, version: int, metrics: Mapping[str, Any]) -> None:
    """Raises NotBetter unless the held-out people show that the version knows something: of expected spend, more than what each
    spent in the period before, by the interval of the gain, and more than what all spend on average.
    """
    if "rmse" in metrics:
        _require_better_than_naive(model, version, metrics)
        return
    value, error = metrics.get("auc"), metrics.get("auc_error")
    if value is not None and value - 2 * (error or 0) <= 0.5:
        raise NotBetter(
            f"model {model} version {version}: AUC {value:.3f} ± {error or 0:.3f} on {metrics['rows']} rows of people it has "
            "not seen is no better than chance (0.5); it stays in the shadow"
        )
    if metrics["log_loss"] >= metrics["log_loss_of_chance"]:
        raise NotBetter(
            f"model {model} version {version}: log-loss {metrics['log_loss']:.4f} is no better than that of chance "
            f"({metrics['log_loss_of_chance']:.4f}); it stays in the shadow"
        )


def _require_better_than_naive(model: str, version: int, metrics: Mapping[str, Any]) -> None:
    if metrics["gain_low"] <= 0:
        raise NotBetter(
            f"model {model} version {version}: its squared error is {metrics['gain']:.1%} less (95 %: {metrics['gain_low']:.1%} to "
            f"{metrics['gain_high']:.1%}) on {metrics['rows']} people it has not seen, no better than the last period; it "
            "stays in the shadow"
        )
    if metrics["rmse"] >= metrics["rmse_of_mean"]:
        raise NotBetter(
            f"model {model} version {version}: an error of {metrics['rmse']:.2f} is no better than the mean's "
            f"({metrics['rmse_of_mean']:.2f}); it stays in the shadow"
        )


def require_live(pipeline: Pipeline, live: Mapping[str, int]) -> None:
    """Raises RetiredFeature when a tag version that the model reads is not its tag's live one (tag -> version)."""
    gone = [
        f"{feature.tag} v{feature.version} (live: {live.get(feature.tag) or 'none'})"
        for feature in pipeline.features
        if live.get(feature.tag) != feature.version
    ]
    if gone:
        raise RetiredFeature(f"model {pipeline.model} reads {', '.join(gone)}; train it again, or roll the tag back")
