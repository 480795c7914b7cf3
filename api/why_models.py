"""The answers of GET /users/{user_id}/tags/{tag}: a value at a time, and every step that leads to it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from api.documented import Iso, Value, ValueType
from tagging.explaining.explain import Explanation
from tagging.explaining.steps import StepKind

MOST_READ_VALUES = 100
MERGED_INTO = "The person's canonical id at that time, where that is another: whose value this is"
Cell = str | int | float | bool | dict[str, str | None] | None


class RowOut(BaseModel):
    """One row at a step."""

    cells: dict[str, Cell]
    kept: bool = Field(description="Whether it went on to the next step")
    note: str = Field(description="Why it did not; or what became of it")


class ConditionOut(BaseModel):
    """One part of a WHERE or HAVING, and for how many rows it was true, false, or open because of a NULL."""

    text: str
    held: int
    failed: int
    unknown: int


class BranchOut(BaseModel):
    """One WHEN of the CASE that gives the value; `condition` null is its ELSE."""

    condition: str | None
    result: str
    held: bool | None
    taken: bool


class StepOut(BaseModel):
    """One step, in the order in which things happen."""

    kind: StepKind
    of: str = Field(description="The derived table or source that it belongs to; empty for the tag's last SELECT")
    text: str = Field(description="What it does, in SQL")
    rows_in: int
    rows_out: int
    rows: list[RowOut]
    rows_left_out: int = Field(description="Rows that are not listed")
    conditions: list[ConditionOut]
    branches: list[BranchOut]
    operands: dict[str, Cell] = Field(description="What stands in the value's expression, and its value")


class Stored(BaseModel):
    """The value as the stream had it at that time."""

    value: Value | None
    since: Iso | None = Field(description="When it came to be; null when the user never had a value by then")
    changes: int = Field(description="How often it had changed by then")


class ReadTag(BaseModel):
    """A value that the tag was worked out from: another tag's."""

    tag: str
    version: int = Field(description="The version that this tag reads, whichever is live")
    title: str
    type: ValueType
    user_id: str
    value: Value | None = Field(description="As the stream had it then, or in hindsight worked out anew; null for none")
    since: Iso | None = Field(
        description="When the value, or none, came to be; null when the user never had one, and in hindsight"
    )
    why: str = Field(description="Where the steps to this value are told, for the same time")


class Why(BaseModel):
    """Why a user has a value of a tag at a time, or has none."""

    user_id: str
    merged_into: str | None = Field(description=MERGED_INTO)
    tag: str
    title: str
    type: ValueType
    version: int
    at: Iso
    tick: Iso = Field(description="The clock's newest minute then: what the windows took for now")
    hindsight: bool
    value: Value | None = Field(description="Worked out anew from the rows; null: the user does not have the tag")
    stored: Stored
    agrees: bool
    difference: str | None = Field(description="What it means when the two differ")
    decided_by: int = Field(description="The place in `steps` of the step that decided")
    reads: list[ReadTag] = Field(description=f"Of a tag over tags, the values that it read; at most {MOST_READ_VALUES}")
    steps: list[StepOut]
    incomplete: list[str] = Field(description="Sources of which only the newest rows were looked at")


class TagAt(BaseModel):
    """A tag's value at a time: as the stream had it then, and worked out from all that is known now."""

    tag: str
    title: str
    dimension: str
    type: ValueType
    version: int
    known: Stored
    recomputed: Value | None
    agrees: bool
    problem: str | None = Field(description="Why it could not be worked out anew; then `recomputed` says nothing")


class ValueAt(TagAt):
    """One user's value of one tag at a time."""

    user_id: str
    merged_into: str | None = Field(description=MERGED_INTO)
    at: Iso
    tick: Iso


class ProfileAt(BaseModel):
    """One user's tags at a time; of all live tags those with a value, known then or worked out now."""

    user_id: str
    merged_into: str | None = Field(description=MERGED_INTO)
    at: Iso
    tick: Iso
    tags: list[TagAt]


def steps_of(explanation: Explanation) -> list[StepOut]:
    """The steps as they are answered."""
    return [
        StepOut(
            kind=step.kind,
            of=step.of,
            text=step.text,
            rows_in=step.rows_in,
            rows_out=step.rows_out,
            rows=[RowOut(cells=dict(row.cells), kept=row.kept, note=row.note) for row in step.rows],
            rows_left_out=step.rows_left_out,
            conditions=[ConditionOut(**_fields(found)) for found in step.conditions],
            branches=[BranchOut(**_fields(found)) for found in step.branches],
            operands=dict(step.operands),
        )
        for step in explanation.steps
    ]


def _fields(found: Any) -> dict[str, Any]:
    return vars(found)
