"""Rules for literals, conditions, comparisons, arithmetic, CASE and map access: what goes with what, and what it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from tagging.kinds import NUMBERS, TIMES, Kind, comparable
from tagging.scope import Scope

_BOOLEAN = frozenset({Kind.BOOLEAN})
_TEXT = frozenset({Kind.STRING})
_MAP_NAME = re.compile(r"[\w.\- ]{1,64}", re.ASCII)
_SIGNS = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_AS_DECIMAL = "use CAST(... AS DECIMAL(18, 4)) on one of them"


def _literal(node: exp.Literal, scope: Scope) -> Kind:
    if node.is_string:
        return Kind.STRING
    return Kind.DECIMAL if "." in node.name else Kind.INTEGER


def _condition(node: exp.Expr, scope: Scope) -> Kind:
    for side in (node.this, node.args.get("expression")):
        if side is not None:
            scope.expect(side, _BOOLEAN, "a condition")
    return Kind.BOOLEAN


def _comparison(node: exp.Expr, scope: Scope) -> Kind:
    sides = [part for part in (node.args.get(key) for key in ("this", "expression", "low", "high")) if part is not None]
    kinds = [scope.kind(side) for side in sides]
    for side, kind in zip(sides[1:], kinds[1:], strict=True):
        if Kind.NULL in (kind, kinds[0]):
            scope.report(side, "a comparison with NULL is never true", "use IS NULL or IS NOT NULL")
        elif not comparable(kinds[0], kind) or Kind.INTERVAL in (kind, kinds[0]):
            scope.report(side, f"{kinds[0]} cannot be compared with {kind}", "use CAST(... AS ...) on one of them")
    return Kind.BOOLEAN


def _is(node: exp.Is, scope: Scope) -> Kind:
    if isinstance(node.expression, exp.Boolean):
        scope.expect(node.this, _BOOLEAN, "what is IS TRUE or IS FALSE")
        return Kind.BOOLEAN
    scope.kind(node.this)
    if not isinstance(node.expression, exp.Null):
        scope.report(node.expression, "IS is followed by NULL, TRUE or FALSE", "use = to compare")
    return Kind.BOOLEAN


def _in(node: exp.In, scope: Scope) -> Kind:
    kind = scope.kind(node.this)
    query = node.args.get("query")
    others = [(query, scope.subquery(query))] if query is not None else []
    others += [(item, scope.kind(item)) for item in node.expressions]
    for item, other in others:
        if other is Kind.NULL:
            scope.report(item, "a comparison with NULL is never true", "use IS NULL")
        elif not comparable(kind, other):
            scope.report(item, f"{kind} cannot be compared with {other}", "use CAST(... AS ...) on one of them")
    return Kind.BOOLEAN


def _like(node: exp.Like, scope: Scope) -> Kind:
    scope.expect(node.this, _TEXT, "the left side of LIKE")
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string and len(pattern.name) <= 64):
        scope.report(pattern, "a LIKE pattern is a text of at most 64 characters, written out", "write LIKE 'prefix%'")
    elif len(re.findall(r"[%_]+", pattern.name)) > 4:
        scope.report(pattern, "a LIKE pattern has at most 4 wildcards", "use several LIKE joined by AND")
    return Kind.BOOLEAN


def _arithmetic(node: exp.Binary, scope: Scope) -> Kind:
    left, right = scope.kind(node.this), scope.kind(node.expression)
    if Kind.UNKNOWN in (left, right):
        return Kind.UNKNOWN
    if isinstance(node, (exp.Add, exp.Sub)) and left in TIMES and right is Kind.INTERVAL:
        return left
    if left in NUMBERS and right in NUMBERS:
        if isinstance(node, exp.Div) and left == right == Kind.INTEGER:
            scope.report(node, "a whole number divided by a whole number loses its fraction", _AS_DECIMAL)
        if isinstance(node, exp.Mod) and Kind.DECIMAL in (left, right):
            scope.report(node, "% takes whole numbers", "use FLOOR or CAST(... AS BIGINT)")
        return Kind.DECIMAL if Kind.DECIMAL in (left, right) else Kind.INTEGER
    hint = "use TIMESTAMPDIFF(DAY, from, to)" if {left, right} <= TIMES else "use CAST(... AS DECIMAL(18, 4))"
    scope.report(node, f"there is no {left} {_SIGNS[type(node)]} {right}", hint)
    return Kind.UNKNOWN


def _case(node: exp.Case, scope: Scope) -> Kind:
    subject = scope.kind(node.this) if node.this else None
    kinds: list[tuple[exp.Expr, Kind]] = []
    for branch in node.args["ifs"]:
        if subject is None:
            scope.expect(branch.this, _BOOLEAN, "what follows WHEN")
        elif not comparable(subject, scope.kind(branch.this)):
            scope.report(branch.this, f"not {subject}, which CASE compares with", "use CAST(... AS ...)")
        kinds.append((branch.args["true"], scope.kind(branch.args["true"])))
    default = node.args.get("default")
    if default is not None:
        kinds.append((default, scope.kind(default)))
    return scope.together(kinds, "the results of CASE")


def _if(node: exp.If, scope: Scope) -> Kind:
    scope.expect(node.this, _BOOLEAN, "the condition of IF")
    parts = [part for part in (node.args.get("true"), node.args.get("false")) if part is not None]
    return scope.together([(part, scope.kind(part)) for part in parts], "the results of IF")


def _concat(node: exp.DPipe, scope: Scope) -> Kind:
    for side in (node.this, node.expression):
        scope.expect(side, _TEXT, "a side of ||")
    return Kind.STRING


def _subquery(node: exp.Subquery, scope: Scope) -> Kind:
    scope.report(node, "a SELECT is not a value", "join a derived table that is grouped by user_id")
    return Kind.UNKNOWN


def _bracket(node: exp.Bracket, scope: Scope) -> Kind:
    kind = scope.kind(node.this)
    names = node.expressions
    if kind is Kind.UNKNOWN:
        return kind
    if kind is not Kind.MAP:
        scope.report(node, f"[...] reads a map such as properties, got {kind}", "write properties['campaign']")
        return Kind.UNKNOWN
    name = names[0] if len(names) == 1 else None
    if not (isinstance(name, exp.Literal) and name.is_string and _MAP_NAME.fullmatch(name.name)):
        scope.report(
            node, "a property's name is a text of 1 to 64 characters, written out", "write properties['campaign']"
        )
    return Kind.STRING


RULES: Mapping[type[exp.Expr], Callable[..., Kind]] = {
    exp.Column: lambda node, scope: scope.column(node),
    exp.Literal: _literal,
    exp.Null: lambda node, scope: Kind.NULL,
    exp.Boolean: lambda node, scope: Kind.BOOLEAN,
    exp.Paren: lambda node, scope: scope.kind(node.this),
    exp.Neg: lambda node, scope: scope.expect(node.this, NUMBERS, "what follows -"),
    **dict.fromkeys((exp.And, exp.Or, exp.Not), _condition),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between), _comparison),
    **dict.fromkeys(_SIGNS, _arithmetic),
    exp.Is: _is,
    exp.In: _in,
    exp.Like: _like,
    exp.Case: _case,
    exp.If: _if,
    exp.Bracket: _bracket,
    exp.DPipe: _concat,
    exp.Subquery: _subquery,
}
