"""How good scores are: pure functions of labels (0 or 1) and scores (0..1), both of shape (n,)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SMALLEST = 1e-15
"""Scores are kept this far from 0 and 1, where the logarithm has no value."""


def auc(labels: Floats, scores: Floats) -> float | None:
    """The chance that a positive scores higher than a negative, ties counting half; None without both.

    The Mann-Whitney U statistic by mid-ranks (Hanley and McNeil 1982).
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[place]
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_error(value: float, positives: int, negatives: int) -> float:
    """The standard error of an AUC (Hanley and McNeil 1982, formula 2)."""
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (positives - 1) * (q1 - value**2) + (negatives - 1) * (q2 - value**2)
    return float(np.sqrt(max(0.0, spread) / (positives * negatives)))


def log_loss(labels: Floats, scores: Floats) -> float | None:
    """Mean negative log-likelihood in nats; None of nothing."""
    if not len(labels):
        return None
    kept = np.clip(scores, SMALLEST, 1 - SMALLEST)
    return float(-(labels * np.log(kept) + (1 - labels) * np.log1p(-kept)).mean())


def brier(labels: Floats, scores: Floats) -> float | None:
    """Mean squared error of the scores (Brier 1950); None of nothing."""
    return float(((scores - labels) ** 2).mean()) if len(labels) else None


@dataclass(frozen=True)
class Bin:
    """Scores from `low` to `high`: how many, their mean, and the share that was positive."""

    low: float
    high: float
    count: int
    mean_score: float
    share: float


def calibration(labels: Floats, scores: Floats, bins: int = 10) -> list[Bin]:
    """Equally wide bins of the scores; those without a score are left out."""
    places = np.minimum((scores * bins).astype(int), bins - 1)
    found = []
    for place in np.unique(places):
        mine = places == place
        share, mean = float(labels[mine].mean()), float(scores[mine].mean())
        found.append(Bin(float(place / bins), float((place + 1) / bins), int(mine.sum()), mean, share))
    return found


def calibration_error(bins: list[Bin]) -> float | None:
    """Expected calibration error: the mean distance of score and share, weighted by count (Naeini et al. 2015)."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.mean_score - each.share) for each in bins) / total if total else None


def lift(labels: Floats, scores: Floats, part: float = 0.1) -> float | None:
    """How many times more positives than on average there are among the best-scored `part`; None without positives."""
    count = max(1, int(len(labels) * part))
    share = labels.mean() if len(labels) else 0.0
    if not share:
        return None
    best = np.argsort(-scores, kind="stable")[:count]
    return float(labels[best].mean() / share)
