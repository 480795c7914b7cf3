"""GET /crowd-overlap: how several crowds lie over each other, pair by pair."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.access.declared import requires
from api.crowd_book import Book, Counted, refusals
from api.crowd_models import Name
from api.documented import documented, noun
from api.ports import Stores
from api.wire import reply
from tagging.access import Role
from tagging.crowd_overlap import FEWEST_CROWDS, MOST_CROWDS, overlaps
from tagging.crowds import EVERYONE, All, InCrowd
from tagging.statistics import LEVEL, significant


def _once(names: list[str]) -> list[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"names {', '.join(repeated)} more than once")
    return names


class OverlapQuery(BaseModel):
    """Which crowds, and within whom."""

    model_config = ConfigDict(extra="forbid")

    crowds: Annotated[list[Name], AfterValidator(_once)] = Field(
        min_length=FEWEST_CROWDS,
        max_length=MOST_CROWDS,
        description="Crowds, each once, in the order of the rows and columns",
        json_schema_extra={"uniqueItems": True},
    )
    base: Name | None = Field(None, description="Only users of this crowd count; without one, all users")


class OverlapCrowd(BaseModel):
    """A row, and a column."""

    name: str
    title: str
    users: int = Field(description="Of the base")


class OverlapCell(BaseModel):
    """Two crowds, or one with itself."""

    row: str
    column: str
    users: int = Field(description="In both")
    union: int = Field(description="In one of them at least: row + column - both")
    jaccard: float | None = Field(description="users / union; null where both are empty")
    share: float | None = Field(description="The part of the row's users that are in the column; null for an empty row")
    lift: float | None = Field(
        description="share over the column's part of the base: 1 where the two are independent; null where one is empty"
    )
    lift_low: float | None = Field(description="The lift's 95 % confidence interval; null for a crowd with itself")
    lift_high: float | None
    adjusted_p_value: float | None = Field(
        description="That the two are independent, corrected for the number of pairs (Benjamini-Hochberg)"
    )
    significant: bool = Field(description=f"adjusted_p_value is at most {LEVEL}")
    small: bool = Field(description="Too few users for a test")


class CrowdOverlap(Counted):
    """Every crowd with every crowd, row by row."""

    base: str | None
    base_users: int
    crowds: list[OverlapCrowd]
    cells: list[OverlapCell]


def crowd_overlap(stores: Stores, names: list[str], base_name: str | None) -> CrowdOverlap:
    """The matrix. Raises ApiError for a crowd that is not there, one whose users are not for whoever asks, and too much."""
    book = Book.open(stores)
    for name in (*names, *([] if base_name is None else [base_name])):
        book.rule_of(name)
    asked = All((*map(InCrowd, names), EVERYONE if base_name is None else InCrowd(base_name)))
    with refusals(""):
        # Together they are bounded as one rule is: one query holds them all.
        together = book.expanded(asked, path="crowds")
    assert isinstance(together, All)
    *rules, base = together.parts
    generation = stores.crowd_users.newest().number
    counts, base_users = stores.crowd_users.overlap(rules, base, book.versions, generation)
    return CrowdOverlap(
        base=base_name,
        base_users=base_users,
        crowds=[
            OverlapCrowd(name=name, title=book.crowds[name].title, users=counts[place][place])
            for place, name in enumerate(names)
        ],
        cells=[
            OverlapCell(
                row=names[found.row],
                column=names[found.column],
                users=found.users,
                union=found.union,
                jaccard=found.jaccard,
                share=found.share,
                lift=found.lift,
                lift_low=found.low,
                lift_high=found.high,
                adjusted_p_value=found.adjusted,
                significant=significant(found.adjusted),
                small=found.small,
            )
            for found in overlaps(counts, base_users)
        ],
        generation=generation,
    )


def blueprint(stores: Stores) -> APIBlueprint:
    """The route of overlaps."""
    routes = noun("crowd-overlap")

    @routes.get("", responses=documented({200: CrowdOverlap}, 404, 503))
    @requires(Role.VIEWER)
    def read_overlap(query: OverlapQuery) -> Response:
        """How many users each two of several crowds share, and whether that is more than chance"""
        return reply(crowd_overlap(stores, query.crowds, query.base))

    return routes
