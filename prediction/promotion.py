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
    """Raises NotBetter unless the held-out people show that the version knows something."""
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


def require_live(pipeline: Pipeline, live: Mapping[str, int]) -> None:
    """Raises RetiredFeature when a tag version that the model reads is not its tag's live one (tag -> version)."""
    gone = [
        f"{feature.tag} v{feature.version} (live: {live.get(feature.tag) or 'none'})"
        for feature in pipeline.features
        if live.get(feature.tag) != feature.version
    ]
    if gone:
        raise RetiredFeature(f"model {pipeline.model} reads {', '.join(gone)}; train it again, or roll the tag back")
