"""What the routes of lookalikes take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.crowd_models import Name, RuleJson, Title
from prediction.definition import MOST_FEATURES


class LookalikeIn(BaseModel):
    """A lookalike model to train, or to train again."""

    model_config = ConfigDict(extra="forbid")

    model: Name = Field(description="Also the name of the tag that its scores are read by")
    title: Title
    features: Annotated[list[Name], Field(min_length=1, max_length=MOST_FEATURES)] | None = Field(
        None,
        description="Tags to go by; without them, all live ones that the reader sees and that the rule does not ask for",
    )


class BestPart(BaseModel):
    """The best-scored part of the people outside the crowd, measured on those held out."""

    part: float = Field(description="Of the held-out others, those who score so much or more")
    score: float
    users: int = Field(description="About so many of all others")
    found: float = Field(description="The part of the held-out crowd that scores so too")
    lift: float = Field(description="found / part: how many times as often as by chance")
    low: float = Field(description="The lift's 95 % confidence interval")
    high: float
    rule: RuleJson | None = Field(description="These users as a crowd; null until the tag of the scores is live")


class SignOut(BaseModel):
    """What the model goes by. `odds` is what it multiplies the odds by: above 1 it speaks for the crowd."""

    feature: str
    title: str
    kind: Literal["more", "yes", "is", "other", "missing"]
    value: str | None
    weight: float
    odds: float
    strength: float = Field(description="|weight| times the spread: by which signs are ordered")
    seed_share: float = Field(description="How often in the crowd; of a number, its mean in standard deviations")
    other_share: float


class Found(BaseModel):
    """What a training found, on people that it did not learn from."""

    version: int
    live: bool
    auc: float
    auc_error: float
    seeds: int
    others: int
    sampled_seeds: int
    sampled_others: int
    held_out_seeds: int
    held_out_others: int
    best: list[BestPart]
    wanted: BestPart | None = Field(
        description="Of the size, or from the score, that was asked for; null where none was, or too few were held out to tell"
    )
    signs: list[SignOut]


class LookalikeQuery(BaseModel):
    """How many of the others, or from which score on; the score counts where both are named."""

    model_config = ConfigDict(extra="forbid")

    users: int | None = Field(None, ge=1, le=2**32)
    at_least: float | None = Field(None, ge=0, le=1)


class LookalikeOut(BaseModel):
    """A lookalike model of the crowd, and where its training stands."""

    model: str
    title: str
    owner: str
    state: Literal["asked", "trained", "refused", "defined"] = Field(
        description="Of the training that was asked for last"
    )
    cause: str = Field(description="Why it was refused; empty otherwise")
    features: list[str]
    found: Found | None = Field(description="Of the live version, else the newest; null before there is one")
    tag_text: str = Field(description="The tag of its scores, ready for POST /tags")
    tag_live: bool


class LookalikeList(BaseModel):
    """A crowd's lookalike models, by name."""

    items: list[LookalikeOut]
