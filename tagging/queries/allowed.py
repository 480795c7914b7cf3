"""The kinds of node that a query's tree may have, and which of their parts. Anything else is refused, known or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from tagging.problems import did_you_mean
from tagging.queries.functions import FUNCTIONS, INSTEAD, is_allowed
from tagging.queries.views import VIEWS
from tagging.reading import NAME, offset_of

_BINARY = frozenset({"this", "expression"})
_UNARY = frozenset({"this"})
_CALL = frozenset({"this", "expressions"})
_SET = frozenset({"this", "expression", "distinct", "with_"})

NODES: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset(
        [
            "expressions",
            "from_",
            "joins",
            "where",
            "group",
            "having",
            "qualify",
            "distinct",
            "order",
            "limit",
            "offset",
            "with_",
        ]
    ),
    exp.Union: _SET,
    exp.Except: _SET,
    exp.Intersect: _SET,
    exp.Subquery: frozenset({"this", "alias"}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.TableAlias: _UNARY,
    exp.From: _UNARY,
    exp.Table: frozenset({"this", "alias"}),
    exp.Join: frozenset({"this", "on", "using", "side", "kind"}),
    exp.Where: _UNARY,
    exp.Group: frozenset({"expressions"}),
    exp.Having: _UNARY,
    exp.Qualify: _UNARY,
    exp.Distinct: frozenset({"expressions"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Star: frozenset(),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Null: frozenset(),
    exp.Boolean: _UNARY,
    exp.Paren: _UNARY,
    exp.Tuple: frozenset({"expressions"}),
    exp.Array: frozenset({"expressions", "bracket_notation"}),
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.Not: _UNARY,
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.Is: _BINARY,
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Exists: _UNARY,
    exp.Like: _BINARY | {"negate"},
    exp.ILike: _BINARY | {"negate"},
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: _BINARY | {"typed", "safe"},
    exp.Mod: _BINARY,
    exp.Neg: _UNARY,
    exp.DPipe: _BINARY | {"safe"},
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "expressions", "nested", "nullable"}),
    exp.DataTypeParam: _UNARY,
    exp.Interval: frozenset({"this", "unit"}),
    exp.Var: _UNARY,
    exp.Bracket: frozenset({"this", "expressions", "offset"}),
    exp.Anonymous: _CALL,
    exp.AnonymousAggFunc: _CALL,
    exp.CombinedAggFunc: _CALL,
    exp.ParameterizedAgg: _CALL | {"params"},
    exp.CombinedParameterizedAgg: _CALL | {"params"},
    exp.Window: frozenset({"this", "partition_by", "order", "over"}),
}
"""Node -> its parts."""

_CALLS = (
    exp.Anonymous,
    exp.AnonymousAggFunc,
    exp.CombinedAggFunc,
    exp.ParameterizedAgg,
    exp.CombinedParameterizedAgg,
)
_TYPES = frozenset(
    {
        *(
            exp.DType.BOOLEAN,
            exp.DType.DATE,
            exp.DType.DATETIME,
            exp.DType.DATETIME64,
            exp.DType.DOUBLE,
            exp.DType.FLOAT,
        ),
        *(exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.TEXT, exp.DType.VARCHAR),
        *(exp.DType.UTINYINT, exp.DType.USMALLINT, exp.DType.UINT, exp.DType.UBIGINT, exp.DType.DECIMAL),
    }
)
_UNITS = frozenset(["SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"])
_JOIN_KINDS = frozenset({"", "INNER", "OUTER", "CROSS", "ANY", "SEMI", "ANTI"})

_WHAT: Mapping[str, tuple[str, str]] = {
    "settings": ("SETTINGS", "the limits of a query are not its own"),
    "format": ("FORMAT", "export the result as CSV"),
    "final": ("FINAL", "the views are correct without it"),
    "prewhere": ("PREWHERE", "use WHERE"),
    "sample": ("SAMPLE", "use LIMIT"),
    "into": ("INTO", "a query only reads"),
    "locks": ("a lock", "a query only reads"),
    "db": ("a qualified name", f"read one of {', '.join(VIEWS)}"),
    "catalog": ("a qualified name", f"read one of {', '.join(VIEWS)}"),
    "recursive": ("WITH RECURSIVE", "use a plain WITH"),
    "scalar": ("WITH <expression> AS <name>", "write WITH <name> AS (SELECT ...)"),
    "global_": ("GLOBAL", "use a plain JOIN"),
    "method": ("this kind of join", "use JOIN or LEFT JOIN with ON"),
    "except_": ("* EXCEPT", "name the columns"),
    "replace": ("* REPLACE", "name the columns"),
    "columns": ("a list of column names here", "name columns with AS in the SELECT"),
    "windows": ("WINDOW", "write OVER (PARTITION BY ... ORDER BY ...) out"),
    "spec": ("a window frame", "OVER takes PARTITION BY and ORDER BY"),
    "laterals": ("ARRAY JOIN", "use arrayJoin(...) in the SELECT"),
}
"""A part that is refused -> what to call it, and what to do instead."""

Found = tuple[int, str, str]


def refused(tree: exp.Query) -> Iterator[Found]:
    """(offset, message, suggestion) of everything that is not listed, or that names what there is not."""
    names = {cte.alias for cte in tree.find_all(exp.CTE)}
    yield from _visit(tree, names)


def _visit(node: exp.Expr, names: set[str]) -> Iterator[Found]:
    parts = NODES.get(type(node))
    if parts is None:
        yield offset_of(node), f"{_name(node)} is not allowed", _hint(node)
        return
    yield from _this(node, names)
    for part, value in node.args.items():
        if value in (None, False, "") or value == []:
            continue
        if part not in parts:
            what, hint = _WHAT.get(part, (f"{part.strip('_')} of {_name(node)}", "remove it"))
            yield offset_of(node), f"{what} is not allowed", hint
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expr):
                yield from _visit(child, names)


def _this(node: exp.Expr, names: set[str]) -> Iterator[Found]:
    """What is asked of a node beside its kind."""
    match node:
        case exp.Table():
            yield from _table(node, names)
        case exp.Select() if not node.expressions:
            yield offset_of(node), "SELECT has nothing to show", "name columns, or *"
        case exp.SetOperation() if not all(isinstance(part, exp.Query) for part in (node.this, node.expression)):
            yield offset_of(node), f"{_name(node)} joins two queries", "write SELECT ... UNION ALL SELECT ..."
        case exp.Subquery() if not isinstance(node.this, exp.Query):
            yield offset_of(node), "brackets hold a query here", "write (SELECT ...)"
        case exp.From() if not isinstance(node.this, exp.Table | exp.Subquery):
            yield offset_of(node), "FROM takes a view or a query in brackets", f"read one of {', '.join(VIEWS)}"
        case exp.CTE():
            if not isinstance(node.this, exp.Query):
                yield offset_of(node), "WITH <expression> AS <name> is not allowed", "write WITH <name> AS (SELECT ...)"
            elif node.alias in VIEWS:
                yield offset_of(node), f"{node.alias} is a view already", "choose another name"
        case exp.Identifier():
            if not NAME.fullmatch(node.name):
                yield offset_of(node), f"{node.name[:70]!r} is not a name", "use a-z, 0-9 and _, from a letter on"
        case exp.DataType():
            if node.this not in _TYPES:
                yield (
                    offset_of(node),
                    f"the type {node.sql(dialect='clickhouse')[:60]} is not allowed",
                    "cast to a plain type",
                )
        case exp.Interval():
            yield from _interval(node)
        case exp.Var():
            if not isinstance(node.parent, exp.Interval):
                yield offset_of(node), f"{node.name[:30]!r} is out of place here", "remove it"
        case exp.Limit() | exp.Offset():
            if not (isinstance(node.expression, exp.Literal) and node.expression.name.isdigit()):
                yield offset_of(node), f"{_name(node)} takes one whole number", "write LIMIT 100"
        case exp.Join():
            if not isinstance(node.this, exp.Table | exp.Subquery):
                yield offset_of(node), "JOIN takes a view or a query in brackets", f"read one of {', '.join(VIEWS)}"
            elif node.kind.upper() not in _JOIN_KINDS:
                yield offset_of(node), f"{node.kind} JOIN is not allowed", "use JOIN or LEFT JOIN with ON"
        case _ if isinstance(node, _CALLS):
            yield from _call(node)


def _table(node: exp.Table, names: set[str]) -> Iterator[Found]:
    if not isinstance(node.this, exp.Identifier):
        yield (
            offset_of(node),
            f"a table function is not allowed ({_called(node.this)})",
            f"read one of {', '.join(VIEWS)}",
        )
    elif node.name not in VIEWS and node.name not in names:
        yield offset_of(node), f"there is no view {node.name[:70]}", did_you_mean(node.name, {*VIEWS, *names})


def _interval(node: exp.Interval) -> Iterator[Found]:
    unit = node.args.get("unit")
    if not isinstance(unit, exp.Var) or unit.name.upper() not in _UNITS:
        yield offset_of(node), "an interval has a number and one unit", "write INTERVAL 7 DAY"


def _call(node: exp.Expr) -> Iterator[Found]:
    name = node.this
    if not isinstance(name, str) or not is_allowed(name):
        said = _called(node)
        hint = INSTEAD.get(said.lower()) or did_you_mean(said, FUNCTIONS)
        yield offset_of(node), f"the function {said[:70]} is not allowed", hint
    elif name.lower() == "if" and len(node.expressions) != 3:
        # Every other function may have any number of arguments as far as text goes; this one is half a keyword.
        yield (
            offset_of(node),
            f"if takes 3 arguments, got {len(node.expressions)}",
            "write if(condition, then, otherwise)",
        )


def _called(node: exp.Expr) -> str:
    return node.name or type(node).__name__.lower()


def _hint(node: exp.Expr) -> str:
    if isinstance(node, exp.Placeholder | exp.Parameter):
        return "write the value out"
    return "the views are correct without it" if isinstance(node, exp.Final) else "remove it"


def _name(node: exp.Expr) -> str:
    return type(node).__name__.upper()
