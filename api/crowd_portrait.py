"""GET /crowds/<name>/portrait: what sets a crowd apart, tag by tag, with how sure one can be of it."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from api.access.actor import sees
from api.access.declared import requires
from api.crowd_book import Book, Counted
from api.crowd_models import CrowdPath, Name
from api.documented import Value, ValueType, documented, noun
from api.ports import Stores
from api.wire import reply
from tagging.access import Role
from tagging.crowds import EVERYONE
from tagging.statistics import LEVEL, Counts, compare, significant

_NUMERIC = ("integer", "decimal")


class PortraitQuery(BaseModel):
    """Against whom."""

    model_config = ConfigDict(extra="forbid")

    base: Name | None = Field(None, description="The crowd to compare with; without one, all users")


class PortraitValue(BaseModel):
    """A tag's value, or its numbers from `low` to `high`, in the crowd and in the base."""

    tag: str
    title: str
    dimension: str
    type: ValueType
    value: Value | None = Field(description="null for a band of numbers")
    low: float | None
    high: float | None
    crowd_users: int
    base_users: int
    crowd_share: float
    base_share: float
    tgi: float | None = Field(description="100 * crowd_share / base_share; null where nobody of the base has it")
    tgi_low: float | None = Field(description="The index's 95 % confidence interval")
    tgi_high: float | None
    p_value: float | None = Field(description="Crowd against the base's users outside it; null where not tested")
    adjusted_p_value: float | None = Field(description="Corrected for the number of tests (Benjamini-Hochberg)")
    significant: bool = Field(description=f"adjusted_p_value is at most {LEVEL}")
    small: bool = Field(description="Too few users for a test")


class Portrait(Counted):
    """A crowd's values against those of a base, by tag and value."""

    crowd: str
    base: str | None
    crowd_users: int
    base_users: int
    items: list[PortraitValue]


def portrait(stores: Stores, name: str, base_name: str | None) -> Portrait:
    """A crowd against a base. Raises ApiError for a crowd that is not there."""
    book = Book.open(stores)
    rule = book.rule_of(name)
    base = EVERYONE if base_name is None else book.rule_of(base_name)
    generation = stores.crowd_users.newest().number
    numeric = [tag.name for tag in book.tags.values() if tag.value_type in _NUMERIC]
    sizes = stores.crowd_users.sizes(rule, base, book.versions, generation)
    rows = stores.crowd_users.portrait(rule, base, book.versions, numeric, generation)
    counts = [
        Counts(
            crowd_users=row["crowd_users"],
            crowd_total=sizes["crowd_users"],
            base_users=row["base_users"],
            base_total=sizes["base_users"],
            rest_users=row["rest_users"],
            rest_total=sizes["rest_users"],
        )
        for row in rows
    ]
    seen = [(row, found) for row, found in zip(rows, compare(counts), strict=True) if sees(book.tags[row["tag"]])]
    items = [
        PortraitValue(
            **_of(book, row),
            crowd_share=found.crowd_share,
            base_share=found.base_share,
            tgi=found.tgi,
            tgi_low=found.low,
            tgi_high=found.high,
            p_value=found.p,
            adjusted_p_value=found.adjusted,
            significant=significant(found.adjusted),
            small=found.small,
        )
        for row, found in seen
    ]
    return Portrait(
        crowd=name,
        base=base_name,
        crowd_users=sizes["crowd_users"],
        base_users=sizes["base_users"],
        items=items,
        generation=generation,
    )


def _of(book: Book, row: Any) -> dict[str, Any]:
    tag = book.tags[row["tag"]]
    single = not row["is_number"] or row["low"] == row["high"]
    return {
        "tag": tag.name,
        "title": tag.title,
        "dimension": tag.dimension,
        "type": tag.value_type,
        "value": orjson.loads(row["value"]) if single else None,
        "low": None if single else row["low"],
        "high": None if single else row["high"],
        "crowd_users": row["crowd_users"],
        "base_users": row["base_users"],
    }


def blueprint(stores: Stores) -> APIBlueprint:
    """The route of portraits."""
    routes = noun("crowds")
    routes.name = "crowd_portrait"

    @routes.get("/<name>/portrait", responses=documented({200: Portrait}, 404, 503))
    @requires(Role.VIEWER)
    def read_portrait(path: CrowdPath, query: PortraitQuery) -> Response:
        """How often each value of each tag occurs in a crowd and in a base, and what that tells"""
        return reply(portrait(stores, path.name, query.base))

    return routes
