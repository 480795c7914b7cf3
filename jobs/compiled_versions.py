"""A stored tag version as what runs."""

from __future__ import annotations

from jobs.convergence import BuildFailed
from tagging.compiler import CompiledTag
from tagging.problems import TagProblems
from tagging.stored_texts import compiled_text


def compiled_version(tag: str, version: int, text: str) -> CompiledTag:
    """A stored text as what runs. Raises BuildFailed with every problem."""
    try:
        return compiled_text(tag, version, text)
    except TagProblems as error:
        raise BuildFailed(str(error)) from error
