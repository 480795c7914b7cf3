"""Expected spend: who still buys and how often (BG/NBD), times what a purchase is worth (Gamma-Gamma), user by user.

A purchase is a day on which a user bought; `x` of BG/NBD counts all but the first. Gamma-Gamma is given all of them with their
mean, which assumes that how much somebody spends at once says nothing of how often (the training tells the correlation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson

from prediction.pipeline import WrongFile
from prediction.purchases import Histories, Purchases
from prediction.spend import Spend

FORMAT = "spend/1"
INPUTS = ("purchases", "last_days_ago", "first_days_ago", "mean_spend")
"""What a prediction is made of, by name."""


@dataclass(frozen=True)
class Buyer:
    """What somebody bought: on how many days, the first and the last so many days ago, and the mean spend of such a day."""

    purchases: int
    last_days_ago: float
    first_days_ago: float
    mean_spend: float

    def __post_init__(self) -> None:
        """Raises ValueError that names the input, what was found and what is allowed."""
        for name in INPUTS:
            got = getattr(self, name)
            if not np.isfinite(got) or got < 0:
                raise ValueError(f"{name}: got {got}, allowed a finite number that is not negative")
        if self.purchases < 1 or self.purchases != int(self.purchases):
            raise ValueError(f"purchases: got {self.purchases}, allowed a whole number from 1 on")
        if self.last_days_ago > self.first_days_ago:
            raise ValueError(
                f"last_days_ago: got {self.last_days_ago}, allowed up to first_days_ago {self.first_days_ago}"
            )
        if self.purchases == 1 and self.last_days_ago != self.first_days_ago:
            raise ValueError(f"last_days_ago: got {self.last_days_ago} of one purchase, allowed {self.first_days_ago}")

    def with_input(self, name: str, value: float) -> Buyer:
        """The same buyer with another input; the days are moved as little as makes it a history again."""
        found: dict[str, Any] = {**asdict(self), name: value}
        if name == "last_days_ago":
            found["first_days_ago"] = max(found["first_days_ago"], value)
        found["last_days_ago"] = min(found["last_days_ago"], found["first_days_ago"])
        if found["purchases"] == 1:
            age = value if name == "last_days_ago" else found["first_days_ago"]
            found["first_days_ago"] = found["last_days_ago"] = age
        return Buyer(**found)


def buyer_of_days(days: int, first_day: int, last_day: int, spend: float, day: int) -> Buyer:
    """Who bought on so many days, as seen at the beginning of `day`; days are numbers since 1970."""
    return Buyer(days, float(day - last_day), float(day - first_day), spend / days)


@dataclass(frozen=True)
class Expected:
    """What is expected of a buyer within a horizon. `value` = `purchases` * `per_purchase`, in the unit of the amounts."""

    alive: float
    purchases: float
    per_purchase: float
    value: float


@dataclass(frozen=True)
class Move:
    """How much the value is above that of the same buyer with the typical buyer's `typical` for this `input`."""

    input: str
    value: float
    typical: float
    moved: float


@dataclass(frozen=True)
class Lifetime:
    """A fitted model. `typical`: the medians of those it learned from, which explanations compare with."""

    model: str
    purchases: Purchases
    spend: Spend
    horizon_days: int
    typical: Buyer

    def expected(self, buyers: Sequence[Buyer], horizon_days: float | None = None) -> list[Expected]:
        """What is expected of each within `horizon_days`, the model's own where none is given."""
        if not buyers:
            return []
        horizon = self.horizon_days if horizon_days is None else horizon_days
        histories = histories_of(buyers)
        alive, often = self.purchases.alive(histories), self.purchases.expected(histories, horizon)
        worth = self.spend.expected(histories.x + 1, np.array([buyer.mean_spend for buyer in buyers], dtype=float))
        columns = (alive, np.maximum(often, 0.0), worth)
        return [Expected(float(a), float(o), float(w), float(o * w)) for a, o, w in zip(*columns, strict=True)]

    def moves(self, buyer: Buyer, horizon_days: float | None = None) -> list[Move]:
        """What each input does to the value, the largest first."""
        typical = asdict(self.typical)
        others = [buyer.with_input(name, typical[name]) for name in INPUTS]
        mine, *without = self.expected([buyer, *others], horizon_days)
        found = [
            Move(name, float(getattr(buyer, name)), float(typical[name]), mine.value - other.value)
            for name, other in zip(INPUTS, without, strict=True)
        ]
        return sorted(found, key=lambda move: -abs(move.moved))

    def to_bytes(self) -> bytes:
        """The file's content: JSON, whose text depends on the model alone."""
        return orjson.dumps({"format": FORMAT, **asdict(self)}, option=orjson.OPT_SORT_KEYS)


def histories_of(buyers: Sequence[Buyer]) -> Histories:
    """Buyers as BG/NBD sees them, in days."""
    x = np.array([buyer.purchases - 1 for buyer in buyers], dtype=float)
    age = np.array([buyer.first_days_ago for buyer in buyers], dtype=float)
    last = np.array([buyer.last_days_ago for buyer in buyers], dtype=float)
    return Histories(x, np.where(x > 0, age - last, 0.0), age)


def from_bytes(content: bytes) -> Lifetime:
    """The model that `to_bytes` wrote. Raises WrongFile."""
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise WrongFile(f"a model's file is JSON: {error}") from error
    found = values.get("format") if isinstance(values, dict) else type(values).__name__
    if found != FORMAT:
        raise WrongFile(f"a file of a model of expected spend: got format {found!r}, allowed {FORMAT!r}")
    try:
        spend = Spend(**values["spend"])
        _require_positive(spend, values["horizon_days"])
        return Lifetime(
            values["model"], Purchases(**values["purchases"]), spend, values["horizon_days"], Buyer(**values["typical"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WrongFile(f"a file of a model of expected spend: {type(error).__name__}: {error}") from error


def _require_positive(spend: Spend, horizon_days: object) -> None:
    parts: Mapping[str, Any] = {**asdict(spend), "horizon_days": horizon_days}
    for name, got in parts.items():
        if isinstance(got, bool) or not isinstance(got, int | float) or not np.isfinite(got) or got <= 0:
            raise ValueError(f"{name} is a positive finite number, got {got!r}")
    if spend.q <= 1:
        raise ValueError(f"q is more than 1, got {spend.q}: the population has no mean spend")
