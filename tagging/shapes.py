"""The last SELECT of a tag, made to give upserts: one row a user, and changed by replacing it.

A filter above an aggregation would make the engine withdraw a row before each new one. Such a condition becomes
CASE WHEN condition THEN value END: no value is no tag. Three shapes are accepted: a GROUP BY of the user, the first row
of a rank within the user, and anything else with one row a user, which gets an aggregation of that one row around it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tagging.definition import TagDefinition
from tagging.from_items import conjuncts
from tagging.grouping import text_of
from tagging.kinds import Kind, accepted
from tagging.ranking import is_rank_condition
from tagging.scope import Report
from tagging.scopes import Resolved

_USER, _VALUE = "user_id", "value"
_GROUP = "wrap it: SELECT user_id, MAX(value) AS value FROM (...) GROUP BY user_id"


def check_output(select: exp.Expr, resolved: Resolved, definition: TagDefinition, report: Report) -> bool:
    """Whether a SELECT gives user_id and value of the tag's type; reported when not."""
    columns = resolved.columns
    if list(columns) != [_USER, _VALUE]:
        got = ", ".join("a column without a name" if name.startswith("?") else name for name in columns)
        report(select, f"a tag gives user_id and value, in this order; got {got or 'nothing'}", "name them with AS")
        return False
    user, value = select.expressions
    ok = True
    if columns[_USER] not in (Kind.STRING, Kind.UNKNOWN):
        report(user, f"user_id is text, got {columns[_USER]}", "select the column that holds the user's id")
        ok = False
    elif not list(user.find_all(exp.Column)):
        report(user, "user_id is the same for every row", "select the column that holds the user's id")
        ok = False
    if not accepted(columns[_VALUE], definition.value_type):
        hint = "change the type in the header, or use CAST(... AS ...)"
        report(value, f"the tag's type is {definition.value_type}, its value is {columns[_VALUE]}", hint)
        ok = False
    return ok


def as_upserts(
    select: exp.Select, resolved: Mapping[int, Resolved], definition: TagDefinition, report: Report
) -> exp.Select:
    """The SELECT rewritten so that the engine replaces a user's value, or reported as no accepted shape."""
    known = resolved[id(select)]
    user, value = (column.unalias() for column in select.expressions)
    if known.aggregated:
        group = select.args["group"].expressions if select.args.get("group") else []
        if [text_of(key) for key in group] != [text_of(user)]:
            message = "the last GROUP BY is the user alone, as it is selected"
            report(
                select.args.get("group") or select, message, f"GROUP BY {text_of(user).replace('`', '')}, or {_GROUP}"
            )
            return select
        if known.gathers:
            return _with_value(select, user, _only_if(select, "having", value), definition)
        return _wrapped(_with_value(select, user, value, definition))
    if frozenset({_USER}) not in known.keys or select.args.get("distinct"):
        report(select, "there can be several rows for one user", _GROUP)
        return select
    if _keeps_the_best(select, known, user):
        rank = known.best.column if known.best else ""
        where = select.args["where"]
        others = [part for part in conjuncts(where.this) if not is_rank_condition(part, rank)]
        first = next(part for part in conjuncts(where.this) if is_rank_condition(part, rank))
        where.set("this", first.copy())
        return _with_value(select, user, _case(others, value), definition)
    if _reads_one_upsert(select, resolved, user):
        return _with_value(select, user, _only_if(select, "where", value), definition)
    return _wrapped(_with_value(select, user, value, definition))


def _only_if(select: exp.Select, part: str, value: exp.Expr) -> exp.Expr:
    clause = select.args.get(part)
    select.set(part, None)
    return _case([clause.this] if clause else [], value)


def _case(conditions: list[exp.Expr], value: exp.Expr) -> exp.Expr:
    if not conditions:
        return value
    condition = exp.and_(*(part.copy() for part in conditions), copy=False)
    return exp.Case(ifs=[exp.If(this=condition, true=value.copy())])


def _with_value(select: exp.Select, user: exp.Expr, value: exp.Expr, definition: TagDefinition) -> exp.Select:
    # A decimal with too many digits is no value; a plain CAST of what is never NULL would end the job for all tags.
    cast = exp.TryCast if definition.value_type == "decimal" else exp.Cast
    typed = cast(this=value.copy(), to=exp.DataType.build(definition.flink_type, dialect="tagsql"))
    select.set("expressions", [_named(user.copy(), _USER), _named(typed, _VALUE)])
    return select


def _named(node: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=node, alias=exp.to_identifier(name, quoted=True))


def _keeps_the_best(select: exp.Select, known: Resolved, user: exp.Expr) -> bool:
    """Top-1 within the user."""
    rank, where = known.best, select.args.get("where")
    if where and where.find(exp.Query):
        return False
    return (
        rank is not None and rank.chooses and isinstance(user, exp.Column) and rank.partition == frozenset({user.name})
    )


def _reads_one_upsert(select: exp.Select, resolved: Mapping[int, Resolved], user: exp.Expr) -> bool:
    """Whether it only passes on the rows of a derived table that is grouped by the user, with no filter of its own."""
    item = select.args["from_"].this
    if select.args.get("joins") or not isinstance(item, exp.Subquery) or not isinstance(user, exp.Column):
        return False
    inner = item.this
    if not isinstance(inner, exp.Select) or not resolved[id(inner)].gathers or inner.args.get("having"):
        return False
    where = select.args.get("where")
    if where and where.find(exp.Query):
        return False
    return resolved[id(inner)].keys == frozenset({frozenset({user.name})})


def _wrapped(select: exp.Select) -> exp.Select:
    """One row a user already: the maximum changes nothing but how the row is kept.

    The engine drops an aggregation over what it knows to be unique, and with it the upserts; not one with a FILTER.
    """
    alias = exp.to_identifier("tagged", quoted=True)
    user = exp.column(_USER, table="tagged", quoted=True)
    value = exp.column(_VALUE, table="tagged", quoted=True)
    present = exp.Where(this=exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null())))
    highest = exp.Filter(this=exp.Anonymous(this="MAX", expressions=[value]), expression=present)
    outer = exp.Select(
        expressions=[_named(user, _USER), _named(highest, _VALUE)],
        group=exp.Group(expressions=[user.copy()]),
    )
    outer.set("from_", exp.From(this=exp.Subquery(this=select, alias=exp.TableAlias(this=alias))))
    return outer
