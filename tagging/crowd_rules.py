"""Saved crowds' rules by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tagging.crowd_parsing import parse
from tagging.crowds import Rule
from tagging.saved_crowds import SavedCrowd


class Rules(Mapping[str, Rule]):
    """Saved rules, read when they are met: a broken crowd that a rule does not name does not stand in its way.

    `types`: every tag's type. Raises CrowdProblems for a rule that does not fit.
    """

    def __init__(self, types: Mapping[str, str], crowds: Mapping[str, SavedCrowd]) -> None:
        self._types = types
        self._crowds = crowds

    def __getitem__(self, name: str) -> Rule:
        return parse(self._crowds[name].rule, self._types, self._crowds.keys(), f"crowds.{name}.rule")

    def __iter__(self) -> Iterator[str]:
        return iter(self._crowds)

    def __len__(self) -> int:
        return len(self._crowds)
