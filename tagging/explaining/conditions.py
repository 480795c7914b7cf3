"""Conditions in three values: true, false, and None where a NULL leaves it open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlglot import exp

from tagging.explaining.types import BOOLEAN, Type

if TYPE_CHECKING:
    from tagging.explaining.expressions import Reader

Row = Mapping[str, Any]
"""alias.column -> value."""


class Typed(NamedTuple):
    """What an expression gives: its type, and its value for a row."""

    type: Type
    of: Callable[[Row], Any]


def _equal(one: Any, other: Any) -> bool | None:
    return None if one is None or other is None else one == other


def any_of(found: Iterable[bool | None]) -> bool | None:
    """Whether any of them is true; open when none is and one is open."""
    known = list(found)
    return True if True in known else None if None in known else False


def _and(reader: Reader, node: exp.And) -> Typed:
    sides = reader.condition(node.this), reader.condition(node.expression)

    def both(row: Row) -> bool | None:
        held = [side(row) for side in sides]
        return False if False in held else None if None in held else True

    return Typed(BOOLEAN, both)


def _or(reader: Reader, node: exp.Or) -> Typed:
    sides = reader.condition(node.this), reader.condition(node.expression)
    return Typed(BOOLEAN, lambda row: any_of(side(row) for side in sides))


def _not(reader: Reader, node: exp.Not) -> Typed:
    inner = reader.condition(node.this)
    return Typed(BOOLEAN, lambda row: None if (held := inner(row)) is None else not held)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Reader, exp.Expr], Typed]:
    def rule(reader: Reader, node: exp.Expr) -> Typed:
        left, right = reader.read(node.this).of, reader.read(node.expression).of

        def compared(row: Row) -> bool | None:
            one, other = left(row), right(row)
            return None if one is None or other is None else test(one, other)

        return Typed(BOOLEAN, compared)

    return rule


def _between(reader: Reader, node: exp.Between) -> Typed:
    value, low, high = (reader.read(node.args[part]).of for part in ("this", "low", "high"))

    def within(row: Row) -> bool | None:
        middle, bounds = value(row), (low(row), high(row))
        if middle is None:
            return None
        held = [None if bounds[0] is None else bounds[0] <= middle, None if bounds[1] is None else middle <= bounds[1]]
        return False if False in held else None if None in held else True

    return Typed(BOOLEAN, within)


def _is(reader: Reader, node: exp.Is) -> Typed:
    value = reader.read(node.this).of
    wanted = None if isinstance(node.expression, exp.Null) else bool(node.expression.this)
    return Typed(BOOLEAN, lambda row: value(row) is wanted)


def _like(reader: Reader, node: exp.Like) -> Typed:
    value = reader.read(node.this).of
    signs = {"%": ".*", "_": "."}
    pattern = re.compile("".join(signs.get(sign, re.escape(sign)) for sign in node.expression.name), re.DOTALL)
    return Typed(BOOLEAN, lambda row: None if (held := value(row)) is None else bool(pattern.fullmatch(held)))


def _membership(reader: Reader, node: exp.In) -> Typed:
    value = reader.read(node.this).of
    if node.args.get("query") is not None:
        chosen = reader.sets.get(id(node), frozenset())
        return Typed(BOOLEAN, lambda row: value(row) in chosen)
    items = [reader.read(item).of for item in node.expressions]
    return Typed(BOOLEAN, lambda row: any_of(_equal(value(row), item(row)) for item in items))


CONDITIONS: Mapping[type[exp.Expr], Callable[[Reader, Any], Typed]] = {
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    exp.EQ: _compare(lambda one, other: one == other),
    exp.NEQ: _compare(lambda one, other: one != other),
    exp.GT: _compare(lambda one, other: one > other),
    exp.GTE: _compare(lambda one, other: one >= other),
    exp.LT: _compare(lambda one, other: one < other),
    exp.LTE: _compare(lambda one, other: one <= other),
    exp.Between: _between,
    exp.Is: _is,
    exp.In: _membership,
    exp.Like: _like,
}
