"""A crowd's rule as one ClickHouse query over bitmaps: functions over numbered operands, every value bound.

The texts of the queries are in sql/clickhouse/crowds; of a rule they take only what is made here, which holds names of our
own and parameters' numbers, never a value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

import orjson

from tagging.behaviour import Point
from tagging.crowds import All, Any_, Behaved, HasTag, HasValue, InRange, Not, Rule

_VALUES = "tag = {tag_$n:String} AND version = {version_$n:UInt32} AND value IN {values_$n:Array(String)}"
_NUMBERS = "tag = {tag_$n:String} AND version = {version_$n:UInt32} AND number IN {numbers_$n:Array(Float64)}"
_RANGE = (
    "tag = {tag_$n:String} AND version = {version_$n:UInt32} "
    "AND number $low {low_$n:Float64} AND number $high {high_$n:Float64}"
)
_PRESENT = "tag = {tag_$n:String} AND version = {version_$n:UInt32}"
_OPERAND = "groupBitmapMergeStateIf(users, $condition) AS operand_$n"
_EVERYONE = {"tag": "", "version": 0}
LARGEST = 1.7976931348623157e308


@dataclass
class CrowdQuery:
    """What several expressions over the same bitmaps share: the operands, and the values bound to them.

    `versions` says which version of each tag is live. Rules must be expanded: no other crowd is named in them.
    """

    versions: Mapping[str, int]
    parameters: dict[str, Any] = field(default_factory=dict)
    _conditions: dict[str, str] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    behaviours: dict[Point, int] = field(default_factory=dict)
    """Points of charts, with the version under which each one's users come in as values of the tag ''."""

    def expression(self, rule: Rule) -> str:
        """The bitmap of a rule in one bucket, as a ClickHouse expression over `operand_<n>`."""
        match rule:
            case All(parts):
                return self._all(parts)
            case Any_(parts):
                return _folded("bitmapOr", [self.expression(part) for part in parts]) if parts else self._nobody()
            case Not(part):
                return f"bitmapAndnot({self._everyone()}, {self.expression(part)})"
            case HasValue(tag, values):
                return self._has_value(tag, values)
            case InRange(tag):
                low, low_bound = (">", rule.above) if rule.above is not None else (">=", rule.at_least)
                high, high_bound = ("<", rule.below) if rule.below is not None else ("<=", rule.at_most)
                return self._operand(
                    Template(_RANGE).safe_substitute(low=low, high=high),
                    tag,
                    low=-LARGEST if low_bound is None else float(low_bound),
                    high=LARGEST if high_bound is None else float(high_bound),
                )
            case HasTag(tag):
                return self._operand(_PRESENT, tag)
            case Behaved(point):
                version = self.behaviours.setdefault(point, len(self.behaviours) + 1)
                # Users who came after the generation are in no other condition of it.
                return f"bitmapAnd({self._everyone()}, {self._operand(_PRESENT, '', version=version)})"
            case _:
                raise ValueError(f"{rule} is not expanded: call crowd_normal.expand first")

    @property
    def asks_for_everyone(self) -> bool:
        """Whether an expression so far holds users for what they have not. Call `expression` for all its parts before."""
        return any(json.loads(key)[1] == _EVERYONE for key in self._numbers)

    def text(self, template: str, bitmaps: str, behaviours: str = "", **expressions: str) -> str:
        """A query of sql/clickhouse/crowds over the bitmaps of operands.sql. Call `expression` for all its parts before.

        `behaviours`: the texts that add the users of `self.behaviours`.
        """
        conditions = list(self._conditions.values())
        operands = ",\n    ".join(
            Template(_OPERAND).substitute(condition=condition, n=number) for number, condition in enumerate(conditions)
        )
        selected = " OR ".join(f"({condition})" for condition in conditions)
        inner = Template(bitmaps).substitute(operands=operands, selected=selected, behaviours=behaviours)
        return Template(template).substitute(bitmaps=inner, **expressions)

    def _all(self, parts: tuple[Rule, ...]) -> str:
        taken = [self.expression(part) for part in parts if not isinstance(part, Not)]
        left_out = [self.expression(part.part) for part in parts if isinstance(part, Not)]
        expression = _folded("bitmapAnd", taken) if taken else self._everyone()
        return f"bitmapAndnot({expression}, {_folded('bitmapOr', left_out)})" if left_out else expression

    def _has_value(self, tag: str, values: tuple[Any, ...]) -> str:
        numbers = [float(value) for value in values if type(value) in (int, float)]
        if numbers:
            return self._operand(_NUMBERS, tag, numbers=sorted(set(numbers)))
        # As jobs.sink_values writes them.
        texts = {orjson.dumps(value).decode() for value in values}
        return self._operand(_VALUES, tag, values=sorted(texts))

    def _everyone(self) -> str:
        return self._operand(_PRESENT, "")

    def _nobody(self) -> str:
        everyone = self._everyone()
        return f"bitmapXor({everyone}, {everyone})"

    def _operand(self, template: str, tag: str, **values: Any) -> str:
        bound = {"tag": tag, "version": self.versions[tag] if tag else 0, **values}
        key = json.dumps([template, bound], sort_keys=True)
        number = self._numbers.setdefault(key, len(self._numbers))
        if key not in self._conditions:
            self._conditions[key] = Template(template).substitute(n=number)
            self.parameters.update({f"{name}_{number}": value for name, value in bound.items()})
        return f"operand_{number}"


def _folded(function: str, expressions: list[str]) -> str:
    """The expressions joined in pairs, so that the text nests by the logarithm of their number."""
    while len(expressions) > 1:
        pairs = [expressions[index : index + 2] for index in range(0, len(expressions), 2)]
        expressions = [f"{function}({pair[0]}, {pair[1]})" if len(pair) == 2 else pair[0] for pair in pairs]
    return expressions[0]
