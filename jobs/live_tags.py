"""The tags that readers see, with the Flink job that carries each: as the registry says, and else as the files say."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.builtin import JOB_NAME, builtin_tags
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.lifecycle import Tag
from tagging.stored_texts import compiled_text

ByJob = dict[str, list[CompiledTag]]
"""Flink job -> the live tags that it carries, in order of name."""


def live_by_job(registered: Sequence[Tag]) -> ByJob:
    """A built-in tag that the registry does not know is live in its file's version; one that it retired is not live.

    Raises TagProblems for a stored text that does not compile.
    """
    known = {tag.name for tag in registered}
    found: ByJob = {JOB_NAME: [tag for tag in builtin_tags() if tag.definition.name not in known]}
    for tag in registered:
        if tag.live:
            compiled = compiled_text(tag.name, tag.live.version, tag.live.text)
            found.setdefault(tag.live.job, []).append(compiled)
    by_name = {job: sorted(tags, key=lambda tag: tag.definition.name) for job, tags in found.items()}
    return {job: tags for job, tags in by_name.items() if tags}


def read_live(settings: Settings) -> ByJob:
    """By the configured registry. Raises MySQLUnavailable, TagProblems."""
    migrate(settings)
    registry = TagRegistry(settings)
    try:
        return live_by_job(registry.tags())
    finally:
        registry.close()
