"""Lookalikes: how much more often people of a seed crowd are found among the best-scored others than by chance, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from prediction.definition import Feature, ModelDefinition
from prediction.encoder import EncodedFeature
from prediction.estimators import Logistic
from prediction.metrics import Floats
from prediction.pipeline import Pipeline
from prediction.promotion import NotBetter, require_better_than_chance
from prediction.training import CLASSES_OF_TWO, Trained, TrainingProblem, TrainingSet, part_of, train

FEWEST_SEEDS = 300
"""Of fewer, the parts that calibrate and that are held out tell nothing."""
PARTS = (0.01, 0.02, 0.05, 0.1, 0.2)
FEWEST_OF_BEST = 10
"""A part of the held-out others with fewer people than this is not told of."""
DECIMALS = 3
"""Scores are kept so fine: a tag of them has at most 1,001 values."""
MOST_REASONS = 30
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Best:
    """The best-scored part of the people outside the seed, measured on those held out.

    `wanted` of them was asked for, `part` is what scores `score` or more (ties come whole), which makes about `users` of all.
    `found` of the held-out seed score so too. `lift` = found / part, with its 95 % interval.
    """

    wanted: float
    part: float
    score: float
    users: int
    found: float
    lift: float
    low: float
    high: float


@dataclass(frozen=True)
class Sign:
    """What one column says of a user, and how it moves the score.

    `kind`: more (a number by one standard deviation, on a logarithmic scale), yes (a boolean), is (the category `value`),
    other (a category too rare to have a column), missing. `odds`: what it multiplies the odds by; above 1 it speaks for the
    seed. `strength`: |weight| times the column's spread, by which signs are ordered. `seed_share` and `other_share`: how
    often it holds (for a number: its mean in standard deviations) in the seed and outside, among those learned from.
    """

    feature: str
    kind: Literal["more", "yes", "is", "other", "missing"]
    value: str | None
    weight: float
    odds: float
    strength: float
    seed_share: float
    other_share: float


def require_enough(crowd: str, seeds: int, others: int) -> None:
    """Raises TrainingProblem for a seed, or a rest, that is too small to learn from."""
    for what, count in ((f"the crowd {crowd} has", seeds), (f"outside the crowd {crowd} there are", others)):
        if count < FEWEST_SEEDS:
            raise TrainingProblem(
                f"{what} {count:,} users, needed {FEWEST_SEEDS}: of fewer nobody could be held out to measure the model on"
            )


def train_lookalike(
    definition: ModelDefinition, features: Sequence[Feature], rows: TrainingSet, seeds: int, others: int
) -> Trained:
    """Learn who is in the seed from samples of the `seeds` people in it and the `others` outside, and measure on the held-out.

    Raises TrainingProblem for too few, and for a model that is no better than chance on the held-out; BadValue.
    """
    require_enough(str(definition.label.crowd), seeds, others)
    trained = train(definition, features, rows)
    try:
        require_better_than_chance(definition.name, 0, trained.metrics)
    except NotBetter as error:
        found = trained.metrics
        raise TrainingProblem(
            f"model {definition.name}: AUC {found['auc']:.3f} ± {found['auc_error']:.3f}, log-loss {found['log_loss']:.4f} "
            f"(chance {found['log_loss_of_chance']:.4f}) on {found['rows']:,} people it has not seen is no better than chance: "
            "these tags do not tell the crowd from others"
        ) from error
    parts = np.array([part_of(user) for user in rows.users])
    held_out = parts < definition.training.held_out
    is_seed = np.array([label == CLASSES_OF_TWO[1] for label in rows.labels])
    scores = np.round(trained.pipeline.probabilities(rows.columns)[:, 1], DECIMALS)
    curve = curve_of(scores[held_out & is_seed], scores[held_out & ~is_seed])
    encoded = trained.pipeline.encoder.encode(rows.columns)
    learned = ~held_out
    signs = signs_of(trained.pipeline, encoded[learned & is_seed], encoded[learned & ~is_seed])
    metrics = {
        **trained.metrics,
        "seeds": seeds,
        "others": others,
        "sampled_seeds": int(is_seed.sum()),
        "sampled_others": int((~is_seed).sum()),
        "held_out_seeds": int((held_out & is_seed).sum()),
        "held_out_others": int((held_out & ~is_seed).sum()),
        "best": [asdict(each) for each in best_parts(curve, others)],
        "curve": curve,
        "signs": [asdict(each) for each in signs[:MOST_REASONS]],
    }
    return replace(trained, metrics=metrics)


Curve = Sequence[tuple[float, int, int]]
"""Of each score that anybody has, the highest first: it, and how many held-out others and seeds score so much or more."""


def curve_of(seeds: Floats, others: Floats) -> list[tuple[float, int, int]]:
    """The curve of the held-out people's scores."""
    found = []
    for score in np.unique(np.concatenate([seeds, others]))[::-1]:
        found.append((float(score), int((others >= score).sum()), int((seeds >= score).sum())))
    return found


def best_parts(curve: Curve, users: int, parts: Sequence[float] = PARTS) -> list[Best]:
    """Each of the parts that the curve can tell; `users`: all others."""
    return [best for wanted in parts if (best := best_of_part(curve, users, wanted)) is not None]


def best_of_part(curve: Curve, users: int, wanted: float) -> Best | None:
    """The best-scored `wanted` part of others; None where too few of them were held out to tell."""
    count = math.floor(wanted * curve[-1][1] + 1e-9) if curve else 0
    if count < FEWEST_OF_BEST:
        return None
    return _best(curve, users, next((row for row in curve if row[1] >= count), curve[-1]), wanted)


def best_from(curve: Curve, users: int, score: float) -> Best | None:
    """Everyone of the others who scores so much or more; None where too few of them were held out to tell."""
    row = next((row for row in reversed(curve) if row[0] >= score), None)
    if row is None or row[1] < FEWEST_OF_BEST:
        return None
    # The threshold is the asked one: the people are the same as from the next score on that somebody has.
    return replace(_best(curve, users, row, row[1] / curve[-1][1]), score=score)


def _best(curve: Curve, users: int, row: tuple[float, int, int], wanted: float) -> Best:
    """It does not depend on how many of either side were sampled: both sides are shares."""
    score, above, hits = row
    _, others, seeds = curve[-1]
    low, high = ratio_interval(hits, seeds, above, others)
    found, part = hits / seeds, above / others
    return Best(wanted, part, score, round(part * users), found, found / part, low, high)


def ratio_interval(hits: int, trials: int, other_hits: int, other_trials: int) -> tuple[float, float]:
    """The 95 % interval of (hits / trials) / (other_hits / other_trials), by its logarithm (Katz et al. 1978, Biometrics 34).

    `other_hits` is positive. Without hits the ratio is 0, and its upper end that of half a hit (Walter 1975, Biometrika 62).
    """
    counted = hits or 0.5
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    error = math.sqrt(1 / counted - 1 / trials + 1 / other_hits - 1 / other_trials)
    ratio = (counted / trials) / (other_hits / other_trials)
    return (ratio * math.exp(-z * error) if hits else 0.0), ratio * math.exp(z * error)


def signs_of(pipeline: Pipeline, seeds: Floats, others: Floats) -> list[Sign]:
    """What the model goes by, the strongest first. `seeds`, `others`: encoded rows that it learned from."""
    assert isinstance(pipeline.estimator, Logistic)
    weights = pipeline.estimator.weights[0]
    spread = np.vstack([seeds, others]).std(axis=0)
    columns = [(feature, place) for feature in pipeline.encoder.features for place in range(len(feature.labels))]
    found = []
    for at, (feature, place) in enumerate(columns):
        kind, value = _said(feature, place)
        weight = float(weights[at])
        found.append(
            Sign(
                feature=feature.feature.tag,
                kind=kind,
                value=value,
                weight=weight,
                odds=math.exp(weight),
                strength=float(abs(weight) * spread[at]),
                seed_share=float(seeds[:, at].mean()),
                other_share=float(others[:, at].mean()),
            )
        )
    return sorted((sign for sign in found if sign.strength > 0), key=lambda sign: -sign.strength)


def in_words(sign: Sign) -> str:
    """A sign as a person reads it."""
    what = {
        "more": f"more {sign.feature}",
        "yes": f"{sign.feature} is true",
        "is": f"{sign.feature} is {sign.value!r}",
        "other": f"{sign.feature} is a rare value",
        "missing": f"no {sign.feature}",
    }[sign.kind]
    return f"{what}: odds x {sign.odds:.2f}, speaks {'for' if sign.weight > 0 else 'against'} the crowd"


def lines_of(metrics: dict[str, Any], most: int = 8) -> list[str]:
    """The report in words: sizes, lift at each part, and the strongest signs."""
    lines = [
        f"held out: {metrics['held_out_seeds']:,} of the crowd, {metrics['held_out_others']:,} others "
        f"(sampled {metrics['sampled_seeds']:,} of {metrics['seeds']:,} and {metrics['sampled_others']:,} of {metrics['others']:,})"
    ]
    for best in metrics["best"]:
        lines.append(
            f"best {best['part']:.1%} of others (score {best['score']:.3f} and more, about {best['users']:,} users): "
            f"lift {best['lift']:.2f} ({best['low']:.2f} to {best['high']:.2f}), has {best['found']:.0%} of the held-out crowd"
        )
    return [*lines, *(in_words(Sign(**sign)) for sign in metrics["signs"][:most])]


def _said(feature: EncodedFeature, place: int) -> tuple[Literal["more", "yes", "is", "other", "missing"], str | None]:
    if place == len(feature.labels) - 1:
        return "missing", None
    if feature.is_number:
        return "more", None
    if feature.feature.value_type == "boolean":
        return "yes", None
    return ("is", feature.categories[place]) if place < len(feature.categories) else ("other", None)
