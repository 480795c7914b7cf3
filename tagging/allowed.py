"""The kinds of node that a tag's tree may have, and which of their parts. Anything else is refused, known or not."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tagging.reading import offset_of

REFUSED = exp.Placeholder
"""What stands in the tree for a refused part, so that the rest can be checked. No author can write it."""

_BINARY = frozenset({"this", "expression"})
_UNARY = frozenset({"this"})

NODES: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset(
        {"expressions", "from_", "joins", "where", "group", "having", "qualify", "distinct", "with_"}
    ),
    exp.Union: frozenset({"this", "expression", "distinct", "with_"}),
    exp.Subquery: frozenset({"this", "alias"}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.TableAlias: _UNARY,
    exp.From: _UNARY,
    exp.Table: frozenset({"this", "alias"}),
    exp.Join: frozenset({"this", "on", "side", "kind"}),
    exp.Where: _UNARY,
    exp.Group: frozenset({"expressions"}),
    exp.Having: _UNARY,
    exp.Qualify: _UNARY,
    exp.Distinct: frozenset({"expressions"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Star: frozenset(),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Null: frozenset(),
    exp.Boolean: _UNARY,
    exp.Paren: _UNARY,
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
    exp.Like: _BINARY | {"negate"},
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: _BINARY | {"typed"},
    exp.Mod: _BINARY,
    exp.Neg: _UNARY,
    exp.DPipe: _BINARY | {"safe"},
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe"}),
    exp.DataType: frozenset({"this", "expressions", "nested", "kind"}),
    exp.DataTypeParam: _UNARY,
    exp.Extract: _BINARY,
    exp.Var: _UNARY,
    exp.Interval: frozenset({"this", "unit"}),
    exp.Bracket: frozenset({"this", "expressions"}),
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.Filter: _BINARY,
    exp.Window: frozenset({"this", "partition_by", "order", "over"}),
}
"""Node -> its parts."""

_OTHERS: Mapping[type[exp.Expr], tuple[str, str]] = {
    exp.Exists: ("EXISTS", "use IN (SELECT ...), or join a derived table that is grouped by user_id"),
    exp.Any: ("ANY", "use IN (...)"),
    exp.All: ("ALL", "join a derived table that is grouped by user_id"),
    exp.Lateral: ("LATERAL", "join sources on their columns"),
    exp.Unnest: ("UNNEST", "properties['name'] reads one property"),
    exp.Values: ("VALUES", "read a source"),
    exp.ILike: ("ILIKE", "use LOWER(text) LIKE 'a%'"),
    exp.RegexpLike: ("a regular expression", "use LIKE 'prefix%'"),
    exp.SimilarTo: ("SIMILAR TO", "use LIKE 'prefix%'"),
    exp.Glob: ("GLOB", "use LIKE 'prefix%'"),
    exp.Escape: ("ESCAPE", "a pattern has only % and _"),
    exp.Intersect: ("INTERSECT", "use IN (SELECT ...), or COUNT with a condition"),
    exp.Except: ("EXCEPT", "use a LEFT JOIN, or COUNT with a condition"),
    exp.Placeholder: ("a parameter", "write the value out"),
    exp.Parameter: ("a parameter", "write the value out"),
    exp.Dot: ("a name with dots", "write alias.column"),
    exp.NullSafeEQ: ("IS NOT DISTINCT FROM", "use = and IS NULL"),
    exp.NullSafeNEQ: ("IS DISTINCT FROM", "use <> and IS NULL"),
    exp.JSONExtract: ("->", "properties['name'] reads one property"),
    exp.Tuple: ("a list of values here", "compare the columns one by one"),
    exp.Array: ("an array", "tags have plain values"),
    exp.Struct: ("a structure", "tags have plain values"),
    exp.Collate: ("COLLATE", "texts are compared byte by byte"),
    exp.AtTimeZone: ("AT TIME ZONE", "all times are UTC"),
    exp.IntervalSpan: ("an interval of two units", "use one unit, such as INTERVAL '90' MINUTE"),
}
"""Node -> what to call it, and what to use instead."""

_PARTS: Mapping[str, tuple[str, str]] = {
    "limit": ("LIMIT", "rank with ROW_NUMBER() OVER (...) and WHERE rn <= 3 around it"),
    "offset": ("OFFSET", "rank with ROW_NUMBER() OVER (...)"),
    "fetch": ("FETCH", "rank with ROW_NUMBER() OVER (...)"),
    "order": ("ORDER BY", "a tag is a set: order inside ROW_NUMBER() OVER (... ORDER BY ...)"),
    "hint": ("a hint", "remove it"),
    "hints": ("a hint", "remove it"),
    "laterals": ("LATERAL", "join sources on their columns"),
    "windows": ("WINDOW", "write OVER (PARTITION BY ... ORDER BY ...) out"),
    "match": ("MATCH_RECOGNIZE", "use CASE stages and MAX, or a join"),
    "match_recognize": ("MATCH_RECOGNIZE", "use CASE stages and MAX, or a join"),
    "version": ("FOR SYSTEM_TIME AS OF", "sources are read as they are now"),
    "db": ("a qualified name", "write the source's name alone, such as events"),
    "catalog": ("a qualified name", "write the source's name alone, such as events"),
    "on": ("DISTINCT ON", "use ROW_NUMBER() OVER (...) and WHERE rn = 1 around it"),
    "using": ("USING", "write ON a.user_id = b.user_id"),
    "method": ("this kind of join", "use JOIN or LEFT JOIN with ON"),
    "sample": ("TABLESAMPLE", "a tag is computed for everyone"),
    "pivots": ("PIVOT", "use CASE or FILTER inside the aggregates"),
    "rollup": ("ROLLUP", "GROUP BY user_id"),
    "cube": ("CUBE", "GROUP BY user_id"),
    "grouping_sets": ("GROUPING SETS", "GROUP BY user_id"),
    "all": ("GROUP BY ALL", "name the columns"),
    "columns": ("a list of column names here", "name columns with AS in the SELECT"),
    "recursive": ("WITH RECURSIVE", "use a plain WITH"),
    "except_": ("* EXCEPT", "name the columns"),
    "replace": ("* REPLACE", "name the columns"),
    "spec": ("a window frame", "ROW_NUMBER() needs PARTITION BY and ORDER BY alone"),
    "into": ("INTO", "a tag only reads"),
    "locks": ("a lock", "a tag only reads"),
    "global_": ("GLOBAL", "use a plain JOIN"),
}

Found = tuple[int, str, str]


def only_allowed(tree: exp.Query) -> tuple[exp.Query, tuple[Found, ...]]:
    """A copy of the tree without anything that is not listed, and (offset, message, suggestion) for what was."""
    root = tree.copy()
    found: list[Found] = []
    if type(root) not in NODES:
        return root, (_refusal(root),)
    _visit(root, found)
    return root, tuple(found)


def is_cut(node: exp.Expr) -> bool:
    """Whether parts of a node have been refused: what is missing in it needs no more words."""
    return "cut" in node.meta


def _visit(node: exp.Expr, found: list[Found]) -> None:
    for part, value in list(node.args.items()):
        if value is None or value is False or value == []:
            continue
        children = [child for child in (value if isinstance(value, list) else [value]) if isinstance(child, exp.Expr)]
        if part not in NODES[type(node)]:
            if _carries(value):
                what, hint = _PARTS.get(part, (f"{part.strip('_')} of {_name(node)}", "remove it"))
                found.append((offset_of(children[0] if children else node), f"{what} is not allowed", hint))
                node.meta["cut"] = True
            node.set(part, None)
            continue
        for child in children:
            if type(child) in NODES:
                _visit(child, found)
                continue
            found.append(_refusal(child))
            node.meta["cut"] = True
            marker = REFUSED()
            marker.meta["start"] = offset_of(child)
            child.replace(marker)


def _refusal(node: exp.Expr) -> Found:
    what, hint = _OTHERS.get(type(node), (_name(node), "remove it"))
    return offset_of(node), f"{what} is not allowed", hint


def _carries(value: object) -> bool:
    """Whether a part says anything: parsers leave flags and empty lists behind."""
    return value not in (None, False, "", [])


def _name(node: exp.Expr) -> str:
    return type(node).__name__.upper()
