"""Rules for functions: the table of functions decides; an argument that must be written out is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from tagging.functions import FUNCTIONS, RANKING, REFUSED, UNITS, Form, Function
from tagging.kinds import Kind
from tagging.problems import did_you_mean
from tagging.scope import Scope


def _function(node: exp.Anonymous, scope: Scope) -> Kind:
    name = str(node.name).upper()
    function = FUNCTIONS.get(name)
    if function is None:
        if name in REFUSED:
            message, hint = REFUSED[name]
            scope.report(node, f"{name} {message}", hint)
        elif name == RANKING:
            scope.report(node, "ROW_NUMBER() is a column of a derived table", "write ROW_NUMBER() OVER (...) AS rn")
        else:
            scope.report(node, f"unknown function {name[:40]!r}", did_you_mean(name, FUNCTIONS))
        return Kind.UNKNOWN
    if isinstance(node.this, exp.Identifier):
        scope.report(node, "a function's name is not quoted", f"write {name}(...)")
    node.set("this", name)
    return _call(node, name, function, scope)


def _call(node: exp.Anonymous, name: str, function: Function, scope: Scope) -> Kind:
    arguments = list(node.expressions)
    if function.aggregate and len(arguments) == 1:
        if name == "COUNT" and isinstance(arguments[0], exp.Star):
            return Kind.INTEGER
        if isinstance(arguments[0], exp.Distinct):
            arguments = list(arguments[0].expressions)
    if not function.fewest <= len(arguments) <= function.most:
        takes = str(function.fewest) if function.fewest == function.most else f"{function.fewest} to {function.most}"
        plural = "" if takes == "1" else "s"
        scope.report(node, f"{name} takes {takes} argument{plural}, got {len(arguments)}", "")
        for argument in arguments:
            if not isinstance(argument, (exp.Distinct, exp.Star)):
                scope.kind(argument)
        return function.result or Kind.UNKNOWN
    kinds = []
    for index, argument in enumerate(arguments):
        parameter = function.parameters[min(index, len(function.parameters) - 1)]
        if isinstance(parameter, Form):
            if not _has_form(argument, parameter):
                scope.report(argument, f"argument {index + 1} of {name} is {parameter.value}", "")
            elif parameter is Form.UNIT:
                argument.replace(exp.var(argument.name.upper()))
        else:
            kinds.append((argument, scope.expect(argument, parameter, f"argument {index + 1} of {name}")))
    together = scope.together(kinds, f"the arguments of {name}") if function.result is None else Kind.UNKNOWN
    return function.result or together


def _has_form(node: exp.Expr, form: Form) -> bool:
    if form is Form.UNIT:
        return isinstance(node, exp.Column) and not node.table and node.name.upper() in UNITS
    if not isinstance(node, exp.Literal):
        return False
    if form in (Form.COUNT, Form.PLACES):
        low, high = (1, 256) if form is Form.COUNT else (0, 18)
        return not node.is_string and node.name.isdecimal() and low <= int(node.name) <= high
    if form is Form.TIME_PATTERN:
        return node.is_string and bool(re.fullmatch(r"(yyyy|MM|dd|HH|mm|ss|[-:./ ])+", node.name))
    return node.is_string and 1 <= len(node.name) <= 16


def _filter(node: exp.Filter, scope: Scope) -> Kind:
    if not (isinstance(node.this, exp.Anonymous) and is_aggregate(node.this)):
        scope.report(node, "FILTER follows an aggregate", "write COUNT(*) FILTER (WHERE ...)")
    scope.expect(node.expression.this, frozenset({Kind.BOOLEAN}), "the condition of FILTER")
    return scope.kind(node.this)


def _window(node: exp.Window, scope: Scope) -> Kind:
    name = node.this.name.upper() if isinstance(node.this, exp.Anonymous) else ""
    if name in REFUSED:
        scope.report(node, f"{name} {REFUSED[name][0]}", REFUSED[name][1])
        return Kind.UNKNOWN
    scope.report(
        node, "OVER (...) is only for a column ROW_NUMBER() OVER (...) AS rn", "use GROUP BY for sums and counts"
    )
    return Kind.UNKNOWN


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a node is the call of an aggregate."""
    if not isinstance(node, exp.Anonymous):
        return False
    function = FUNCTIONS.get(str(node.name).upper())
    return bool(function and function.aggregate)


RULES: Mapping[type[exp.Expr], Callable[..., Kind]] = {
    exp.Anonymous: _function,
    exp.Filter: _filter,
    exp.Window: _window,
}
