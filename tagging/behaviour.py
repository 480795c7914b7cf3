"""What is asked about behaviour: trends, funnels, retention, paths and sessions over a period of events, and a chart's points.

Events of one user are in order of time; those of the same millisecond in the order of the log (partition, offset).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StringConstraints, model_validator

from tagging.events import MAX_ID_LENGTH

MAX_DAYS = 366
MAX_STEPS = 8
MAX_FILTERS = 5
"""Of one step."""
MAX_FILTER_VALUES = 100
MAX_FILTER_TEXT = 1024
"""Characters of one value."""
MAX_GROUPS = 20
MAX_NODES = 20
"""Of one level of a path."""
MAX_UNITS = 60
MAX_WINDOW_SECONDS = 90 * 86_400
MAX_GAP_SECONDS = 86_400
MAX_TIMES = 10_000
EARLIEST = date(2000, 1, 1)
LATEST = date(2100, 1, 1)

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
EventType = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH, pattern=_NO_CONTROLS)]
TagName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
Unit = Literal["day", "week"]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("is no time zone; write a name such as Asia/Shanghai, or UTC") from error
    return name


Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$"), AfterValidator(_known_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PropertyFilter(_Part):
    """Events of which a property has one of these values."""

    property: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH)]
    values: tuple[Annotated[str, StringConstraints(max_length=MAX_FILTER_TEXT)], ...] = Field(
        alias="in", min_length=1, max_length=MAX_FILTER_VALUES
    )


class Selector(_Part):
    """Which events: of a type (null: any), and with these properties."""

    event: EventType | None = None
    where: tuple[PropertyFilter, ...] = Field((), max_length=MAX_FILTERS)


class Period(_Part):
    """Calendar days in a time zone: from one to another, both included, or the last ones up to today."""

    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")
    last_days: int | None = Field(
        None, strict=True, ge=1, le=MAX_DAYS, description="Instead of from and to: today and those before"
    )
    zone: Zone = "UTC"

    @model_validator(mode="after")
    def _one_way(self) -> Period:
        if self.last_days is not None:
            if self.first is not None or self.last is not None:
                raise ValueError("says last_days and from or to; say one of them")
            return self
        if self.first is None or self.last is None:
            raise ValueError("says no days; say from and to, or last_days")
        days = (self.last - self.first).days + 1
        if not 1 <= days <= MAX_DAYS:
            raise ValueError(f"has {days} days; allowed: 1 to {MAX_DAYS}")
        return self


class _Question(_Part):
    period: Period


class _Grouped(_Question):
    breakdown: TagName | None = Field(None, description="A tag; users are grouped by the value they have now")
    groups: int = Field(
        5, strict=True, ge=1, le=MAX_GROUPS, description="Values shown, the largest first; the rest is `other`"
    )


class TrendsQuery(_Grouped):
    """How often something was done, and by how many users, a day or a week. Weeks begin on the period's first day."""

    event: Selector = Selector()
    unit: Unit = "day"


class FunnelQuery(_Grouped):
    """How many users took steps in order.

    Every event of the first step within the period begins an attempt. It takes the earliest event of each next step that comes
    after the step before and within the window since the first step, both ends included, even after the period. An event is
    one step at most. Of a user's attempts the first of those that come furthest counts.
    """

    steps: tuple[Selector, ...] = Field(min_length=2, max_length=MAX_STEPS)
    window_seconds: int = Field(7 * 86_400, strict=True, ge=1, le=MAX_WINDOW_SECONDS)


class RetentionQuery(_Question):
    """Who did one thing, and another thing units later.

    A user belongs to the unit of their first `first` event of the period. `again` counts when it comes after that event; unit 0
    is the same day or week. `unbounded`: in that unit or any later one of the period.
    """

    first: Selector = Selector()
    again: Selector = Selector()
    unit: Unit = "day"
    units: int = Field(14, strict=True, ge=1, le=MAX_UNITS)
    unbounded: StrictBool = False


class PathsQuery(_Question):
    """What came after (or before) an event in the same session, step by step.

    A session ends where nothing follows for longer than the gap, and at the period's ends. Its path begins at the first anchor
    event (before: the last one).
    """

    anchor: EventType
    direction: Literal["after", "before"] = "after"
    steps: int = Field(4, strict=True, ge=1, le=MAX_STEPS)
    session_gap_seconds: int = Field(1800, strict=True, ge=1, le=MAX_GAP_SECONDS)
    nodes: int = Field(
        6, strict=True, ge=1, le=MAX_NODES, description="Of a level, the most frequent first; the rest is `other`"
    )
    joined: bool = Field(True, strict=True, description="Events of one type that follow each other are one step")


class SessionsQuery(_Question):
    """How many sessions began on each day, how long they were and how much was done in them."""

    session_gap_seconds: int = Field(1800, strict=True, ge=1, le=MAX_GAP_SECONDS)


class TrendPoint(_Part):
    """Users of a unit (null: of the whole period) who did it at least so often."""

    chart: Literal["trends"] = "trends"
    query: TrendsQuery
    unit: int | None = Field(None, strict=True, ge=0, lt=MAX_DAYS)
    at_least: int = Field(1, strict=True, ge=1, le=MAX_TIMES)


class FunnelPoint(_Part):
    """Users who reached a step; `lost`: and not the next."""

    chart: Literal["funnel"] = "funnel"
    query: FunnelQuery
    step: int = Field(strict=True, ge=1, le=MAX_STEPS)
    lost: StrictBool = False

    @model_validator(mode="after")
    def _has_step(self) -> FunnelPoint:
        if self.step > len(self.query.steps) - self.lost:
            raise ValueError(
                f"step {self.step} is not in a funnel of {len(self.query.steps)}, or nothing comes after it"
            )
        return self


class RetentionPoint(_Part):
    """Users of a cohort (null: of all that are old enough) who came back in a unit; `kept` false: who did not.

    Without a unit: all users of the cohort.
    """

    chart: Literal["retention"] = "retention"
    query: RetentionQuery
    cohort: int | None = Field(None, strict=True, ge=0, lt=MAX_DAYS)
    unit: int | None = Field(None, strict=True, ge=0, le=MAX_UNITS)
    kept: StrictBool = True

    @model_validator(mode="after")
    def _has_unit(self) -> RetentionPoint:
        if (self.unit or 0) > self.query.units:
            raise ValueError(f"unit {self.unit} is beyond the {self.query.units} units of the query")
        return self


class Node(_Part):
    """One event type of a path's level, or any but these."""

    events: tuple[EventType, ...] = Field(max_length=MAX_NODES)
    other: StrictBool = False


class PathPoint(_Part):
    """Users with a path that has this node at a level, and then the next node, or then its end. Level 1 is the anchor."""

    chart: Literal["paths"] = "paths"
    query: PathsQuery
    level: int = Field(strict=True, ge=1, le=MAX_STEPS + 1)
    node: Node
    next: Node | None = None
    ended: StrictBool = False

    @model_validator(mode="after")
    def _one_next(self) -> PathPoint:
        if self.ended and self.next is not None:
            raise ValueError("ends and goes on; say one of `ended` and `next`")
        if self.level > self.query.steps + 1 - (self.ended or self.next is not None):
            raise ValueError(
                f"level {self.level} is not in paths of {self.query.steps} steps, or nothing comes after it"
            )
        return self


class SessionPoint(_Part):
    """Users who began a session on a day (null: in the period)."""

    chart: Literal["sessions"] = "sessions"
    query: SessionsQuery
    day: int | None = Field(None, strict=True, ge=0, lt=MAX_DAYS)


Query = TrendsQuery | FunnelQuery | RetentionQuery | PathsQuery | SessionsQuery
Point = Annotated[TrendPoint | FunnelPoint | RetentionPoint | PathPoint | SessionPoint, Field(discriminator="chart")]


def as_json(point: Any) -> dict[str, Any]:
    """A point as it is read: what stands at its default is left out, but for the chart's name."""
    return {"chart": point.chart, **point.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
