"""The part `[orders]` of a model of expected spend: which rows are purchases, and when a row counts as known."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Column = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
Status = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class OrdersPart(BaseModel):
    """Rows of the table `source` are purchases of `user` at `time`, worth `amount`, but for those whose `status` is in `without`.

    `known`: "logged" for a past in which nothing counts that was logged later; "ordered" for a table that is followed only
    since a while: an order counts from its own time on, as it is known now, so a cancellation is known before it came.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Column = "orders"
    user: Column = "user_id"
    time: Column = "ordered_at"
    amount: Column = "amount"
    status: Column = "status"
    without: Annotated[tuple[Status, ...], Field(max_length=20)] = ("cancelled", "refunded")
    known: Literal["logged", "ordered"] = "logged"
