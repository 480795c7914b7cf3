"""What the routes of parity take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.cursor import Cursor
from api.documented import Iso, Value

MAX_PAGE = 100

TagName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
VerdictName = Literal["green", "red", "empty"]
CauseName = Literal["late_event", "duplicate", "cdc_order", "tie", "version_skew", "store_write", "unknown"]


class RunPath(BaseModel):
    """Which run."""

    run_id: int = Field(ge=1, lt=2**53)


class RunQuery(BaseModel):
    """Which runs."""

    model_config = ConfigDict(extra="forbid")

    tag: TagName | None = Field(None, description="Only runs that compared this tag")
    limit: int = Field(20, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class FindingQuery(BaseModel):
    """Which findings."""

    model_config = ConfigDict(extra="forbid")

    tag: TagName | None = Field(None, description="Only findings about this tag")
    limit: int = Field(20, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class RunIn(BaseModel):
    """What to compare."""

    model_config = ConfigDict(extra="forbid")

    tag: TagName | None = Field(None, description="One tag; without it all live ones")
    version: int | None = Field(
        None, strict=True, ge=1, le=2**31 - 1, description="Its version; without it the live one"
    )


class Counts(BaseModel):
    """Users by how their stored value compares with the recomputed one."""

    equal: int
    missing: int
    extra: int
    different: int
    pending: int = Field(description="Changed after the log was cut: not comparable, and no fault")


class StoreCounts(Counts):
    """The counts of one store."""

    store: str


class TagVersionParity(BaseModel):
    """What a run found about one tag version."""

    tag: str
    version: int
    verdict: VerdictName = Field(description="red: some user is wrong in some store; empty: nobody has a value")
    wrong: int = Field(description="Users that are missing, extra or different, of all stores together")
    stores: list[StoreCounts]
    barrier_at: Iso = Field(description="When the log was cut: what came later is in neither side")


class NewestParity(TagVersionParity):
    """What the newest run of a tag version found."""

    live: bool = Field(description="Whether readers see this version")
    run_id: int
    origin: str
    finished_at: Iso | None


class RunSummary(BaseModel):
    """A run. Counts are of all tags and stores together; null until it is done."""

    id: int
    origin: str = Field(description="verify, proof, schedule or request")
    status: Literal["waiting", "running", "done", "failed"]
    tag: str | None = Field(description="The one tag that was asked for; null: all live ones")
    version: int | None
    cause: str = Field(description="Why it failed, or what a run that is done could not compare")
    asked_at: Iso
    started_at: Iso | None
    finished_at: Iso | None
    duration_seconds: float | None
    counts: Counts | None
    wrong: int | None
    tags: int = Field(description="How many tag versions were compared")
    red: list[str] = Field(description="The tags in which any user is wrong")


class ParityState(BaseModel):
    """Where every tag stands, and what is under way."""

    items: list[NewestParity]
    never_compared: list[str] = Field(description="Live tags whose live version no run has compared yet")
    under_way: list[RunSummary] = Field(description="Among the newest runs, those that wait or run")


class RunDetail(RunSummary):
    """A run with what it found of each tag."""

    results: list[TagVersionParity]


class RunPage(BaseModel):
    """Runs, the newest first."""

    items: list[RunSummary]
    next: str | None


class EvidenceRow(BaseModel):
    """A message of the log that concerns the user."""

    source: str
    key: str
    op: str = Field(description="event, or the row change's c, r, u or d")
    partition: int
    offset: int
    at: Iso | None = Field(description="The time that moves it through windows")
    logged_at: Iso
    leaves_at: Iso | None = Field(description="The tick that takes it from the last of the tag's windows")
    counts: bool = Field(description="Whether it counts at the newest tick, by the rule of LAST")
    decides: bool = Field(description="Whether the cause rests on it")
    text: str


class EmittedValue(BaseModel):
    """What the tag's topic said about the user."""

    value: Value | None
    offset: int
    at: Iso


class SuspectCause(BaseModel):
    """A cause that was looked into."""

    cause: CauseName
    sure: bool
    reason: str


class EvidenceOut(BaseModel):
    """What the cause rests on."""

    reason: str
    suspects: list[SuspectCause]
    tick_at: Iso = Field(description="The newest tick that the recomputation read: its now")
    rows: list[EvidenceRow]
    rows_total: int
    emitted: list[EmittedValue]


class FindingOut(BaseModel):
    """One user whose value is not equal."""

    number: int
    tag: str
    version: int
    store: str
    user_id: str
    outcome: Literal["missing", "extra", "different", "pending"]
    batch: Value | None = Field(description="What batch recomputed; null: no value")
    stored: Value | None = Field(description="What the store holds; null: no value")
    offset: int | None = Field(description="The place in the tag's topic that the store's value came from")
    cause: CauseName | None = Field(description="Null for what is pending")
    evidence: EvidenceOut | None


class FindingPage(BaseModel):
    """Findings in the order in which the run named them; at most some of each outcome, tag and store."""

    items: list[FindingOut]
    next: str | None
