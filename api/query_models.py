"""What the routes of queries take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.cursor import Cursor
from api.documented import Iso
from tagging.reading import TEXT_LENGTH

MOST_ROWS = 1_000
MOST_EXPORTED = 100_000
MAX_PAGE = 200

QueryId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TEXT_LENGTH),
    Field(description="One SELECT over the documented views, in ClickHouse's SQL"),
]


class SqlIn(BaseModel):
    """A query that is not saved."""

    model_config = ConfigDict(extra="forbid")

    sql: Text


class QueryRunIn(SqlIn):
    """A query to run."""

    rows: int = Field(MOST_ROWS, strict=True, ge=1, le=MOST_ROWS, description="How many rows at most")


class QueryColumn(BaseModel):
    """A column of an answer."""

    name: str
    type: str = Field(description="ClickHouse's, such as Nullable(Float64)")


class QueryResult(BaseModel):
    """What a query answers."""

    columns: list[QueryColumn]
    rows: list[list[Any]] = Field(
        description="By column. Decimals, and whole numbers beyond 2^53, are text; NaN and infinity are null"
    )
    truncated: bool = Field(description="There are more rows than were asked for")
    seconds: float
    views: list[str] = Field(description="What was read")


class ViewColumn(BaseModel):
    """A column of a view."""

    name: str
    type: str
    about: str


class ViewOut(BaseModel):
    """A view that queries may read."""

    name: str
    about: str
    columns: list[ViewColumn]


class Views(BaseModel):
    """What queries may read and call, and how much of it."""

    items: list[ViewOut]
    functions: list[str] = Field(description="In lower case; aggregates also with If behind them")
    sees: list[str] = Field(description="The sensitivities of the tags whose values whoever asks sees")
    seconds: int = Field(description="How long a query may take")
    rows: int = Field(description="How many rows an answer has at most")
    exported_rows: int = Field(description="How many rows a CSV file has at most")


class QueryPath(BaseModel):
    """Which saved query."""

    id: QueryId


class QueryIn(BaseModel):
    """A query to save."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    sql: Text
    shared: bool = Field(False, strict=True, description="Everyone may read and run it; else its owner alone")


class SavedQueryOut(BaseModel):
    """A saved query."""

    id: QueryId
    title: str
    sql: str
    shared: bool
    owner: str
    changeable: bool = Field(description="Whoever asks may change and remove it: the owner, approvers and admins may")
    revision: int = Field(description="Also the ETag; changes name it in If-Match")
    updated_at: Iso


class SavedQueryPage(BaseModel):
    """Saved queries that whoever asks may read, by title."""

    items: list[SavedQueryOut]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


class SavedPageQuery(BaseModel):
    """Which saved queries."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")
