"""The shop's users as rows: who registers, and who moves."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

COUNTRIES: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("DE", 26, ("Berlin", "Hamburg", "München", "Köln", "Leipzig")),
    ("FR", 16, ("Paris", "Lyon", "Marseille", "Lille")),
    ("ES", 12, ("Madrid", "Barcelona", "Sevilla", "Málaga")),
    ("PL", 10, ("Warszawa", "Kraków", "Łódź", "Gdańsk")),
    ("SE", 8, ("Stockholm", "Göteborg", "Malmö")),
    ("PT", 8, ("Lisboa", "Porto", "Braga")),
    ("CN", 12, ("北京", "上海", "深圳", "杭州")),
    ("BR", 8, ("São Paulo", "Rio de Janeiro", "Recife")),
)
CHANNELS = ("organic", "search_ads", "social_ads", "affiliate", "app_store", "referral")
_NEW_CHANNEL_WEIGHTS = (34, 24, 20, 10, 12)
_NAMES = ("alex", "kim", "lea", "noah", "mia", "jan", "zoë", "ivan", "yu", "sofia", "paul", "inês", "omar", "eva")


@dataclass(frozen=True)
class User:
    """A row of `users`; times are epoch ms."""

    user_id: str
    gender: str | None
    birth_year: int | None
    city: str | None
    country: str
    signup_channel: str
    referred_by: str | None
    email: str | None
    phone: str | None
    registered_ms: int
    updated_ms: int


def register(rng: random.Random, user_id: str, at_ms: int, referred_by: str | None) -> User:
    """A new user. `referred_by` names somebody who registered before, so the graph of referrals has no cycle."""
    country, _, cities = rng.choices(COUNTRIES, [weight for _, weight, _ in COUNTRIES])[0]
    channel = "referral" if referred_by else rng.choices(CHANNELS[:-1], _NEW_CHANNEL_WEIGHTS)[0]
    year = int(rng.triangular(1945, 2008, 1993))
    return User(
        user_id,
        rng.choices(("female", "male", "other", None), (46, 42, 3, 9))[0],
        year if rng.random() < 0.88 else None,
        rng.choice(cities) if rng.random() < 0.96 else None,
        country,
        channel,
        referred_by,
        f"{rng.choice(_NAMES)}.{user_id}@example.com" if rng.random() < 0.93 else None,
        f"+{rng.randint(10, 99)} {rng.randint(100_000_000, 999_999_999)}" if rng.random() < 0.7 else None,
        at_ms,
        at_ms,
    )


def move(rng: random.Random, user: User, at_ms: int) -> User:
    """The same user in another city, now and then of another country. `updated_ms` becomes `at_ms`."""
    country = user.country if rng.random() < 0.8 else rng.choice([code for code, _, _ in COUNTRIES])
    cities = next(cities for code, _, cities in COUNTRIES if code == country)
    return replace(
        user, country=country, city=rng.choice([city for city in cities if city != user.city]), updated_ms=at_ms
    )
