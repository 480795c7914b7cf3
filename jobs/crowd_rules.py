"""The present rule of a saved crowd, bound to the tags' live versions: for what runs outside of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import sql
from stores.registry.pointed import pointed
from stores.registry.store import Pointer
from tagging import bound_rules
from tagging.bound_rules import BoundRule
from tagging.crowd_normal import expand
from tagging.crowd_parsing import parse
from tagging.crowds import Rule
from tagging.definition import TagDefinition, parse_definition
from tagging.saved_crowds import SavedCrowd


class CrowdRules:
    """All crowds and live tags as they are at one moment; read anew by whoever makes another one."""

    def __init__(self, crowds: Mapping[str, SavedCrowd], pointers: Sequence[Pointer]) -> None:
        self._crowds = crowds
        tags = live_tags(pointers)
        self.versions = {tag.name: tag.version for tag in tags}
        self._types = {tag.name: tag.value_type for tag in tags}

    def of(self, name: str) -> BoundRule:
        """A crowd's rule. Raises LookupError where there is no such crowd, CrowdProblems where its rule no longer fits."""
        if name not in self._crowds:
            raise LookupError(f"there is no crowd {name}")
        expanded = expand(self._read(name), _Rules(self._read, self._crowds), (name,))
        return bound_rules.bind(expanded, self.versions)

    def _read(self, name: str) -> Rule:
        return parse(self._crowds[name].rule, self._types, self._crowds.keys(), f"crowds.{name}.rule")


class _Rules(Mapping[str, Rule]):
    """Each crowd's rule, read when it is asked for."""

    def __init__(self, read: Callable[[str], Rule], crowds: Mapping[str, SavedCrowd]) -> None:
        self._read, self._crowds = read, crowds

    def __getitem__(self, name: str) -> Rule:
        if name not in self._crowds:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self):
        return iter(self._crowds)

    def __len__(self) -> int:
        return len(self._crowds)


def live_tags(pointers: Sequence[Pointer]) -> list[TagDefinition]:
    """The live versions by the registry, and those built-in tags that it does not know."""
    return list(pointed(pointers, _builtin()).live)


@lru_cache(1)
def _builtin() -> tuple[TagDefinition, ...]:
    return tuple(parse_definition(path.read_text(encoding="utf-8"), str(path)) for path in sql.tag_files())
