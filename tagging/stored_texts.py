"""Texts as the registry holds them, under a tag and a version: what runs of them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from tagging.compiler import CompiledTag, compile_tag
from tagging.problems import Problem, TagProblems
from tagging.synchronise import definition_of

KEPT_TEXTS = 2_000
Fault = Callable[[str, int, str], str]
"""(tag, version, text) -> what is wrong with the text, or ""."""


def compiled_text(tag: str, version: int, text: str) -> CompiledTag:
    """The text of a tag's version, compiled. Raises TagProblems: also for one that names another tag than its row."""
    definition = definition_of(tag, version, text)
    if definition.name != tag:
        # What it writes would go to that tag's topic.
        problem = Problem(1, 1, f"the text is of a tag {definition.name}, and stored under {tag}", "one name in both")
        raise TagProblems([problem], f"tag {tag} version {version}")
    return compile_tag(definition)


@lru_cache(KEPT_TEXTS)
def fault_of(tag: str, version: int, text: str) -> str:
    """All that is wrong with a stored text; "" where nothing is."""
    try:
        compiled_text(tag, version, text)
    except TagProblems as error:
        return str(error)
    return ""
