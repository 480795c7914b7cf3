"""Rules for types, times and intervals: CAST, EXTRACT, INTERVAL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from sqlglot import exp

from tagging.functions import EXTRACTED, UNITS
from tagging.kinds import NUMBERS, TIMES, Kind
from tagging.problems import did_you_mean
from tagging.scope import Scope

CAST_TYPES: Mapping[exp.DType, tuple[str, Kind]] = {
    exp.DType.TEXT: ("STRING", Kind.STRING),
    exp.DType.VARCHAR: ("STRING", Kind.STRING),
    exp.DType.INT: ("INT", Kind.INTEGER),
    exp.DType.BIGINT: ("BIGINT", Kind.INTEGER),
    exp.DType.DECIMAL: ("DECIMAL(18, 4)", Kind.DECIMAL),
    exp.DType.BOOLEAN: ("BOOLEAN", Kind.BOOLEAN),
    exp.DType.DATE: ("DATE", Kind.DATE),
    exp.DType.TIMESTAMP: ("TIMESTAMP_LTZ(3)", Kind.TIME),
    exp.DType.TIMESTAMPLTZ: ("TIMESTAMP_LTZ(3)", Kind.TIME),
}
_NEVER_CASTS = (
    {(Kind.BOOLEAN, kind) for kind in (*TIMES, Kind.DECIMAL)}
    | {(kind, other) for kind in TIMES for other in (*NUMBERS, Kind.BOOLEAN)}
    | {(kind, other) for kind in NUMBERS for other in TIMES}
)


def _cast(node: exp.Cast, scope: Scope) -> Kind:
    kind = scope.kind(node.this)
    to = node.to
    if to.this not in CAST_TYPES:
        name = to.sql().split("(")[0]
        floating = to.this in (exp.DType.FLOAT, exp.DType.DOUBLE)
        why = "floating point sums depend on the order of the rows" if floating else "not a type of tags"
        scope.report(node, f"no CAST to {name}: {why}", "use DECIMAL(18, 4)" if floating else _type_hint())
        return Kind.UNKNOWN
    name, wanted = CAST_TYPES[to.this]
    if to.this is exp.DType.DECIMAL and to.expressions:
        sizes = [part.name for part in to.expressions]
        if not all(size.isdecimal() for size in sizes) or len(sizes) > 2:
            scope.report(node, "DECIMAL takes its digits and its decimals", "use DECIMAL(18, 4)")
            return Kind.UNKNOWN
        digits, places = int(sizes[0]), int(sizes[1]) if len(sizes) == 2 else 0
        if not 1 <= digits <= 38 or places > digits:
            scope.report(node, f"no DECIMAL({digits}, {places}): 1 to 38 digits", "use DECIMAL(18, 4)")
        name = f"DECIMAL({digits}, {places})"
    elif to.expressions and not (wanted is Kind.TIME and [part.name for part in to.expressions] == ["3"]):
        scope.report(node, f"{name} takes no length here", f"use {name}")
    if kind in (Kind.MAP, Kind.INTERVAL) or (kind, wanted) in _NEVER_CASTS:
        scope.report(node, f"{kind} cannot be cast to {wanted}", "")
    if isinstance(node.this, exp.Literal) and wanted in TIMES and not _is_time(node.this, wanted):
        scope.report(node.this, f"{node.this.name[:40]!r} is no {wanted}", "write 2026-01-31 or 2026-01-31 18:30:00")
    # A cast that fails at run time would stop every tag of the job: it gives NULL instead.
    node.replace(exp.TryCast(this=node.this, to=exp.DataType.build(name, dialect="tagsql")))
    return wanted


def _type_hint() -> str:
    return "use " + ", ".join(sorted({name for name, _ in CAST_TYPES.values()}))


def _is_time(literal: exp.Literal, wanted: Kind) -> bool:
    try:
        (date if wanted is Kind.DATE else datetime).fromisoformat(literal.name)
    except ValueError:
        return False
    return literal.name[:4].isdecimal() and "T" not in literal.name and "+" not in literal.name


def _extract(node: exp.Extract, scope: Scope) -> Kind:
    unit = node.this.name.upper()
    if unit not in EXTRACTED:
        scope.report(node, f"no EXTRACT of {unit}", did_you_mean(unit, EXTRACTED))
    scope.expect(node.expression, TIMES, "what EXTRACT reads")
    return Kind.INTEGER


def _interval(node: exp.Interval, scope: Scope) -> Kind:
    if interval_seconds(node) is None:
        scope.report(node, "not an interval of a fixed length", "write INTERVAL '30' DAY (or SECOND, MINUTE, HOUR)")
        return Kind.UNKNOWN
    node.set("unit", exp.var(_unit(node)))
    return Kind.INTERVAL


def _unit(node: exp.Interval) -> str:
    name = node.unit.name.upper() if node.unit else ""
    return name[:-1] if name.endswith("S") else name


def interval_seconds(node: exp.Expr) -> int | None:
    """The length of an interval that is written out; None when it is not one of a fixed length."""
    if not isinstance(node, exp.Interval) or not isinstance(node.this, exp.Literal) or _unit(node) not in UNITS:
        return None
    text = node.this.name
    if not re.fullmatch(r"[0-9]{1,7}", text):
        return None
    return int(text) * {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}[_unit(node)]


RULES: Mapping[type[exp.Expr], Callable[..., Kind]] = {
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Extract: _extract,
    exp.Interval: _interval,
}
