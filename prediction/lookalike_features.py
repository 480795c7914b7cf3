"""Which tags a lookalike model may read: none that says again what the crowd's rule asks for, or what a model said."""

from __future__ import annotations

from collections.abc import Mapping

from tagging.compiler import CompiledTag

SCORES = "scores"


def tells(name: str, asked: frozenset[str], live: Mapping[str, CompiledTag]) -> bool:
    """Whether a tag is one of those asked for, or a score, or reads one that is, however far down."""
    waiting, seen = [name], {name}
    while waiting:
        tag = waiting.pop()
        if tag in asked or (tag in live and SCORES in live[tag].sources):
            return True
        found = {read.tag for read in live[tag].definition.reads} if tag in live else set()
        waiting += found - seen
        seen |= found
    return False
