"""The shop's products: which there are is a function of the seed, and their ids do not even depend on that."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

PRODUCTS = 300


@dataclass(frozen=True)
class Product:
    """A product at its price of the moment, in cents."""

    product_id: str
    title: str
    category: str
    brand: str
    price_cents: int
    updated_ms: int


@dataclass(frozen=True)
class Category:
    """What is sold in one category; `median_cents` is the price in the middle."""

    name: str
    median_cents: int
    brands: tuple[str, ...]
    things: tuple[str, ...]


CATEGORIES: tuple[Category, ...] = (
    Category("phones", 45_000, ("Nordisk", "Kumo", "Apex", "Lumen"), ("phone", "case", "charger", "headset", "stand")),
    Category("laptops", 90_000, ("Apex", "Kumo", "Ferro"), ("laptop", "dock", "sleeve", "keyboard", "monitor")),
    Category("cameras", 60_000, ("Lumen", "Obscura", "Kumo"), ("camera", "lens", "tripod", "flash", "bag")),
    Category("fashion", 4_500, ("Maré", "Lind", "Øst", "Casa Nova"), ("jacket", "shirt", "jeans", "scarf", "dress")),
    Category("shoes", 7_500, ("Lind", "Strada", "Øst"), ("sneaker", "boot", "sandal", "loafer", "runner")),
    Category("beauty", 2_200, ("Maré", "Hana", "Botanik"), ("serum", "cream", "shampoo", "perfume", "lipstick")),
    Category("sports", 5_500, ("Strada", "Gipfel", "Tempo"), ("mat", "racket", "dumbbell", "helmet", "bottle")),
    Category("home", 3_800, ("Casa Nova", "Hygg", "Ferro"), ("lamp", "rug", "pillow", "clock", "vase")),
    Category("kitchen", 4_200, ("Ferro", "Hygg", "Brasa"), ("pan", "knife", "kettle", "mixer", "scale")),
    Category("toys", 2_600, ("Bloc", "Piccolo", "Tempo"), ("puzzle", "robot", "blocks", "kite", "doll")),
    Category("books", 1_600, ("Folio", "Papyr", "北斗"), ("novel", "atlas", "cookbook", "comic", "guide")),
    Category("groceries", 900, ("Botanik", "Brasa", "Mercado"), ("coffee", "tea", "honey", "pasta", "oil")),
)

ADJECTIVES = ("Classic", "Light", "Pro", "Mini", "Urban", "Alpine", "Silent", "Bright", "Eco", "Grand")


def product_ids(count: int = PRODUCTS) -> tuple[str, ...]:
    """The ids of the catalogue's products, in order. The clickstream's views are mapped to them."""
    return tuple(f"p{number:04d}" for number in range(1, count + 1))


def category_of(product_id: str) -> str:
    """The category of a product of the catalogue. Raises ValueError for any other id."""
    if not product_id.startswith("p") or not product_id[1:].isdigit():
        raise ValueError(f"not a product of the catalogue: {product_id!r}; expected p0001 and so on")
    return CATEGORIES[(int(product_id[1:]) - 1) % len(CATEGORIES)].name


def build_catalogue(seed: int, updated_ms: int, count: int = PRODUCTS) -> tuple[Product, ...]:
    """`count` products, dealt round over the categories; the same for the same seed. `updated_ms`: epoch ms."""
    rng = random.Random(f"catalogue:{seed}")
    found = []
    for number, product_id in enumerate(product_ids(count)):
        category = CATEGORIES[number % len(CATEGORIES)]
        brand = rng.choice(category.brands)
        title = f"{brand} {rng.choice(ADJECTIVES)} {rng.choice(category.things)}"
        cents = max(99, int(category.median_cents * rng.lognormvariate(0, 0.7)) // 100 * 100 - 1)
        found.append(Product(product_id, title, category.name, brand, cents, updated_ms))
    return tuple(found)


def by_category(products: Sequence[Product]) -> dict[str, tuple[str, ...]]:
    """The product ids of each category from the cheapest to the dearest."""
    found: dict[str, list[Product]] = {}
    for product in products:
        found.setdefault(product.category, []).append(product)
    return {
        name: tuple(product.product_id for product in sorted(members, key=lambda p: (p.price_cents, p.product_id)))
        for name, members in found.items()
    }
