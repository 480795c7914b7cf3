"""A crowd's rule from JSON: checked whole, so that every problem is told at once with its path."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tagging.behaviour import Point
from tagging.crowds import (
    COMPARISONS,
    LARGEST_NUMBER,
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_TEXT,
    MAX_VALUES,
    All,
    Any_,
    Behaved,
    HasTag,
    HasValue,
    InCrowd,
    InRange,
    Not,
    Rule,
    Scalar,
)

_KINDS = ("all", "any", "not", "tag", "crowd", "behaviour")
_NUMERIC = ("integer", "decimal")
_SHOWN = 200
_POINTS: TypeAdapter[Any] = TypeAdapter(Point)


@dataclass(frozen=True)
class CrowdProblem:
    """One thing that is wrong with a rule. `path` is where in the JSON, such as rule.all[1].in[0]."""

    path: str
    message: str
    got: Any = None
    allowed: Any = None


class CrowdProblems(Exception):
    """A rule that cannot be, with all that is wrong with it."""

    def __init__(self, problems: list[CrowdProblem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{found.path}: {found.message}" for found in problems))


def parse(written: Any, tags: Mapping[str, str], crowds: Collection[str], path: str = "rule") -> Rule:
    """The rule that JSON says. `tags`: every tag's type; `crowds`: the names that may be referred to.

    Raises CrowdProblems with every problem.
    """
    reading = _Reading(tags, crowds)
    rule = reading.rule(written, path, 1)
    if reading.problems or rule is None:
        raise CrowdProblems(reading.problems)
    return rule


@dataclass
class _Reading:
    tags: Mapping[str, str]
    crowds: Collection[str]
    problems: list[CrowdProblem] = field(default_factory=list)
    conditions: int = 0

    def refuse(self, path: str, message: str, got: Any = None, allowed: Any = None) -> None:
        if isinstance(got, str) and len(got) > _SHOWN:
            got = got[:_SHOWN] + "…"
        elif isinstance(got, dict | list):
            got = f"{'an object' if isinstance(got, dict) else 'a list'} of {len(got)}"
        self.problems.append(CrowdProblem(path, message, got, allowed))

    def rule(self, written: Any, path: str, depth: int) -> Rule | None:
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            if self.conditions == MAX_CONDITIONS + 1:
                self.refuse(path, "has more conditions than a rule may hold", allowed={"conditions": MAX_CONDITIONS})
            return None
        if depth > MAX_DEPTH:
            return self.refuse(path, "lies deeper than a rule may go", allowed={"depth": MAX_DEPTH})
        if not isinstance(written, dict):
            return self.refuse(path, "is no condition", written, f"an object with one of {', '.join(_KINDS)}")
        kinds = [kind for kind in _KINDS if kind in written]
        if len(kinds) != 1:
            return self.refuse(path, "must say one thing", sorted(map(str, written)), f"one of {', '.join(_KINDS)}")
        return getattr(self, f"_{kinds[0]}")(written, path, depth)

    def _only(self, written: Mapping[str, Any], path: str, known: tuple[str, ...]) -> None:
        for name in written:
            if name not in known:
                self.refuse(f"{path}.{name[:_SHOWN]}", "is not known here; check the spelling", allowed=list(known))

    def _parts(self, written: Mapping[str, Any], path: str, depth: int, kind: str) -> tuple[Rule, ...]:
        self._only(written, path, (kind,))
        parts = written[kind]
        if not isinstance(parts, list) or not parts:
            self.refuse(f"{path}.{kind}", "is no list of conditions", parts, "one condition or more")
            return ()
        read = [self.rule(part, f"{path}.{kind}[{index}]", depth + 1) for index, part in enumerate(parts)]
        return tuple(part for part in read if part is not None)

    def _all(self, written: Mapping[str, Any], path: str, depth: int) -> Rule:
        if written == {"all": []}:
            return All(())
        return All(self._parts(written, path, depth, "all"))

    def _any(self, written: Mapping[str, Any], path: str, depth: int) -> Rule:
        return Any_(self._parts(written, path, depth, "any"))

    def _not(self, written: Mapping[str, Any], path: str, depth: int) -> Rule | None:
        self._only(written, path, ("not",))
        part = self.rule(written["not"], f"{path}.not", depth + 1)
        return None if part is None else Not(part)

    def _crowd(self, written: Mapping[str, Any], path: str, _depth: int) -> Rule | None:
        self._only(written, path, ("crowd",))
        name = written["crowd"]
        if not isinstance(name, str) or name not in self.crowds:
            return self.refuse(f"{path}.crowd", "there is no such crowd", name, "the name of a saved crowd")
        return InCrowd(name)

    def _behaviour(self, written: Mapping[str, Any], path: str, _depth: int) -> Rule | None:
        self._only(written, path, ("behaviour",))
        try:
            point = _POINTS.validate_python(written["behaviour"])
        except ValidationError as error:
            for found in error.errors(include_url=False):
                # The first step names the kind of chart, where that was known.
                where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found["loc"][1:])
                self.refuse(f"{path}.behaviour{where}", found["msg"].removeprefix("Value error, "), found["input"])
            return None
        if getattr(point.query, "breakdown", None) is not None:
            message = "has no groups; write a condition on the tag beside it"
            return self.refuse(f"{path}.behaviour.query.breakdown", message, point.query.breakdown)
        return Behaved(point)

    def _tag(self, written: Mapping[str, Any], path: str, _depth: int) -> Rule | None:
        name = written["tag"]
        kind = self.tags.get(name) if isinstance(name, str) else None
        if kind is None:
            return self.refuse(f"{path}.tag", "there is no such tag", name, "a name that GET /api/v1/tags lists")
        tests = [test for test in ("in", "present") if test in written]
        bounds = [bound for bound in COMPARISONS if bound in written]
        self._only(written, path, ("tag", "in", "present", *COMPARISONS))
        if len(tests) + bool(bounds) != 1:
            return self.refuse(path, "must ask one thing of the tag", allowed="in, present, or a range")
        if bounds:
            return self._range(written, path, name, kind, bounds)
        if tests == ["in"]:
            return self._values(written["in"], f"{path}.in", name, kind)
        if written["present"] is not True:
            return self.refuse(f"{path}.present", "can be true alone; write not around it", written["present"], True)
        return HasTag(name)

    def _values(self, written: Any, path: str, tag: str, kind: str) -> Rule | None:
        if not isinstance(written, list) or not 1 <= len(written) <= MAX_VALUES:
            return self.refuse(path, "is no list of values", written, f"1 to {MAX_VALUES} values")
        for index, value in enumerate(written):
            problem = _problem_of_value(value, kind)
            if problem:
                self.refuse(f"{path}[{index}]", f"tag {tag} is of type {kind}", value, problem)
        return HasValue(tag, tuple(written))

    def _range(self, written: Mapping[str, Any], path: str, tag: str, kind: str, bounds: list[str]) -> Rule | None:
        if kind not in _NUMERIC:
            return self.refuse(path, f"tag {tag} is of type {kind} and has no range", bounds, "in, or present")
        for pair in (("at_least", "above"), ("at_most", "below")):
            if all(bound in written for bound in pair):
                self.refuse(path, f"has two bounds on one side: {pair[0]} and {pair[1]}", allowed="one of them")
        wrong = [bound for bound in bounds if not _is_number(written[bound])]
        for bound in wrong:
            self.refuse(
                f"{path}.{bound}", "is no number", written[bound], f"-{LARGEST_NUMBER:.0f} to {LARGEST_NUMBER:.0f}"
            )
        if wrong:
            return None
        low = written.get("at_least", written.get("above", -math.inf))
        high = written.get("at_most", written.get("below", math.inf))
        if low > high or (low == high and ("above" in written or "below" in written)):
            return self.refuse(path, "holds no number", f"{low} to {high}", "a lower end below the upper")
        return InRange(tag, **{bound: written[bound] for bound in bounds})


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) <= LARGEST_NUMBER


def _problem_of_value(value: Scalar, kind: str) -> str | None:
    """What may stand there, if this value may not."""
    if kind in _NUMERIC:
        return None if _is_number(value) else f"a number of at most {LARGEST_NUMBER:.0f}"
    if kind == "boolean":
        return None if isinstance(value, bool) else "true or false"
    return None if isinstance(value, str) and len(value) <= MAX_TEXT else f"a text of at most {MAX_TEXT} characters"
