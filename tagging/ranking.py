"""Top-N: ROW_NUMBER() in a derived table, and the WHERE around it that keeps the first rows."""

from __future__ import annotations

from sqlglot import exp

from tagging.from_items import conjuncts
from tagging.functions import RANKING
from tagging.grouping import column_names, text_of
from tagging.kinds import Kind
from tagging.relations import Keys, Rank, Relation
from tagging.scope import Report, Scope

MOST_KEPT = 100
_FORM = "ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY n DESC, category) AS rn"


def find_rank(select: exp.Select, report: Report) -> exp.Window | None:
    """The one ROW_NUMBER() column of a SELECT; its form is checked."""
    windows = [
        column.this
        for column in select.expressions
        if isinstance(column, exp.Alias) and isinstance(column.this, exp.Window) and _is_ranking(column.this)
    ]
    for window in windows[1:]:
        report(window, "more than one rank in a SELECT", "use a derived table for each")
    if not windows:
        return None
    window = windows[0]
    if window.this.expressions:
        report(window, "ROW_NUMBER() takes no arguments", f"write {_FORM}")
    if not window.args.get("partition_by") or not window.args.get("order"):
        report(window, "a rank needs PARTITION BY and ORDER BY", f"write {_FORM}")
    for key in window.args["order"].expressions if window.args.get("order") else ():
        if isinstance(key, exp.Ordered) and bool(key.args.get("nulls_first")) == bool(key.args.get("desc")):
            report(key, "NULLS FIRST and NULLS LAST are not allowed", "use COALESCE(column, 0)")
    return window


def _is_ranking(window: exp.Window) -> bool:
    return isinstance(window.this, exp.Anonymous) and str(window.this.name).upper() == RANKING


def rank_of(select: exp.Select, window: exp.Window, below: Keys, scope: Scope) -> Rank:
    """What a rank says of the columns beside it. `below`: keys of what the SELECT reads, as alias.column."""
    window.this.set("this", RANKING)
    for key in _partition_and_order(window):
        value = key.this if isinstance(key, exp.Ordered) else key
        if scope.kind(value) in (Kind.MAP, Kind.INTERVAL):
            scope.report(key, "a rank compares values that have an order", "use a column of text, number or time")
    partitions = window.args.get("partition_by") or []
    partition = [text_of(key) for key in partitions]
    # Read again: what a rule rewrote is now another node.
    orders = _partition_and_order(window)[len(partitions) :]
    fixed = {*partition, *(text_of(key.this) for key in orders)}
    ranked = column_names(key.this if isinstance(key, exp.Ordered) else key for key in (*partitions, *orders))
    outputs = {text_of(column.unalias()): column.alias_or_name for column in select.expressions}
    settled = frozenset(
        column.alias_or_name
        for column in select.expressions
        if column.unalias() is not window
        and (text_of(column.unalias()) in fixed or all(text_of(part) in fixed for part in _columns_of(column)))
    )
    names = [outputs.get(key) for key in partition]
    return Rank(
        column=next(column.alias for column in select.expressions if column.unalias() is window),
        window=window,
        partition=frozenset(str(name) for name in names) if names and all(names) else None,
        settled=settled,
        total=any(key <= ranked for key in below),
        chooses=not any(key <= column_names(partitions) for key in below),
    )


def _partition_and_order(window: exp.Window) -> list[exp.Expr]:
    order = window.args.get("order")
    return [*(window.args.get("partition_by") or ()), *(order.expressions if order else ())]


def _columns_of(node: exp.Expr) -> list[exp.Expr]:
    return list(node.find_all(exp.Column))


def kept_ranks(select: exp.Select, relations: list[Relation], report: Report) -> Rank | None:
    """Check the WHERE around ranked derived tables; the rank of which only the first row of each part is kept."""
    best = None
    for relation in relations:
        rank = relation.rank
        if rank is None:
            continue
        if len(relations) > 1:
            report(rank.window, "a ranked derived table is joined", "keep its first rows in a derived table of its own")
            continue
        where = select.args.get("where")
        kept = [_most(part, rank.column) for part in (conjuncts(where.this) if where else ())]
        numbers = [number for number in kept if number is not None]
        if not numbers:
            report(rank.window, "nothing keeps the first rows of this rank", f"add WHERE {rank.column} = 1 around it")
            continue
        if not 1 <= min(numbers) <= MOST_KEPT:
            report(where, f"a rank keeps from 1 to {MOST_KEPT} rows", f"write {rank.column} <= 3")
        loose = relation.used - rank.settled - {rank.column}
        if loose and not rank.total:
            names = ", ".join(sorted(loose))
            report(
                rank.window.args.get("order") or rank.window,
                "rows that are equal in this order could come in any order",
                f"add {names} at the end of ORDER BY",
            )
        best = rank if min(numbers) == 1 else None
    return best


def _most(part: exp.Expr, column: str) -> int | None:
    """N of rn = 1, rn <= N and rn < N + 1; None for any other condition."""
    if not isinstance(part, (exp.EQ, exp.LTE, exp.LT)):
        return None
    left, right = part.this, part.expression
    if not isinstance(left, exp.Column) or left.name != column:
        return None
    if not isinstance(right, exp.Literal) or right.is_string or not right.name.isdecimal():
        return None
    number = int(right.name)
    if isinstance(part, exp.EQ):
        return 1 if number == 1 else None
    return number - isinstance(part, exp.LT)


def is_rank_condition(part: exp.Expr, column: str) -> bool:
    """Whether a condition keeps the first row of a rank."""
    return _most(part, column) == 1
