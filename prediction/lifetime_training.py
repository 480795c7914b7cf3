"""Training of expected spend: fitted on what people bought before a day, measured on what others bought after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from prediction import estimators, purchases, spend
from prediction.definition import ModelDefinition
from prediction.lifetime import Buyer, Lifetime, histories_of
from prediction.metrics import Floats
from prediction.training import TrainingProblem, part_of

FEWEST_REPEAT_BUYERS = 100
FEWEST_HELD_OUT = 100
FEWEST_WHO_BOUGHT = 30
BINS = 10
RESAMPLES = 1_000
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Observed:
    """A buyer before the day of the split, and what then happened until the end of the horizon.

    `last_period`: the spend of a horizon before the split, which is the naive forecast.
    """

    user_id: str
    buyer: Buyer
    last_period: float
    then_purchases: int
    then_spend: float


@dataclass(frozen=True)
class TrainedLifetime:
    """A model, how well it does on the held-out people's later purchases, and what it was made of."""

    lifetime: Lifetime
    metrics: Mapping[str, Any]
    lineage: Mapping[str, Any]


def train_lifetime(definition: ModelDefinition, people: Sequence[Observed]) -> TrainedLifetime:
    """Fit on one part of the people before the split, measure on the others after it.

    Raises TrainingProblem where too few bought again, or where the data do not tell the parameters.
    """
    held = [each for each in people if part_of(each.user_id) < definition.training.held_out]
    learned = [each.buyer for each in people if part_of(each.user_id) >= definition.training.held_out]
    _require_enough(learned, held)
    histories = histories_of(learned)
    worth = np.array([buyer.mean_spend for buyer in learned])
    paid = worth > 0
    if paid.sum() < FEWEST_REPEAT_BUYERS:
        raise TrainingProblem(f"buyers with a spend above 0: got {paid.sum()}, needed {FEWEST_REPEAT_BUYERS}")
    try:
        often, value = purchases.fit(histories), spend.fit(histories.x[paid] + 1, worth[paid])
        value.expected(np.zeros(1), np.zeros(1))
    except ValueError as error:
        raise TrainingProblem(f"model {definition.name}: {error}; wait for more history") from error
    lifetime = Lifetime(definition.name, often, value, definition.label.horizon_days, _typical(learned))
    repeated = histories.x > 0
    lineage = {
        "features": [],
        "rows": {"learned": len(learned), "repeat_buyers": int(repeated.sum()), "held_out": len(held)},
        "people": len(people),
        "seed": estimators.SEED,
        "parameters": {**asdict(often), **asdict(value)},
        "correlation": _correlation(histories.x[repeated], worth[repeated]),
    }
    mean_then = float(
        np.mean([each.then_spend for each in people if part_of(each.user_id) >= definition.training.held_out])
    )
    return TrainedLifetime(lifetime, measured(lifetime, held, mean_then), lineage)


def measured(lifetime: Lifetime, held: Sequence[Observed], mean_then: float) -> dict[str, Any]:
    """Errors and calibration on people with their later purchases. `mean_then`: what the learned spent on average then.

    The root mean squared error judges a mean (the absolute error is least for a median, which of spend is often 0).
    `gain`: how much less the squared error is than the naive forecast's, as a share, with a 95 % bootstrap interval over people.
    """
    said = lifetime.expected([each.buyer for each in held])
    value, often = np.array([each.value for each in said]), np.array([each.purchases for each in said])
    spent = np.array([each.then_spend for each in held])
    bought = np.array([each.then_purchases for each in held], dtype=float)
    naive = np.array([each.last_period for each in held])
    mine, theirs = (value - spent) ** 2, (naive - spent) ** 2
    low, high = _gain_interval(mine, theirs)
    return {
        "rows": len(held),
        "rmse": float(np.sqrt(mine.mean())),
        "rmse_of_last_period": float(np.sqrt(theirs.mean())),
        "rmse_of_mean": float(np.sqrt(((mean_then - spent) ** 2).mean())),
        "mae": float(np.abs(value - spent).mean()),
        "mae_of_last_period": float(np.abs(naive - spent).mean()),
        "gain": _gain(mine.mean(), theirs.mean()),
        "gain_low": low,
        "gain_high": high,
        "spend": {"said": float(value.sum()), "happened": float(spent.sum()), "last_period": float(naive.sum())},
        "purchases": {"said": float(often.sum()), "happened": float(bought.sum())},
        "bins": _bins(value, often, spent, bought),
    }


def _bins(value: Floats, often: Floats, spent: Floats, bought: Floats) -> list[dict[str, Any]]:
    """Tenths of the people by the value that was said: means said and happened, the latter with their 95 % interval."""
    found = []
    for places in np.array_split(np.argsort(value, kind="stable"), BINS):
        count = len(places)
        row: dict[str, Any] = {"count": count}
        for name, said, happened in (
            ("spend", value[places], spent[places]),
            ("purchases", often[places], bought[places]),
        ):
            mean = float(happened.mean())
            wide = NORMAL_95 * float(happened.std(ddof=1)) / count**0.5 if count > 1 else 0.0
            row[name] = {
                "said": float(said.mean()),
                "happened": mean,
                "low": max(0.0, mean - wide),
                "high": mean + wide,
            }
        found.append(row)
    return found


def _gain(mine: float, theirs: float) -> float:
    return float(1 - mine / theirs) if theirs > 0 else 0.0


def _gain_interval(mine: Floats, theirs: Floats) -> tuple[float, float]:
    draw = np.random.default_rng(estimators.SEED)
    gains = []
    for _ in range(RESAMPLES):
        places = draw.integers(0, len(mine), len(mine))
        gains.append(_gain(float(mine[places].mean()), float(theirs[places].mean())))
    low, high = np.quantile(gains, (0.025, 0.975))
    return float(low), float(high)


def _typical(buyers: Sequence[Buyer]) -> Buyer:
    """The medians, made a history: who bought once bought last when first."""
    columns = (
        [getattr(buyer, name) for buyer in buyers]
        for name in ("purchases", "last_days_ago", "first_days_ago", "mean_spend")
    )
    count, last, first, worth = (float(np.median(column)) for column in columns)
    bought = max(1, int(count))
    return Buyer(bought, first if bought == 1 else min(last, first), first, worth)


def _correlation(x: Floats, worth: Floats) -> float | None:
    if len(x) < 2 or not x.std() or not worth.std():
        return None
    return float(np.corrcoef(x, worth)[0, 1])


def _require_enough(learned: Sequence[Buyer], held: Sequence[Observed]) -> None:
    counts = (
        ("repeat buyers learned from", sum(buyer.purchases > 1 for buyer in learned), FEWEST_REPEAT_BUYERS),
        ("buyers held out", len(held), FEWEST_HELD_OUT),
        ("held-out buyers who bought in the horizon", sum(each.then_purchases > 0 for each in held), FEWEST_WHO_BOUGHT),
    )
    few = [f"{name}: got {got}, needed {needed}" for name, got, needed in counts if got < needed]
    if few:
        raise TrainingProblem(f"{'; '.join(few)}; shorten horizon_days, or wait for more history")
