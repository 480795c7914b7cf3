"""Why a user has a value of a tag, or none: the tag worked out for this user alone, with the steps that led there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tagging.compiler import ResolvedTag, resolve_tag
from tagging.definition import TagDefinition
from tagging.explaining.rows import Rows, TagValue
from tagging.explaining.run import Run
from tagging.explaining.steps import Step
from tagging.explaining.types import cast, type_of
from tagging.sources import CATALOG, Catalog
from tagging.tag_reads import TagRead

KEPT_TAGS = 500


@dataclass(frozen=True)
class Explanation:
    """`value` None: the user does not have the tag. `decided_by`: the place in `steps` of the step that decided.

    `cut`: sources of which only the newest rows were looked at, so that the value may be wrong. `reads`: whose values of which
    tags it rests on, in order of tag and user; the user's own are always there.
    """

    value: Any
    steps: Sequence[Step]
    decided_by: int
    cut: Sequence[str] = ()
    reads: Sequence[ReadValue] = ()


@dataclass(frozen=True)
class ReadValue:
    """A user's value of a tag that is read."""

    tag: TagRead
    user_id: str
    found: TagValue


@lru_cache(KEPT_TAGS)
def _resolved(definition: TagDefinition) -> ResolvedTag:
    """To resolve a text takes longer than to work it out for a user. Nobody changes the tree."""
    return resolve_tag(definition)


def explain(
    definition: TagDefinition, user_id: str, rows: Rows, tick_minute: int, catalog: Catalog = CATALOG
) -> Explanation:
    """The value that the tag gives the user when the newest tick is `tick_minute`.

    Raises TagProblems, TooWide, Unexplained, and what reading the rows raises.
    """
    resolved = _resolved(definition) if catalog is CATALOG else resolve_tag(definition, catalog)
    windows = {window.view: window for window in resolved.windows}
    tags = {read.source: read for read in definition.reads}
    run = Run(windows, tags, resolved.reads, rows, tick_minute, catalog)
    table = run.query(resolved.tree, {"user_id": frozenset({user_id})})
    found = table.rows[0]["value"] if table.rows else None
    value = cast(found, table.types["value"], type_of(definition.flink_type))
    steps = table.trace.all_steps()
    decided = table.trace.where_rows_ended() or steps[-1]
    # A tag of which nothing was wanted, since a user of another part was not found, is still told of.
    for read in definition.reads:
        if (read, user_id) not in run.asked:
            run.value(read, frozenset({user_id}))
    reads = tuple(ReadValue(tag, user, run.asked[tag, user]) for tag, user in sorted(run.asked))
    return Explanation(value, steps, next(n for n, step in enumerate(steps) if step is decided), tuple(run.cut), reads)
