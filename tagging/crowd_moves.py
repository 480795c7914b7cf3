"""When one user came into a crowd and left it, and which condition moved it: from the changes of the tags of the rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tagging.crowds import All, Any_, HasTag, HasValue, InRange, Not, Rule, conditions

Leaf = HasValue | InRange | HasTag


@dataclass(frozen=True)
class ValueChange:
    """From a time on a tag had a value; None is "no value"."""

    at_ms: int
    tag: str
    value: Any


@dataclass(frozen=True)
class Cause:
    """A condition that came to hold, or ceased to, and the tag's value before and after."""

    condition: Leaf
    holds: bool
    before: Any
    after: Any


@dataclass(frozen=True)
class Move:
    """The user came in, or left. No cause: it had no value of any tag before, and the rule takes who has none of its tags."""

    at_ms: int
    entered: bool
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Story:
    """Every time the user moved, the oldest first."""

    began_inside: bool
    moves: tuple[Move, ...]

    @property
    def ends_inside(self) -> bool:
        """Whether the user is in the crowd after all of it."""
        return self.moves[-1].entered if self.moves else self.began_inside


def takes(rule: Rule, values: Mapping[str, Any]) -> bool:
    """Whether a rule takes a user with these values. The rule is expanded and asks for tags alone."""
    return _holds(rule, _truth(rule, values))


def leaves(rule: Rule) -> list[Leaf]:
    """The conditions on tags, each once, in the order of the rule."""
    return list(dict.fromkeys(found for found in conditions(rule) if isinstance(found, Leaf)))


def told(
    rule: Rule, before: Mapping[str, Any], changes: Iterable[ValueChange], known_from_ms: int | None = None
) -> Story:
    """How the changes moved the user. `before`: the values that it had before them.

    `known_from_ms`: when it had a value of any tag for the first time; no crowd has it before. None: before all changes.
    Changes of one moment count together. Of each tag they come in their own order.
    """
    values = dict(before)
    truth = _truth(rule, values)
    inside = began_inside = known_from_ms is None and _holds(rule, truth)
    found: list[Move] = []
    # Nothing but being known begins at that moment.
    first = [] if known_from_ms is None else [ValueChange(known_from_ms, "", None)]
    steps = sorted([*first, *changes], key=lambda change: change.at_ms)
    for at_ms, together in groupby(steps, key=lambda change: change.at_ms):
        old_values, old_truth = dict(values), truth
        values |= {change.tag: change.value for change in together}
        truth = _truth(rule, values)
        now_inside = (known_from_ms is None or at_ms >= known_from_ms) and _holds(rule, truth)
        if now_inside != inside:
            found.append(Move(at_ms, now_inside, _causes(rule, old_truth, truth, old_values, values)))
            inside = now_inside
    return Story(began_inside, tuple(found))


def _truth(rule: Rule, values: Mapping[str, Any]) -> dict[Leaf, bool]:
    return {leaf: _is_so(leaf, values.get(leaf.tag)) for leaf in leaves(rule)}


def _causes(
    rule: Rule,
    old: Mapping[Leaf, bool],
    new: Mapping[Leaf, bool],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> tuple[Cause, ...]:
    """The conditions that changed; where some alone would undo the move if they had not, those alone."""
    changed = [leaf for leaf in new if new[leaf] != old[leaf]]
    outcome = _holds(rule, new)
    deciding = [leaf for leaf in changed if _holds(rule, {**new, leaf: old[leaf]}) != outcome]
    return tuple(Cause(leaf, new[leaf], before.get(leaf.tag), after.get(leaf.tag)) for leaf in (deciding or changed))


def _holds(rule: Rule, truth: Mapping[Leaf, bool]) -> bool:
    match rule:
        case All(parts):
            return all(_holds(part, truth) for part in parts)
        case Any_(parts):
            return any(_holds(part, truth) for part in parts)
        case Not(part):
            return not _holds(part, truth)
        case HasValue() | InRange() | HasTag():
            return truth[rule]
        case _:
            raise ValueError(f"{rule} asks for more than tags")


def _is_so(leaf: Leaf, value: Any) -> bool:
    if value is None:
        return False
    match leaf:
        case HasTag():
            return True
        case HasValue(_, wanted):
            return _among(value, wanted)
        case InRange():
            return (
                (leaf.at_least is None or value >= leaf.at_least)
                and (leaf.above is None or value > leaf.above)
                and (leaf.at_most is None or value <= leaf.at_most)
                and (leaf.below is None or value < leaf.below)
            )


def _among(value: Any, wanted: Sequence[Any]) -> bool:
    # True is 1 to Python, and none of a tag's numbers.
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in wanted)
