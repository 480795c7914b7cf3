"""Expressions of a resolved tree as functions of a row, each with the engine's type of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlglot import exp

from tagging.casts import interval_seconds
from tagging.explaining.conditions import CONDITIONS, Row, Typed
from tagging.explaining.functions import function, part_of_time
from tagging.explaining.texts import text_of
from tagging.explaining.types import (
    BIGINT,
    BOOLEAN,
    EXACT,
    INT,
    NULL,
    STRING,
    Type,
    as_decimal,
    cast,
    common_type,
    product_type,
    quotient_type,
    sum_type,
    type_of,
)
from tagging.kinds import Kind

Types = Mapping[str, Type]
INTERVAL = Type(Kind.INTERVAL)
_SMALL = 2**31


class Unexplained(Exception):
    """Something that this reading of tags does not know. The text says what."""


Sets = Mapping[int, frozenset[Any]]
"""The values of each IN (SELECT ...), by the id of its node."""


class Reader:
    """Reads the expressions of one SELECT. `aggregates`: the name under which a group's row holds each aggregate's value."""

    def __init__(self, types: Types, sets: Sets | None = None, aggregates: Mapping[str, str] | None = None) -> None:
        self._types = types
        self.sets = sets or {}
        self.aggregates = aggregates or {}

    def read(self, node: exp.Expr) -> Typed:
        """An expression. Raises Unexplained."""
        held = self.aggregates.get(text_of(node))
        if held is not None:
            return Typed(self._types[held], lambda row: row[held])
        rule = _RULES.get(type(node))
        if rule is None:
            raise Unexplained(f"{type(node).__name__} is not explained")
        return rule(self, node)

    def condition(self, node: exp.Expr) -> Callable[[Row], bool | None]:
        """An expression that is true, false or unknown (None)."""
        return self.read(node).of

    def column(self, node: exp.Column) -> Typed:
        name = f"{node.table}.{node.name}"
        if name not in self._types:
            raise Unexplained(f"column {name} is not explained")
        return Typed(self._types[name], lambda row: row[name])


_OPERATIONS: Mapping[type[exp.Expr], tuple[Callable[[Type, Type], Type], Callable[[Any, Any], Any]]] = {
    exp.Add: (sum_type, EXACT.add),
    exp.Sub: (sum_type, EXACT.subtract),
    exp.Mul: (product_type, EXACT.multiply),
    exp.Div: (quotient_type, EXACT.divide),
}


def _arithmetic(reader: Reader, node: exp.Binary) -> Typed:
    left, right = reader.read(node.this), reader.read(node.expression)
    kind, operate = _OPERATIONS[type(node)]
    whole = left.type.kind is right.type.kind is Kind.INTEGER
    result = common_type((left.type, right.type)) if whole else kind(left.type, right.type)
    if right.type is INTERVAL:
        sign = 1 if isinstance(node, exp.Add) else -1
        unit = 86_400_000 if left.type.kind is Kind.DATE else 1
        return Typed(left.type, _of_both(left, right, lambda one, other: one + sign * (other // unit)))
    if isinstance(node, exp.Div):
        divide = operate
        return Typed(
            result, _of_both(left, right, lambda one, other: as_decimal(divide(one, other), result) if other else None)
        )
    if whole:
        return Typed(result, _of_both(left, right, lambda one, other: int(operate(one, other))))
    return Typed(result, _of_both(left, right, lambda one, other: as_decimal(operate(one, other), result)))


def _of_both(left: Typed, right: Typed, operate: Callable[[Any, Any], Any]) -> Callable[[Row], Any]:
    def both(row: Row) -> Any:
        one, other = left.of(row), right.of(row)
        return None if one is None or other is None else operate(one, other)

    return both


def _mod(reader: Reader, node: exp.Mod) -> Typed:
    sides = reader.read(node.this), reader.read(node.expression)
    result, call = function("MOD", [side.type for side in sides], [])
    return Typed(result, lambda row: call([side.of(row) for side in sides]))


def _negative(reader: Reader, node: exp.Neg) -> Typed:
    inner = reader.read(node.this)
    return Typed(inner.type, lambda row: None if (held := inner.of(row)) is None else -held)


def _literal(reader: Reader, node: exp.Literal) -> Typed:
    name = node.name
    if node.is_string:
        return Typed(STRING, lambda row: name)
    if "." in name:
        whole, _, places = name.partition(".")
        found = Decimal(name)
        return Typed(Type(Kind.DECIMAL, len(whole) + len(places), len(places)), lambda row: found)
    number = int(name)
    return Typed(INT if number < _SMALL else BIGINT, lambda row: number)


def branches(node: exp.Case) -> list[tuple[exp.Expr, exp.Expr]]:
    """(condition, result) of each WHEN; of CASE x WHEN y the condition is x = y."""
    subject = node.this
    return [
        (exp.EQ(this=subject.copy(), expression=branch.this.copy()) if subject else branch.this, branch.args["true"])
        for branch in node.args["ifs"]
    ]


def _case(reader: Reader, node: exp.Case) -> Typed:
    return _first(reader, branches(node), node.args.get("default"))


def _if(reader: Reader, node: exp.If) -> Typed:
    return _first(reader, [(node.this, node.args["true"])], node.args.get("false"))


def _first(reader: Reader, found: Sequence[tuple[exp.Expr, exp.Expr]], default: exp.Expr | None) -> Typed:
    conditions = [reader.condition(condition) for condition, _ in found]
    results = [reader.read(result) for _, result in found]
    otherwise = Typed(NULL, lambda row: None) if default is None else reader.read(default)
    together = common_type([*(result.type for result in results), otherwise.type])

    def chosen(row: Row) -> Any:
        taken = next((r for c, r in zip(conditions, results, strict=True) if c(row) is True), otherwise)
        return cast(taken.of(row), taken.type, together)

    return Typed(together, chosen)


def _call(reader: Reader, node: exp.Anonymous) -> Typed:
    name = str(node.name).upper()
    arguments = [
        Typed(STRING, lambda row, text=part.name: text) if isinstance(part, exp.Var) else reader.read(part)
        for part in node.expressions
    ]
    literals = [part.name for part in node.expressions if isinstance(part, (exp.Literal, exp.Var))]
    try:
        result, call = function(name, [argument.type for argument in arguments], literals)
    except KeyError:
        raise Unexplained(f"{name} is not explained") from None
    return Typed(result, lambda row: call([argument.of(row) for argument in arguments]))


def _cast(reader: Reader, node: exp.Cast) -> Typed:
    inner = reader.read(node.this)
    wanted = type_of(node.to.sql(dialect="tagsql"))
    return Typed(wanted, lambda row: cast(inner.of(row), inner.type, wanted))


def _bracket(reader: Reader, node: exp.Bracket) -> Typed:
    held, name = reader.read(node.this).of, node.expressions[0].name
    return Typed(STRING, lambda row: (held(row) or {}).get(name))


def _extract(reader: Reader, node: exp.Extract) -> Typed:
    inner = reader.read(node.expression)
    read = part_of_time(node.this.name.upper(), inner.type)
    return Typed(BIGINT, lambda row: read([inner.of(row)]))


def _interval(reader: Reader, node: exp.Interval) -> Typed:
    length_ms = (interval_seconds(node) or 0) * 1000
    return Typed(INTERVAL, lambda row: length_ms)


def _joined_text(reader: Reader, node: exp.DPipe) -> Typed:
    return Typed(STRING, _of_both(reader.read(node.this), reader.read(node.expression), str.__add__))


def _boolean(reader: Reader, node: exp.Boolean) -> Typed:
    value = bool(node.this)
    return Typed(BOOLEAN, lambda row: value)


_RULES: Mapping[type[exp.Expr], Callable[[Reader, Any], Typed]] = {
    **CONDITIONS,
    exp.Column: Reader.column,
    exp.Literal: _literal,
    exp.Null: lambda reader, node: Typed(NULL, lambda row: None),
    exp.Boolean: _boolean,
    exp.Paren: lambda reader, node: reader.read(node.this),
    exp.Neg: _negative,
    **dict.fromkeys(_OPERATIONS, _arithmetic),
    exp.Mod: _mod,
    exp.Case: _case,
    exp.If: _if,
    exp.Bracket: _bracket,
    exp.DPipe: _joined_text,
    exp.Anonymous: _call,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Extract: _extract,
    exp.Interval: _interval,
}
