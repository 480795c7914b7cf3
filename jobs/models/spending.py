"""Models of expected spend: learned from purchases in ClickHouse as they were known before a day, scored from those known now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import orjson

from jobs.models.scoring import ScoreLog
from jobs.models.training import libraries
from prediction.definition import ModelDefinition
from prediction.lifetime import Buyer, Lifetime, buyer_of_days
from prediction.lifetime_training import Observed, train_lifetime
from prediction.orders_part import OrdersPart
from prediction.training import TrainingProblem
from stores.features import DAY_MS
from stores.models.registry import Models, ModelVersion
from stores.purchases import Bought, Period
from tagging.sampling import sample_of
from tagging.scores import Score, score_message

LIBRARIES = ("numpy", "scipy")
PARTS = 16
"""Buyers are scored in so many parts, by their hash, so that memory is bounded."""


class Reader(Protocol):
    """Where purchases come from; `stores.purchases.PurchaseStore` is the real one."""

    def bought(self, orders: OrdersPart, period: Period, below: str, from_hash: str = "") -> Sequence[Bought]: ...


def buyer_of(bought: Bought, day: int) -> Buyer:
    """A user's purchases as seen at the beginning of a day."""
    return buyer_of_days(bought.days, bought.first_day, bought.last_day, bought.spend, day)


@dataclass(frozen=True)
class SpendTrainer:
    """Trains models of expected spend. `users`: how many there are."""

    models: Models
    purchases: Reader
    users: int

    def train(
        self, definition: ModelDefinition, text: str, tick_ms: int, who: str, now_ms: int
    ) -> Iterator[str | ModelVersion]:
        """A line of progress, then the version that was made. The hold-out period is the horizon before the newest tick's day.

        Raises TrainingProblem, UnreadableOrders, TooManyBuyers, and what the stores raise.
        """
        orders = _orders(definition)
        horizon, end = definition.label.horizon_days, tick_ms // DAY_MS
        split = end - horizon
        sample = sample_of(self.users, definition.training.most_users)
        below = "" if sample.is_everyone else sample.below
        end_known = end * DAY_MS if orders.known == "logged" else tick_ms
        split_known = split * DAY_MS if orders.known == "logged" else tick_ms
        before = self.purchases.bought(orders, Period(split, split_known, recent_day=split - horizon), below)
        if not before:
            raise TrainingProblem(
                f"model {definition.name}: no row of {orders.source} was known by the day {horizon} days ago; a row counts from "
                f"when it was {orders.known}: shorten horizon_days, or wait for more history"
            )
        after = {each.user_id: each for each in self.purchases.bought(orders, Period(end, end_known, split), below)}
        people = [_observed(each, after.get(each.user_id), split) for each in before]
        repeated = sum(each.days > 1 for each in before)
        yield f"{len(people):,} buyers of {orders.source} before the split, {repeated:,} of them more than once"
        trained = train_lifetime(definition, people)
        lineage = {
            **trained.lineage,
            "moments_ms": [split * DAY_MS],
            "orders": orders.model_dump(),
            "sample": sample.share,
            "tick_ms": tick_ms,
            **libraries(LIBRARIES),
        }
        self.models.define(definition.name, text, who, now_ms)
        yield self.models.add(definition.name, trained.lifetime.to_bytes(), trained.metrics, lineage, who, now_ms)


@dataclass(frozen=True)
class SpendScorer:
    """Writes one model's scores into the source `scores`: `class` is the expected spend, `score` the chance to be a buyer still."""

    purchases: Reader
    log: ScoreLog
    topic: str
    cdc_format: str

    def score(self, lifetime: Lifetime, orders: OrdersPart, version: int, tick_ms: int, now_ms: int) -> Iterator[int]:
        """Score everyone who ever bought, until the end of the tick's day; yields how many were scored so far."""
        day, done = tick_ms // DAY_MS + 1, 0
        for from_hash, below in parts():
            found = self.purchases.bought(orders, Period(day, now_ms), below, from_hash)
            said = lifetime.expected([buyer_of(each, day) for each in found])
            for each, expected in zip(found, said, strict=True):
                value = f"{expected.value:.2f}"
                score = Score(each.user_id, lifetime.model, version, value, expected.alive, now_ms)
                self.log.send(self.topic, orjson.dumps(score_message(score, self.cdc_format)), each.user_id)
            self.log.flush()
            done += len(found)
            yield done


def parts() -> list[tuple[str, str]]:
    """The ranges of hashes, from the first up to the second, in which everyone is once."""
    edges = ["", *(f"{number:x}000" for number in range(1, PARTS)), ""]
    return list(pairwise(edges))


def _observed(before: Bought, after: Bought | None, split: int) -> Observed:
    return Observed(
        before.user_id,
        buyer_of(before, split),
        before.recent_spend,
        after.days if after else 0,
        after.spend if after else 0.0,
    )


def _orders(definition: ModelDefinition) -> OrdersPart:
    if definition.orders is None:
        raise TrainingProblem(f"model {definition.name}: got the kind {definition.kind}, allowed spend")
    return definition.orders
