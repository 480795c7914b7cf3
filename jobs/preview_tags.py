"""A preview as tags of one batch job: the draft and the live version for the sampled users, and what the draft would keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from string import Template
from types import MappingProxyType

import sql
from tagging.compiler import CompiledTag
from tagging.definition import TagDefinition
from tagging.sampling import Sample

DRAFT, LIVE, ROWS, CHARACTERS = "draft", "live", "rows", "characters"


def preview_tags(draft: CompiledTag, live: CompiledTag | None, sample: Sample) -> list[CompiledTag]:
    """The tags DRAFT, LIVE (where there is one), ROWS and CHARACTERS; the values of the latter are by relation, not by user."""
    found = [_sampled(DRAFT, draft, sample)]
    if live:
        found.append(_sampled(LIVE, live, sample))
    relations = held(draft)
    if relations:
        found.append(_held(ROWS, draft, dict.fromkeys(relations, "COUNT(*)")))
        found.append(_held(CHARACTERS, draft, {name: _length(columns) for name, columns in relations.items()}))
    return found


def held(draft: CompiledTag) -> Mapping[str, frozenset[str]]:
    """The windows and sources whose rows a streaming job keeps, with the columns that it keeps of them."""
    return {relation: columns for relation, columns in draft.columns.items() if columns}


def sampled(tag: CompiledTag, sample: Sample) -> CompiledTag:
    """The same tag for the sampled users alone."""
    if sample.is_everyone:
        return tag
    query = Template(sql.text("flink/preview/sample.sql")).substitute(query=tag.query, below=sample.below)
    return replace(tag, query=query)


def _sampled(name: str, tag: CompiledTag, sample: Sample) -> CompiledTag:
    # The name and the number are only labels of the answers here: both versions are of one tag.
    return replace(sampled(tag, sample), definition=replace(tag.definition, name=name, version=1))


def _held(name: str, draft: CompiledTag, measures: Mapping[str, str]) -> CompiledTag:
    template = Template(sql.text("flink/preview/held.sql"))
    queries = [template.substitute(relation=relation, measure=measure) for relation, measure in measures.items()]
    columns = MappingProxyType(dict(draft.columns))
    definition = TagDefinition(name, name, "", "integer", draft.definition.dimension, "", "")
    return CompiledTag(definition, "\nUNION ALL\n".join(queries), draft.sources, draft.windows, columns)


def _length(columns: frozenset[str]) -> str:
    template = Template(sql.text("flink/preview/characters.sql").strip())
    lengths = " + ".join(template.substitute(column=column) for column in sorted(columns))
    return f"SUM(CAST({lengths} AS BIGINT))"
