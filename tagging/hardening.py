"""Rewrites what the engine would fail on, or read differently: one bad row must not stop a job that all tags share."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tagging.scope import Report

MOST_JOINED_TEXTS = 10
_PREDICATES = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like)
_BINDING: Mapping[type[exp.Expr], int] = {
    exp.Or: 1,
    exp.And: 2,
    exp.Not: 3,
    **dict.fromkeys(_PREDICATES, 4),
    exp.DPipe: 5,
    exp.Add: 6,
    exp.Sub: 6,
    exp.Mul: 7,
    exp.Div: 7,
    exp.Neg: 8,
}
_GROUPS_LEFT = (1, 2, 5, 6, 7)


def check_growth(tree: exp.Query, report: Report) -> None:
    """Report a tag that joins texts so often that one could grow without bound through its derived tables."""
    pipes = list(tree.find_all(exp.DPipe))
    calls = [node for node in tree.find_all(exp.Anonymous) if node.name.upper() == "CONCAT"]
    joins = len(pipes) + sum(max(0, len(node.expressions) - 1) for node in calls)
    if joins > MOST_JOINED_TEXTS:
        message = f"texts are joined {joins} times, at most {MOST_JOINED_TEXTS} are allowed"
        report((pipes + calls)[0], message, "join fewer columns")


def hardened(tree: exp.Query) -> exp.Query:
    """A copy in which a division by zero is NULL, % is MOD, and no meaning hangs on which operator binds more tightly."""
    root = tree.copy()
    for node in list(root.find_all(exp.Mod)):
        node.replace(exp.Anonymous(this="MOD", expressions=[_bare(node.this), _bare(node.expression)]))
    for node in list(root.find_all(exp.Div)):
        node.set("expression", _not_zero(node.expression))
    for node in list(root.find_all(exp.Anonymous)):
        if node.name.upper() == "MOD":
            node.set("expressions", [node.expressions[0], _not_zero(node.expressions[1])])
    for node in list(root.walk()):
        _bracket(node)
    return root


def _not_zero(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Literal) and float(node.name) != 0:
        return node.copy()
    return exp.Anonymous(this="NULLIF", expressions=[_bare(node), exp.Literal.number(0)])


def _bare(node: exp.Expr) -> exp.Expr:
    return (node.this if isinstance(node, exp.Paren) else node).copy()


def _bracket(node: exp.Expr) -> None:
    """Put brackets around operands that another grammar could read as belonging elsewhere, such as a = b IS NULL."""
    own = _BINDING.get(type(node))
    if own is None:
        return
    for child in list(node.iter_expressions()):
        inner = _BINDING.get(type(child))
        if inner is None or (inner > own and {own, inner} != {5, 6}):
            continue
        if inner == own and own in _GROUPS_LEFT and child is node.this:
            continue
        brackets = exp.Paren()
        child.replace(brackets)
        brackets.set("this", child)
