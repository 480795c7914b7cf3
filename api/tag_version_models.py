"""What the routes of tag versions take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.documented import Iso
from api.errors import Problem
from api.tags import TagPath
from tagging.lifecycle import Status

MAX_PAGE = 100
HISTORY = 100
Number = Annotated[int, Field(ge=1, le=1_000_000)]


class VersionPath(TagPath):
    """Which version of a tag."""

    version: Number


class VersionQuery(BaseModel):
    """Which versions."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=MAX_PAGE)
    before: Number | None = Field(None, description="Only versions with a smaller number")


class DiffQuery(BaseModel):
    """Which two versions."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True)

    older: Number = Field(alias="from")
    newer: Number = Field(alias="to")


class OpenQuery(BaseModel):
    """Which versions over all tags."""

    model_config = ConfigDict(extra="forbid")

    status: list[Status] = Field([Status.DRAFT, Status.BUILDING, Status.READY, Status.FAILED], max_length=6)


class Done(BaseModel):
    """One line of the audit trail."""

    version: int | None
    who: str
    what: str
    at: Iso


class VersionSummary(BaseModel):
    """A version without its text."""

    tag: str
    version: int
    status: Status
    cause: str = Field(description="Why it failed; empty otherwise")
    created_by: str
    approved_by: str = Field(description="Empty while nobody has approved it")
    job: str = Field(description="The Flink job that carries it")
    changed_at: Iso = Field(description="When it came to its status")


class Version(VersionSummary):
    """A version with its text."""

    text: str
    rollback_until: Iso | None = Field(description="Until when readers can be shown it again; null where they cannot")


class VersionList(BaseModel):
    """A page of a tag's versions, the newest first. The ETag is that of `revision`."""

    tag: str
    owner: str
    dimension: str
    revision: int = Field(description="0 of a built-in tag that is not in the registry yet: it has no versions")
    live: int | None = Field(description="The version that readers see")
    rollback_to: int | None = Field(description="The version that a rollback would show")
    approval_required: bool
    items: list[Version]
    next: int | None = Field(description="Pass it as `before` for the page after; null on the last page")
    history: list[Done] = Field(description=f"Who did what, the newest first, at most {HISTORY}")


class OpenVersions(BaseModel):
    """Versions over all tags, those that changed last first."""

    items: list[VersionSummary]


class Line(BaseModel):
    """A line of a diff, with its number in each text that has it."""

    kind: Literal["same", "removed", "added"]
    before: int | None
    after: int | None
    text: str


class VersionDiff(BaseModel):
    """What differs between two versions."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    older: int = Field(alias="from")
    newer: int = Field(alias="to")
    lines: list[Line]


class Progress(BaseModel):
    """How far a version is on its way to its readers."""

    tag: str
    version: int
    status: Status
    phase: Literal["draft", "replay", "proof", "switch", "live", "retired", "failed"]
    messages: int | None = Field(description="In the log when the build was asked for; null but while it is built")
    passed: int | None = Field(description="Of them, those that a checkpoint of the version's job has passed")
    behind: int | None = Field(description="Of them, those still to pass")
    eta_seconds: int | None = Field(description="Until the replay has passed them, at its pace so far")
    building_seconds: int | None
    problem: str | None = Field(
        description="What its job fails of or waits for while it is built; null where nothing is known"
    )
    parity: Literal["agreed", "differs"] | None = Field(description="What the proof of stream against batch found")
    cause: str = Field(description="Why it failed; empty otherwise")


class CrowdImpact(BaseModel):
    """A crowd whose members depend on the tag."""

    name: str
    title: str
    through: list[str] = Field(
        description="The crowds that it names and that depend on the tag; empty where it names it"
    )


class Impact(BaseModel):
    """What changes with the tag."""

    tag: str
    crowds: list[CrowdImpact]


class TextProblem(BaseModel):
    """One thing to change in a text; lines and columns count from 1."""

    line: int
    column: int
    message: str
    suggestion: str


class Validation(BaseModel):
    """What a text or form says. `text` is what a form writes; null while the form has problems."""

    valid: bool
    text: str | None
    problems: list[TextProblem]
    form_problems: list[Problem]
    name: str | None
    type: str | None
    sources: list[str]
    windows: list[str] = Field(description="The sliding windows, such as `events, 60 minutes in panes of 1`")
    registered: bool = Field(description="Whether there is a tag of this name already")
