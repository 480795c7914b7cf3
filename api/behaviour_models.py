"""What the routes of behaviour answer. What they take is in tagging/behaviour.py."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.documented import Value


class OfPeriod(BaseModel):
    """Which days an answer is about."""

    model_config = ConfigDict(populate_by_name=True)

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    zone: str


class Group(BaseModel):
    """Users with one value of the tag (`value`), those without one (`none`), the rest (`other`), or all where none is named."""

    kind: Literal["all", "value", "none", "other"]
    value: Value | None


class TrendGroup(Group):
    """What one group did, in the whole period and by unit."""

    events_total: int
    users_total: int
    events: list[int] = Field(description="One number a unit")
    users: list[int]


class Trends(OfPeriod):
    """How often something was done."""

    units: list[date] = Field(description="The first day of each unit")
    groups: list[TrendGroup]


class FunnelStep(BaseModel):
    """How many users came so far, and how long it took them; times are null where nobody came."""

    users: int
    share_of_first: float | None
    share_of_last: float | None = Field(description="Of those who reached the step before")
    since_first_median_ms: int | None
    since_first_p90_ms: int | None
    since_last_median_ms: int | None
    since_last_p90_ms: int | None


class FunnelGroup(Group):
    """One group's way through the funnel."""

    steps: list[FunnelStep]


class Funnel(OfPeriod):
    """How many users took the steps."""

    groups: list[FunnelGroup]


class Cohort(BaseModel):
    """Who began in one unit, and how many of them came back after 0, 1, 2 ... units; null is not yet known."""

    begins: date
    users: int
    back: list[int | None]


class Retention(OfPeriod):
    """Who came back."""

    cohorts: list[Cohort]
    overall: list[float | None] = Field(description="Of all users whose unit lies far enough back")


class PathNode(BaseModel):
    """An event type; null stands for all that are not shown at this level."""

    event: str | None


class PathLink(BaseModel):
    """From a node of one level (1 is the anchor) to one of the next; `next` is null where the path ended."""

    level: int
    node: PathNode
    next: PathNode | None
    sessions: int
    users: int


class Paths(OfPeriod):
    """What came after, or before."""

    sessions: int = Field(description="Those with the anchor")
    links: list[PathLink]


class SessionFigures(BaseModel):
    """Sessions that began on a day, or in the period."""

    begins: date | None = Field(description="null for the whole period")
    sessions: int
    users: int
    events: int
    bounces: int = Field(description="Sessions of one event")
    mean_ms: float | None
    median_ms: int | None


class Sessions(OfPeriod):
    """How many sessions there were, and how they were."""

    total: SessionFigures
    days: list[SessionFigures]


class EventTypes(BaseModel):
    """The types of events that there are, the most frequent first."""

    items: list[str]
