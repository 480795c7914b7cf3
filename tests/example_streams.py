"""Streams of labelled examples, made up by chance from a world that is known: what the learner is tested on.

The baseline of these streams knows the world as it was at the beginning, and never learns.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from prediction.examples import Example

BEGAN_MS = 1_790_000_000_000
CITIES = ("rome", "oslo", "lima", "cairo")
Features = dict[str, Any]


@dataclass(frozen=True)
class World:
    """What makes people buy. Log-odds; the number counts by its logarithm."""

    bias: float = -1.5
    cities: dict[str, float] = field(default_factory=lambda: {"rome": 1.5, "oslo": -1.0, "lima": 0.0, "cairo": -0.5})
    visits: float = 0.8
    vip: float = 1.2
    unknown_spend: float = -0.8
    mean_visits: float = 3.0

    def person(self, chance: random.Random) -> Features:
        """Somebody's features."""
        return {
            "city": chance.choice(CITIES),
            "visits": int(chance.expovariate(1 / self.mean_visits)),
            "vip": chance.random() < 0.2,
            "spend": None if chance.random() < 0.3 else round(chance.lognormvariate(2, 1), 2),
        }

    def probability(self, person: Features) -> float:
        """The truth about somebody."""
        odds = self.bias + self.cities[person["city"]] + self.visits * math.log1p(person["visits"])
        odds += self.vip * person["vip"] + (self.unknown_spend if person["spend"] is None else 0.0)
        return 1 / (1 + math.exp(-odds))


WORLD = World()
SHIFTED = World(cities={"rome": 0.2, "oslo": 0.8, "lima": 0.0, "cairo": -0.5}, vip=0.6)
"""Another taste: some of what was learned before is no longer right."""

Label = Callable[[random.Random, float], int]


def honest(chance: random.Random, probability: float) -> int:
    """What happened."""
    return int(chance.random() < probability)


def flipped(chance: random.Random, probability: float) -> int:
    """A sender that mistakes buyers for others."""
    return 1 - honest(chance, probability)


def thrown(chance: random.Random, probability: float) -> int:
    """Labels that have nothing to do with anybody."""
    return int(chance.random() < 0.5)


def stream(
    count: int, seed: int, world: Callable[[int], World] = lambda _: WORLD, label: Callable[[int], Label] = lambda _: honest,
    model: str = "buys",
) -> Iterator[Example]:  # fmt: skip
    """Examples one by one; `world` and `label` may depend on how many came before."""
    chance = random.Random(seed)
    for number in range(count):
        person = world(number).person(chance)
        found = label(number)(chance, world(number).probability(person))
        predicted_at = BEGAN_MS + number * 1_000
        yield Example(
            f"{model}-{seed}-{number}", model, 1, f"u{number % 97}", person,
            0.5, WORLD.probability(person), predicted_at, found, predicted_at + 60_000,
        )  # fmt: skip


def message(example: Example, **changes: Any) -> bytes:
    """An example as it lies in the topic."""
    values = {
        "prediction_id": example.prediction_id,
        "model": example.model,
        "version": example.version,
        "user_id": example.user_id,
        "features": orjson.dumps(example.features).decode(),
        "score": example.score,
        "frozen_score": example.frozen_score,
        "predicted_at": example.predicted_at_ms,
        "label": example.label,
        "decided_at": example.decided_at_ms,
    }
    return orjson.dumps({**values, **changes})
