"""GROUP BY: what may stand beside the aggregates of a SELECT."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from tagging.allowed import is_cut
from tagging.calls import is_aggregate
from tagging.dialect import TagSql
from tagging.functions import FUNCTIONS
from tagging.scope import UNKNOWN_COLUMN, Report


def text_of(node: exp.Expr) -> str:
    """An expression as one line, to tell whether two are the same."""
    return node.sql(dialect=TagSql, identify=True, comments=False)


def column_names(nodes: Iterable[exp.Expr]) -> set[str]:
    """The plain columns among some expressions, as alias.column."""
    return {f"{node.table}.{node.name}" for node in nodes if isinstance(node, exp.Column)}


def check_grouping(select: exp.Select, report: Report) -> None:
    """Report columns that are neither grouped nor aggregated, aggregates in aggregates, and a missing GROUP BY."""
    group = select.args.get("group")
    if group and is_cut(group):
        return
    if not group or not group.expressions:
        report(select, "an aggregate over everyone", "add GROUP BY user_id")
    keys = {text_of(key) for key in group.expressions} if group else set()
    for part in (*select.expressions, select.args.get("having")):
        if part is not None:
            _check(part, keys, report)
    for key in group.expressions if group else ():
        _no_aggregates(key, "GROUP BY", report)


def check_no_aggregates(select: exp.Select, report: Report) -> None:
    """Report aggregates in WHERE and ON."""
    where = select.args.get("where")
    if where:
        _no_aggregates(where, "WHERE", report)
    for join in select.args.get("joins") or ():
        if join.args.get("on"):
            _no_aggregates(join.args["on"], "ON", report)


def _no_aggregates(node: exp.Expr, where: str, report: Report) -> None:
    if isinstance(node, exp.Query):
        return
    if is_aggregate(node):
        report(node, f"an aggregate in {where}", "use HAVING, or a derived table")
        return
    for child in node.iter_expressions():
        _no_aggregates(child, where, report)


def _check(node: exp.Expr, keys: set[str], report: Report) -> None:
    if is_aggregate(node):
        for inner in node.walk():
            if inner is not node and is_aggregate(inner):
                report(inner, "an aggregate inside an aggregate", "use a derived table")
        return
    if text_of(node) in keys or isinstance(node, exp.Query):
        return
    if isinstance(node, exp.Anonymous) and node.name.upper() not in FUNCTIONS:
        return
    if isinstance(node, exp.Column):
        if isinstance(node.this, exp.Identifier) and UNKNOWN_COLUMN not in node.meta:
            report(node, f"{node.name!r} is neither grouped nor aggregated", f"use MAX({node.name}) or group by it")
        return
    for child in node.iter_expressions():
        if isinstance(node, exp.Filter) and child is node.expression:
            for inner in child.walk():
                if is_aggregate(inner):
                    report(inner, "an aggregate in FILTER", "use a derived table")
            continue
        _check(child, keys, report)
