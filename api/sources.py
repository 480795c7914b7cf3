"""GET /sources: what a tag may read, with columns and types; what the form builder and an editor offer."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from api.access.declared import requires
from api.documented import documented, noun
from api.wire import reply
from tagging.access import Role
from tagging.form import form_sources, one_row_a_user
from tagging.form_words import columns_of
from tagging.kinds import NUMBERS
from tagging.sources import CATALOG


class SourceColumn(BaseModel):
    """A column as SQL sees it."""

    name: str
    type: str = Field(description="Flink's type")


class SourceOut(BaseModel):
    """A source of the log."""

    name: str
    about: str
    key: str = Field(description="The column that is unique")
    time_column: str | None = Field(description="What moves a row through windows; null: LAST(...) cannot read it")
    columns: list[SourceColumn]
    in_forms: bool = Field(description="Whether every row has a user, so that a form can make a tag of it")
    one_row_a_user: bool
    texts: list[str] = Field(
        description="Columns that a form may name as texts, the key last; `events` has properties.<name> too"
    )
    numbers: list[str] = Field(description="Columns that a form may name as numbers")


class Sources(BaseModel):
    """In order of their names."""

    sources: list[SourceOut]


def _source(name: str) -> SourceOut:
    source, kinds = CATALOG[name], columns_of(name)
    numbers = [column for column in kinds if kinds[column] in NUMBERS]
    # What is another in every row is the least likely to be asked for: the key comes last.
    texts = sorted((column for column in kinds if column not in {*numbers, "user_id"}), key=lambda c: c == source.key)
    return SourceOut(
        name=name,
        about=source.about,
        key=source.key,
        time_column=source.time_column,
        columns=[SourceColumn(name=column, type=kind) for column, kind in source.columns.items()],
        in_forms=name in form_sources(),
        one_row_a_user=one_row_a_user(name),
        texts=texts,
        numbers=numbers,
    )


def blueprint() -> APIBlueprint:
    """The route."""
    routes = noun("sources")

    @routes.get("", responses=documented({200: Sources}))
    @requires(Role.VIEWER)
    def read_sources() -> Response:
        """Every source that a tag may read: events, and the tables that are followed"""
        return reply(Sources(sources=[_source(name) for name in sorted(CATALOG)]))

    return routes
