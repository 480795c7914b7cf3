"""What a tag may read: sources, their columns with Flink types, their time and their key. The one catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")

STRING = "STRING"
TIME = "TIMESTAMP_LTZ(3)"
MONEY = "DECIMAL(12, 2)"

USER_COLUMNS = frozenset({"user_id", "referred_by"})
"""Columns of sources that name a user; a table of one's own names its user `user_id`."""


@dataclass(frozen=True)
class Source:
    """A source: `columns` name -> Flink type in order; `key` is unique; `time_column` moves a row through windows.

    A source without a time column has no windows. `lookups`: columns, besides the key, by which one user's rows are found.
    `own`: the column of a user who has at most one row of a kind, so that of a person the canonical id's own alone counts.
    """

    name: str
    columns: Mapping[str, str]
    key: str
    time_column: str | None
    about: str = ""
    lookups: tuple[str, ...] = ()
    own: str | None = None

    @property
    def user_columns(self) -> tuple[str, ...]:
        """The columns that name a user, in order: what a tag reads in them is the person's canonical id."""
        return tuple(name for name, kind in self.columns.items() if name in USER_COLUMNS and kind == STRING)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        if self.own is None and self.key in self.user_columns:
            object.__setattr__(self, "own", self.key)
        for name in (self.name, *self.columns):
            if not IDENTIFIER.fullmatch(name) or "__" in name:
                raise ValueError(f"source {self.name}: {name!r} is not a name: a-z, 0-9 and single _, from a letter on")
        for column in (self.key, self.time_column, *self.lookups):
            if column is not None and column not in self.columns:
                raise ValueError(f"source {self.name}: no column {column!r}; it has {', '.join(self.columns)}")


SHARD_COLUMN = "__shard"
LOGGED_AT_COLUMN = "__logged_at"
"""Columns that every source has for the windows' sake. No tag can name them: two underscores are refused."""

Catalog = Mapping[str, Source]

EVENTS = Source(
    "events",
    {
        "event_id": STRING,
        "user_id": STRING,
        "event_type": STRING,
        "item_id": STRING,
        "properties": "MAP<STRING, STRING>",
        "occurred_at": TIME,
    },
    key="event_id",
    time_column="occurred_at",
    about="what users do, each event once",
    lookups=("user_id",),
)

USERS = Source(
    "users",
    {
        "user_id": STRING,
        "gender": STRING,
        "birth_year": "INT",
        "city": STRING,
        "country": STRING,
        "signup_channel": STRING,
        "referred_by": STRING,
        "email": STRING,
        "phone": STRING,
        "registered_at": TIME,
        "updated_at": TIME,
    },
    key="user_id",
    time_column="registered_at",
    about="the shop's users as they are now",
    lookups=("referred_by",),
)

PRODUCTS = Source(
    "products",
    {
        "product_id": STRING,
        "title": STRING,
        "category": STRING,
        "brand": STRING,
        "price": MONEY,
        "updated_at": TIME,
    },
    key="product_id",
    time_column="updated_at",
    about="the shop's products as they are now",
)

ORDERS = Source(
    "orders",
    {
        "order_id": STRING,
        "user_id": STRING,
        "product_id": STRING,
        "quantity": "INT",
        "amount": MONEY,
        "discount": MONEY,
        "coupon": STRING,
        "status": STRING,
        "shipping_address": STRING,
        "ordered_at": TIME,
        "updated_at": TIME,
    },
    key="order_id",
    time_column="ordered_at",
    about="the shop's orders as they are now",
    lookups=("user_id",),
)

SCORES = Source(
    "scores",
    {
        "score_id": STRING,
        "user_id": STRING,
        "model": STRING,
        "version": "INT",
        "class": STRING,
        "score": "DECIMAL(7, 6)",
        "scored_at": TIME,
    },
    key="score_id",
    time_column="scored_at",
    about="what models say of users now: the likeliest class, and its probability",
    lookups=("user_id",),
    own="user_id",
)

_sources = {source.name: source for source in (EVENTS, USERS, PRODUCTS, ORDERS, SCORES)}

CATALOG: Catalog = MappingProxyType(_sources)
"""Every source by name: those that are always there, and those that `declare` added when the process read its settings."""

RESERVED = frozenset({"clock", "identities", "predictions", "examples", "registry", "tags", "signals"})
"""Names of Tagstream's own topics and relations: no source can have them."""


def declare(source: Source) -> None:
    """Add a deployment's own source table to the catalogue; declaring the same again changes nothing.

    Only while a process starts, before it compiles anything. Raises ValueError for a name that means something else already.
    """
    known = _sources.get(source.name)
    if source.name in RESERVED or (known is not None and known != source):
        raise ValueError(f"source {source.name}: the name is taken; choose another")
    _sources[source.name] = source


def tables() -> tuple[Source, ...]:
    """The sources that are tables of the shop's database, followed through its binlog."""
    return tuple(source for source in CATALOG.values() if source not in (EVENTS, SCORES))
