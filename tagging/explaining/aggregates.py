"""Aggregates of a group's rows. NULLs do not count; of no rows COUNT is 0 and the others are NULL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from sqlglot import exp

from tagging.calls import is_aggregate
from tagging.explaining.conditions import Row
from tagging.explaining.expressions import Reader, Unexplained
from tagging.explaining.texts import text_of
from tagging.explaining.types import BIGINT, EXACT, Type, as_decimal, bounded, quotient_type
from tagging.kinds import Kind


def aggregates_of(select: exp.Select) -> dict[str, exp.Expr]:
    """Every aggregate in a SELECT's columns and HAVING, with its FILTER, by its text."""
    found: dict[str, exp.Expr] = {}
    for part in (*select.expressions, select.args.get("having")):
        if part is None:
            continue
        for node in part.walk(prune=lambda node: isinstance(node, exp.Query) or is_aggregate(node)):
            if is_aggregate(node):
                whole = node.parent if isinstance(node.parent, exp.Filter) else node
                found[text_of(whole)] = whole
    return found


def aggregate(node: exp.Expr, reader: Reader) -> tuple[Type, Callable[[Sequence[Row]], Any]]:
    """The type of an aggregate and what gives its value for the rows of a group."""
    call = node.this if isinstance(node, exp.Filter) else node
    keeps = reader.condition(node.expression.this) if isinstance(node, exp.Filter) else None
    argument, distinct = call.expressions[0], False
    if isinstance(argument, exp.Distinct):
        argument, distinct = argument.expressions[0], True

    def kept(rows: Sequence[Row]) -> Sequence[Row]:
        return rows if keeps is None else [row for row in rows if keeps(row) is True]

    if isinstance(argument, exp.Star):
        return BIGINT, lambda rows: len(kept(rows))
    value = reader.read(argument)
    result, fold = _fold(str(call.name).upper(), value.type)

    def folded(rows: Sequence[Row]) -> Any:
        held = [found for row in kept(rows) if (found := value.of(row)) is not None]
        return fold(list(dict.fromkeys(held)) if distinct else held)

    return result, folded


def _fold(name: str, held: Type) -> tuple[Type, Callable[[list[Any]], Any]]:
    if name == "COUNT":
        return BIGINT, len
    if name in ("MIN", "MAX"):
        best = min if name == "MIN" else max
        return held, lambda values: best(values, default=None)
    total = bounded(38, held.places) if held.kind is Kind.DECIMAL else held
    if name == "SUM":
        return total, lambda values: _sum(values, total)
    if name == "AVG":
        mean = quotient_type(total, BIGINT)
        return mean, lambda values: as_decimal(EXACT.divide(_exact(values), len(values)), mean) if values else None
    raise Unexplained(f"{name} is not explained")


def _sum(values: list[Any], total: Type) -> Any:
    if not values:
        return None
    return as_decimal(_exact(values), total) if total.kind is Kind.DECIMAL else sum(values)


def _exact(values: list[Any]) -> Any:
    return reduce(EXACT.add, values, 0)


def grouped(rows: Sequence[Row], keys: Sequence[Callable[[Row], Any]]) -> Mapping[tuple[Any, ...], list[Row]]:
    """Rows by their keys, in order of the first row of each group. NULLs are one group."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(key(row) for key in keys), []).append(row)
    return found
