"""A crowd's rule: a tree of conditions on users' tags. What it may hold, how deep, and how it is written as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tagging import behaviour

MAX_DEPTH = 8
MAX_CONDITIONS = 100
"""Of one rule as it is written."""
MAX_EXPANDED = 400
"""Of one rule with the crowds that it names in place of their names."""
MAX_VALUES = 1_000
"""Of one condition."""
MAX_BEHAVIOURS = 5
"""Of one rule with the crowds that it names: each reads the events of its period."""
MAX_TEXT = 1_000
"""Characters of one value."""
LARGEST_NUMBER = 1e15
"""Numbers are compared as Float64, which holds every integer up to this one."""

Scalar = bool | int | float | str
COMPARISONS = ("at_least", "at_most", "above", "below")


@dataclass(frozen=True)
class All:
    """Users that every part takes."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True)
class Any_:
    """Users that at least one part takes."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True)
class Not:
    """All users but those that the part takes."""

    part: Rule


@dataclass(frozen=True)
class HasValue:
    """Users whose tag has one of these values."""

    tag: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class InRange:
    """Users whose number lies between: `at_least` and `at_most` belong to the range, `above` and `below` do not."""

    tag: str
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class HasTag:
    """Users with any value of the tag."""

    tag: str


@dataclass(frozen=True)
class InCrowd:
    """Users of another crowd."""

    name: str


@dataclass(frozen=True)
class Behaved:
    """Users of a point of a chart of behaviour. Events count as far as the log had come when the bitmaps were published."""

    point: behaviour.Point


Rule = All | Any_ | Not | HasValue | InRange | HasTag | InCrowd | Behaved
EVERYONE = All(())


def as_json(rule: Rule) -> dict[str, Any]:
    """The rule as `crowd_parsing.parse` reads it."""
    match rule:
        case All(parts):
            return {"all": [as_json(part) for part in parts]}
        case Any_(parts):
            return {"any": [as_json(part) for part in parts]}
        case Not(part):
            return {"not": as_json(part)}
        case HasValue(tag, values):
            return {"tag": tag, "in": list(values)}
        case InRange(tag):
            bounds = {name: getattr(rule, name) for name in COMPARISONS}
            return {"tag": tag, **{name: bound for name, bound in bounds.items() if bound is not None}}
        case HasTag(tag):
            return {"tag": tag, "present": True}
        case InCrowd(name):
            return {"crowd": name}
        case Behaved(point):
            return {"behaviour": behaviour.as_json(point)}


def conditions(rule: Rule) -> Iterator[Rule]:
    """Every node of the tree, the root first."""
    yield rule
    match rule:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from conditions(part)
        case Not(part):
            yield from conditions(part)


def crowds_in(rule: Rule) -> frozenset[str]:
    """The names of the crowds that the rule refers to."""
    return frozenset(found.name for found in conditions(rule) if isinstance(found, InCrowd))


def tags_in(rule: Rule) -> frozenset[str]:
    """The names of the tags that the rule asks for."""
    return frozenset(found.tag for found in conditions(rule) if isinstance(found, HasValue | InRange | HasTag))
