"""One visit to the shop: the walk from the main page down the funnel, decided as a whole when it begins."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from deploy.demo.catalogue import Product
from deploy.demo.personas import Traits

COUPONS: dict[str, int] = {"WELCOME5": 5, "SPRING10": 10, "VIP15": 15, "FLASH30": 30}
"""Coupon -> percent off."""

CAMPAIGNS = ("newsletter", "retargeting", "influencer", "black_week")
LONGEST_WAIT_MS = 10 * 60_000
"""Well below the half hour of silence that ends a session."""

ORDER_SPREAD = 0.55
"""Standard deviation of the logarithm of what one user's orders are to be worth, around the user's budget."""
_CHOICES = 6


class Purchase(NamedTuple):
    """An order as it is placed. `amount_cents` is what is paid, after `discount_cents`."""

    product_id: str
    quantity: int
    amount_cents: int
    discount_cents: int
    coupon: str | None
    address: str


class Move(NamedTuple):
    """One event of a visit, `wait_ms` after the one before it."""

    wait_ms: int
    event_type: str
    item_id: str | None
    properties: dict[str, str]
    purchase: Purchase | None = None


@dataclass(frozen=True)
class Shelves:
    """What a visitor can see: products by id, and each category's ids from the cheapest to the dearest."""

    products: Mapping[str, Product]
    categories: Mapping[str, Sequence[str]]


def money(cents: int) -> str:
    """Cents as text with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


class Walk:
    """Writes down one visit. Call `moves` once."""

    def __init__(self, rng: random.Random, traits: Traits, shelves: Shelves, session_id: str, think_ms: float) -> None:
        self._rng = rng
        self._traits = traits
        self._shelves = shelves
        self._think_ms = think_ms
        self._common = {"session_id": session_id, "device": traits.device}
        self._coupon: str | None = None
        self._moves: list[Move] = []

    def moves(self, buys: bool) -> list[Move]:
        """The events of the visit. `buys`: it ends with a purchase, or with several by a user who orders in bursts."""
        self._arrive()
        looks = 1
        while looks < 8 and self._rng.random() < 0.55:
            looks += 1
        for _ in range(looks - 1):
            self._look(self._seen())
        if buys:
            for _ in range(self._rng.randint(*self._traits.persona.burst)):
                product, quantity = self._chosen()
                self._look(product)
                self._check_out(product, quantity)
            if self._rng.random() < 0.1:
                self._add(
                    "review", product.product_id, rating=str(self._rng.choices((1, 2, 3, 4, 5), (1, 1, 2, 5, 7))[0])
                )
        else:
            product = self._seen()
            self._look(product)
            self._leave(product)
        return self._moves

    def _add(self, event_type: str, item_id: str | None = None, purchase: Purchase | None = None, **more: str) -> None:
        wait_ms = 0
        if self._moves:
            wait_ms = min(LONGEST_WAIT_MS, 300 + int(self._rng.expovariate(1 / self._think_ms)))
        self._moves.append(Move(wait_ms, event_type, item_id, {**self._common, **more}, purchase))

    def _arrive(self) -> None:
        rng, persona = self._rng, self._traits.persona
        if rng.random() < 0.2:
            self._common["campaign"] = rng.choice(CAMPAIGNS)
        self._add("main" if rng.random() < 0.85 else "catalog")
        if rng.random() < persona.coupon_chance * 0.6:
            self._coupon = rng.choice(tuple(COUPONS))
            self._add("coupon_click", coupon=self._coupon)

    def _seen(self) -> Product:
        return self._product(self._category())

    def _chosen(self) -> tuple[Product, int]:
        """What is bought, and how many: of some products that which comes nearest to what this order is to be worth."""
        rng, traits = self._rng, self._traits
        wanted_cents = traits.budget_cents * rng.lognormvariate(0, ORDER_SPREAD)

        def with_quantity(product: Product) -> tuple[Product, int]:
            return product, min(traits.persona.most_quantity, max(1, round(wanted_cents / product.price_cents)))

        def far(choice: tuple[Product, int]) -> float:
            return abs(math.log(choice[0].price_cents * choice[1] / wanted_cents))

        return min((with_quantity(self._seen()) for _ in range(_CHOICES)), key=far)

    def _look(self, product: Product) -> None:
        rng, category = self._rng, product.category
        if rng.random() < 0.18:
            self._add("search", query=rng.choice((category, product.brand, product.title.rsplit(" ", 1)[-1])).lower())
        else:
            self._add("catalog", category=category)
        page = "product1" if rng.random() < 0.4 else "product2"
        self._add(page, product.product_id, price=money(product.price_cents))
        if rng.random() < self._traits.persona.share_chance:
            self._add("share", product.product_id, channel=rng.choice(("link", "chat", "mail", "social")))

    def _category(self) -> str:
        if self._rng.random() < 0.12:
            return self._rng.choice(tuple(self._shelves.categories))
        for interest in self._traits.interests:
            if self._rng.random() < 0.6:
                return interest
        return self._traits.interests[0]

    def _product(self, category: str) -> Product:
        ids = self._shelves.categories[category]
        pull = self._traits.persona.price_pull
        place = self._rng.random()
        if pull < 0:
            place **= 1 - 2 * pull
        elif pull > 0:
            place = 1 - (1 - place) ** (1 + 2 * pull)
        return self._shelves.products[ids[min(len(ids) - 1, int(place * len(ids)))]]

    def _leave(self, product: Product) -> None:
        rng = self._rng
        depth = rng.random()
        if depth < 0.25:
            self._add("cart", product.product_id, price=money(product.price_cents))
        if depth < 0.12:
            self._add("delivery_choice")
        if depth < 0.07:
            self._add("delivery_courier" if rng.random() < 0.6 else "delivery_pickup")
        if depth < 0.04:
            self._add("payment_choice")
        if rng.random() < 0.35:
            self._add("lost")

    def _check_out(self, product: Product, quantity: int) -> None:
        rng, traits = self._rng, self._traits
        coupon = self._coupon
        if coupon is None and rng.random() < traits.persona.coupon_chance * 0.4:
            coupon = rng.choice(tuple(COUPONS))
        full_cents = product.price_cents * quantity
        discount_cents = full_cents * COUPONS[coupon] // 100 if coupon else 0
        address = rng.choice(traits.addresses)
        purchase = Purchase(product.product_id, quantity, full_cents - discount_cents, discount_cents, coupon, address)
        price = money(product.price_cents)
        self._add("cart", product.product_id, price=price)
        self._add("delivery_choice")
        self._add("delivery_courier" if rng.random() < 0.62 else "delivery_pickup")
        self._add("payment_choice")
        self._add("payment_card" if rng.random() < 0.74 else "payment_cash")
        used = {"coupon": coupon} if coupon else {}
        self._add(
            "payment_done", product.product_id, purchase, price=price, amount=money(purchase.amount_cents), **used
        )
