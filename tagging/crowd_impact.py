"""Which crowds depend on a tag, read from their rules' JSON: a rule that no longer fits the tags depends on them all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def dependents(tag: str, rules: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Crowd -> the crowds that it names and that depend on the tag; () where it names the tag itself, or alone."""
    named = {crowd: set(_named(rule, "crowd")) for crowd, rule in rules.items()}
    found = {crowd for crowd, rule in rules.items() if tag in _named(rule, "tag")}
    direct = set(found)
    while more := {crowd for crowd in rules if crowd not in found and named[crowd] & found}:
        found |= more
    return {crowd: () if crowd in direct else tuple(sorted(named[crowd] & found)) for crowd in rules if crowd in found}


def _named(rule: Any, kind: str) -> Iterator[str]:
    if isinstance(rule, list):
        for part in rule:
            yield from _named(part, kind)
    elif isinstance(rule, dict):
        if isinstance(rule.get(kind), str):
            yield rule[kind]
        for holder in ("all", "any", "not"):
            yield from _named(rule.get(holder), kind)
