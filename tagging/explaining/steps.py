"""The steps from a user's rows to a value, as they are told: what was read, what each condition kept, what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from sqlglot import exp

from tagging.explaining.conditions import Row
from tagging.explaining.expressions import Reader, Types
from tagging.explaining.texts import text_of
from tagging.explaining.types import Type, moment
from tagging.from_items import conjuncts
from tagging.kinds import TIMES

StepKind = Literal["source", "tag", "window", "join", "union", "where", "group", "having", "distinct", "rank", "value"]
KEPT_SHOWN = 20
DROPPED_SHOWN = 10


@dataclass(frozen=True)
class ShownRow:
    """One row at a step. `note` says why it went no further, or what became of it."""

    cells: Mapping[str, Any]
    kept: bool
    note: str = ""


@dataclass(frozen=True)
class Condition:
    """One condition and for how many rows it was true, false, or neither (a NULL in it)."""

    text: str
    held: int
    failed: int
    unknown: int


@dataclass(frozen=True)
class Branch:
    """One WHEN of the CASE that gives the value; without a condition, its ELSE."""

    condition: str | None
    result: str
    held: bool | None
    taken: bool


@dataclass
class Step:
    """One step. `of`: the derived table that it belongs to, empty for the tag's own SELECT."""

    kind: StepKind
    of: str
    text: str
    rows_in: int
    rows_out: int
    rows: Sequence[ShownRow] = ()
    rows_left_out: int = 0
    conditions: Sequence[Condition] = ()
    branches: Sequence[Branch] = ()
    operands: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Trace:
    """The steps of one SELECT, source or union, and those of what it reads."""

    steps: list[Step] = field(default_factory=list)
    inputs: list[Trace] = field(default_factory=list)
    rows: int = 0

    def all_steps(self) -> list[Step]:
        """Every step in the order in which things happened."""
        return [step for part in self.inputs for step in part.all_steps()] + self.steps

    def where_rows_ended(self) -> Step | None:
        """The step after which nothing was left, looked for from the end back to the sources."""
        if self.rows:
            return None
        ended = next((step for step in self.steps if step.rows_in and not step.rows_out), None)
        below = (part.where_rows_ended() for part in self.inputs)
        return ended or next((step for step in below if step), None) or next(iter(self.steps), None)


def plain(node: exp.Expr) -> str:
    """An expression as its author would write it."""
    return text_of(node).replace("`", "")


def shown(value: Any, held: Type) -> Any:
    """A value for people and JSON: times in ISO 8601, decimals with all their digits."""
    if value is not None and held.kind in TIMES:
        text = moment(value, held).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return text if len(text) == 24 else text[:10]
    return format(value, "f") if isinstance(value, Decimal) else value


def show_rows(
    rows: Iterable[tuple[Row, bool, str]], types: Types, columns: Callable[[str], str | None]
) -> tuple[list[ShownRow], int]:
    """Rows as they are shown, kept ones first, and how many are not. `columns`: a column's name there, None to leave it out."""
    kept: list[ShownRow] = []
    dropped: list[ShownRow] = []
    total = 0
    for row, stays, note in rows:
        total += 1
        group, most = (kept, KEPT_SHOWN) if stays else (dropped, DROPPED_SHOWN)
        if len(group) < most:
            cells = {name: shown(row[key], types[key]) for key in row if (name := columns(key)) is not None}
            group.append(ShownRow(cells, stays, note))
    return kept + dropped, total - len(kept) - len(dropped)


def condition_step(
    kind: StepKind, of: str, clause: exp.Expr, reader: Reader, rows: Sequence[Row], types: Types, columns: Any
) -> tuple[Step, list[Row]]:
    """The step that a WHERE or HAVING is, and the rows that pass it: for each part of it how often it held."""
    parts = [(plain(part), reader.condition(part)) for part in conjuncts(clause)]
    results = [[test(row) for _, test in parts] for row in rows]
    passed = [all(held is True for held in result) for result in results]
    told = (
        (row, ok, ", ".join(text for (text, _), held in zip(parts, result, strict=True) if held is not True))
        for row, ok, result in zip(rows, passed, results, strict=True)
    )
    show, left_out = show_rows(told, types, columns)
    conditions = [
        Condition(text, *(sum(result[place] is wanted for result in results) for wanted in (True, False, None)))
        for place, (text, _) in enumerate(parts)
    ]
    kept = [row for row, ok in zip(rows, passed, strict=True) if ok]
    return Step(kind, of, plain(clause), len(rows), len(kept), show, left_out, conditions), kept
