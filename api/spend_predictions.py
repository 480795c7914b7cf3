"""POST /predictions/spend: what users are expected to spend, from their purchases as they are known now.

Whoever may not see the values of a live tag that reads the same column of amounts is told no expectation: each of its numbers, the
chance to be a buyer still among them, is of the same purchases.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.access.actor import require_sight
from api.access.declared import requires
from api.documented import Iso, documented
from api.errors import ApiError, invalid
from api.ports import Stores
from api.predictions import MOST_USERS, ModelName, UserId, served
from api.serving import Serving
from api.spend_sight import hidden_tags
from api.times import Clock, iso
from api.wire import reply
from prediction.definition import LONGEST_DAYS
from prediction.lifetime import Buyer, Expected, Lifetime, buyer_of_days
from prediction.orders_part import OrdersPart
from stores.features import DAY_MS
from stores.purchases import Bought, Period, UnreadableOrders
from tagging.access import Role

Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Days = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]


class SpendWhatIf(BaseModel):
    """Inputs that stand in for a buyer's own."""

    model_config = ConfigDict(extra="forbid")

    purchases: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None
    last_days_ago: Days | None = None
    first_days_ago: Days | None = None
    mean_spend: Amount | None = None


class SpendIn(BaseModel):
    """Of whom, and within how many days; `what_if` stands in for one user's inputs."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName
    user_ids: list[UserId] = Field(min_length=1, max_length=MOST_USERS)
    horizon_days: int | None = Field(
        None, strict=True, ge=1, le=LONGEST_DAYS, description="null: that of the model, whose proof it is"
    )
    what_if: SpendWhatIf | None = None

    @model_validator(mode="after")
    def _one_user(self) -> SpendIn:
        if self.what_if and len(self.user_ids) != 1:
            raise ValueError(f"what_if: got {len(self.user_ids)} users, allowed one")
        return self


class MoveOut(BaseModel):
    """What an input does to the value, against the same buyer with the typical buyer's."""

    input: Literal["purchases", "last_days_ago", "first_days_ago", "mean_spend"]
    value: float
    typical: float = Field(description="The median of those the model learned from")
    moved: float = Field(description="In the unit of the amounts; above 0 it raised the value")


class SpendOut(BaseModel):
    """What is expected of a user; `problem` instead where the model says nothing, never a zero. null where it is masked."""

    user_id: str
    value: float | None = Field(description="Expected spend within the horizon: purchases times per_purchase")
    alive: float | None = Field(description="The probability that the user is still a buyer")
    purchases: float | None = Field(description="Days with a purchase that are expected within the horizon")
    per_purchase: float | None
    moves: list[MoveOut]
    masked: bool = Field(
        description="The user is known, and whether they bought is not for the role of whoever asks: see `masked_by`"
    )
    problem: Literal["user_not_found", "never_bought"] | None


class SpendsOut(BaseModel):
    """Expectations in the order of the request."""

    model: str
    version: int
    horizon_days: int
    made: Literal["from_purchases"] = Field(
        description="On request; the log's scores of it are made by the batch alone"
    )
    as_of: Iso = Field(description="The end of the day of the log's newest tick")
    masked_by: list[str] = Field(
        description="Tags of the same amounts whose values are not for the role of whoever asks; with one, all is masked"
    )
    items: list[SpendOut]


def added(routes: APIBlueprint, stores: Stores, serving: Serving[Lifetime], clock: Clock) -> APIBlueprint:
    """The blueprint of predictions with the route of expected spend."""

    @routes.post("/spend", responses=documented({200: SpendsOut}, 400, 404, 409, 413, 415, 503))
    @requires(Role.VIEWER, Role.SERVICE, audited=False)
    def predict_spend(body: SpendIn) -> Response:
        """What up to 100 users are expected to spend, and why. Who never bought gets a problem in place of a value"""
        live = served(serving, body.model)
        model, at_ms = live.pipeline, clock()
        orders = OrdersPart.model_validate(live.lineage.get("orders", {}))
        hidden = hidden_tags(stores.registry, orders)
        if body.what_if:
            # The value that leaves the expectation as it is is the user's own.
            require_sight(hidden)
        tick_ms = stores.predicting.purchases.newest_tick_ms()
        day = (at_ms if tick_ms is None else tick_ms) // DAY_MS + 1
        try:
            asked = [] if hidden else sorted(set(body.user_ids))
            found = stores.predicting.purchases.bought_by(orders, Period(day, at_ms), asked)
        except UnreadableOrders as error:
            raise ApiError(409, "orders_unreadable", str(error)) from error
        buyers = {each.user_id: _buyer(each, day, body.what_if) for each in found}
        horizon = body.horizon_days or model.horizon_days
        said = dict(zip(buyers, model.expected(list(buyers.values()), horizon), strict=True))
        without = stores.profiles.read_many([user_id for user_id in body.user_ids if user_id not in said])
        items = [
            _out(user_id, said[user_id], model, buyers[user_id], horizon)
            if user_id in said
            else _nothing(user_id, bool(without[user_id]), bool(hidden))
            for user_id in body.user_ids
        ]
        answer = SpendsOut(
            model=body.model,
            version=live.version,
            horizon_days=horizon,
            made="from_purchases",
            as_of=iso(day * DAY_MS),
            masked_by=[tag.name for tag in hidden],
            items=items,
        )
        return reply(answer)

    return routes


def _buyer(bought: Bought, day: int, what_if: SpendWhatIf | None) -> Buyer:
    own = buyer_of_days(bought.days, bought.first_day, bought.last_day, bought.spend, day)
    given = {} if what_if is None else what_if.model_dump(exclude_none=True)
    try:
        return Buyer(**{**asdict(own), **given})
    except ValueError as error:
        raise invalid("what_if", str(error)) from error


def _out(user_id: str, said: Expected, model: Lifetime, buyer: Buyer, horizon: int) -> SpendOut:
    moves = [MoveOut(**asdict(move)) for move in model.moves(buyer, horizon)]
    return SpendOut(user_id=user_id, **asdict(said), moves=moves, masked=False, problem=None)


def _nothing(user_id: str, known: bool, masked: bool) -> SpendOut:
    """Of somebody who is known and masked not even whether they bought is told."""
    problem: Literal["user_not_found", "never_bought"] | None = "never_bought" if known else "user_not_found"
    if known and masked:
        problem = None
    nothing = {"value": None, "alive": None, "purchases": None, "per_purchase": None}
    return SpendOut(user_id=user_id, **nothing, moves=[], masked=known and masked, problem=problem)
