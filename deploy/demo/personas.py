"""How the shop's users behave. Traits follow from the seed and the user_id alone, so a restart needs no memory."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from deploy.demo.catalogue import CATEGORIES, Category


@dataclass(frozen=True)
class Persona:
    """One kind of user. Everything named a chance is 0..1; `share` is the part of all users.

    `buys` multiplies the shop's conversion, `budget` what an order is worth. `price_pull` leans to cheap (-1) or dear (1)
    products. `burst` is how many orders one purchase makes.
    """

    name: str
    share: float
    activity: float = 1.0
    buys: float = 1.0
    budget: float = 1.0
    price_pull: float = 0.0
    coupon_chance: float = 0.12
    refund_chance: float = 0.06
    cancel_chance: float = 0.04
    share_chance: float = 0.03
    most_quantity: int = 4
    addresses: tuple[int, int] = (1, 2)
    burst: tuple[int, int] = (1, 1)

    @property
    def honest(self) -> bool:
        """Whether a purchase is one order, and not a burst of them."""
        return self.burst == (1, 1)


PERSONAS: tuple[Persona, ...] = (
    Persona("regular", 0.46),
    Persona("bargain_hunter", 0.17, activity=1.4, budget=0.6, price_pull=-0.8, coupon_chance=0.85),
    Persona("big_spender", 0.07, buys=1.8, budget=2.2, price_pull=0.9, coupon_chance=0.02, refund_chance=0.03),
    Persona("window_shopper", 0.16, activity=1.6, buys=0.05),
    Persona("refunder", 0.06, buys=1.5, refund_chance=0.7, cancel_chance=0.12),
    Persona("sharer", 0.06, share_chance=0.6, activity=1.2),
    Persona(
        "fraudster",
        0.02,
        buys=2.0,
        budget=0.5,
        price_pull=0.6,
        refund_chance=0.35,
        cancel_chance=0.2,
        addresses=(8, 25),
        burst=(4, 9),
    ),
)

MEDIAN_BUDGET_CENTS = 9_000
BUDGET_SPREAD = 0.35
"""Standard deviation of the logarithm of the budgets within a persona: the population has a finite mean spend."""
_INTEREST_WIDTH = 0.7
"""How near a category's prices are to the budget of those who like it, as a standard deviation of the logarithm."""
_LEAVES = (1.0, 4.0)
"""Beta distribution over users of the chance to leave for good after an order."""

DEVICES = ("android", "ios", "desktop", "tablet")

_STREETS = (
    "Oak Street",
    "Hauptstraße",
    "Rua das Flores",
    "Calle Mayor",
    "Rue Neuve",
    "Storgatan",
    "中山路",
    "Ulica Lipowa",
)


@dataclass(frozen=True)
class Traits:
    """What one user is like. `weight` is how often they come, relative to others; interests are the favourite first.

    `budget_cents`: what an order of theirs is about, for as long as they buy. `leaves`: the chance that an order is their last.
    """

    user_id: str
    persona: Persona
    weight: float
    interests: tuple[str, ...]
    addresses: tuple[str, ...]
    device: str
    budget_cents: float
    leaves: float


def traits_of(seed: int, user_id: str) -> Traits:
    """The traits of a user: the same for the same seed and id."""
    rng = random.Random(f"traits:{seed}:{user_id}")
    persona = rng.choices(PERSONAS, [persona.share for persona in PERSONAS])[0]
    dormant = 0.02 if rng.random() < 0.35 else 1.0
    budget_cents = MEDIAN_BUDGET_CENTS * persona.budget * rng.lognormvariate(0, BUDGET_SPREAD)
    interests = _interests(rng, budget_cents)
    addresses = [
        f"{rng.randint(1, 240)} {rng.choice(_STREETS)}, {rng.randint(10_000, 99_999)}"
        for _ in range(rng.randint(*persona.addresses))
    ]
    return Traits(
        user_id,
        persona,
        persona.activity * dormant * rng.lognormvariate(0, 0.7),
        interests,
        tuple(addresses),
        rng.choices(DEVICES, (45, 30, 20, 5))[0],
        budget_cents,
        rng.betavariate(*_LEAVES),
    )


def _interests(rng: random.Random, budget_cents: float) -> tuple[str, ...]:
    """One to four categories, those first and most often that a budget is made for."""

    def late(category: Category) -> float:
        far = math.log(category.median_cents / budget_cents) / _INTEREST_WIDTH
        return rng.expovariate(max(1e-9, math.exp(-far * far / 2)))

    found = sorted((late(category), category.name) for category in CATEGORIES)
    return tuple(name for _, name in found[: rng.randint(1, 4)])
