"""Why a user has a value of a tag, or none: the tag worked out for this user alone, with the steps that led there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tagging.compiler import ResolvedTag, resolve_tag
from tagging.definition import TagDefinition
from tagging.explaining.expressions import Unexplained
from tagging.explaining.rows import Rows
from tagging.explaining.run import Run
from tagging.explaining.steps import Step
from tagging.explaining.types import cast, type_of
from tagging.sources import CATALOG, Catalog


@dataclass(frozen=True)
class Explanation:
    """`value` None: the user does not have the tag. `decided_by`: the place in `steps` of the step that decided.

    `cut`: sources of which only the newest rows were looked at, so that the value may be wrong.
    """

    value: Any
    steps: Sequence[Step]
    decided_by: int
    cut: Sequence[str] = ()


def explain(
    definition: TagDefinition, user_id: str, rows: Rows, tick_minute: int, catalog: Catalog = CATALOG
) -> Explanation:
    """The value that the tag gives the user when the newest tick is `tick_minute`.

    Raises TagProblems, TooWide, Unexplained, and what reading the rows raises.
    """
    if definition.reads:
        read = ", ".join(f"{read.tag} v{read.version}" for read in definition.reads)
        raise Unexplained(f"it rests on the values of other tags; ask about {read}")
    resolved: ResolvedTag = resolve_tag(definition, catalog)
    windows = {window.view: window for window in resolved.windows}
    run = Run(windows, resolved.reads, rows, tick_minute, catalog)
    table = run.query(resolved.tree, {"user_id": frozenset({user_id})})
    found = table.rows[0]["value"] if table.rows else None
    value = cast(found, table.types["value"], type_of(definition.flink_type))
    steps = table.trace.all_steps()
    decided = table.trace.where_rows_ended() or steps[-1]
    return Explanation(value, steps, next(n for n, step in enumerate(steps) if step is decided), tuple(run.cut))
