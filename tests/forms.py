"""Forms of every kind, for properties; and what a form says, worked out row by row without SQL."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tagging.form import Band, Condition, Form, Measure, Relation, Window

Row = dict[str, Any]
HEAD = {"name": "made", "title": "Made", "description": "By a form", "dimension": "risk", "owner": "ops"}
TEXTS = st.sampled_from(["cart", "it's", "", "a''b", "--", "/*", "用户", "{x:Int8}", "%s", "\\"])
NUMBERS = st.one_of(st.integers(-3, 6), st.decimals(-3, 6, places=2).map(float))
TEXT_COLUMNS = {"events": ["event_type", "item_id", "properties.q"], "orders": ["status", "coupon"], "users": ["city"]}
NUMBER_COLUMNS = {"events": [], "orders": ["amount", "quantity"], "users": ["birth_year"]}


@st.composite
def conditions(draw: st.DrawFn, source: str) -> Condition:
    column = draw(st.sampled_from(TEXT_COLUMNS[source] + NUMBER_COLUMNS[source]))
    numeric = column in NUMBER_COLUMNS[source]
    test = draw(st.sampled_from([*Relation] if numeric else [Relation.ONE_OF, Relation.NONE_OF, Relation.FILLED]))
    if test is Relation.FILLED:
        return Condition(column, test)
    values = st.lists(
        NUMBERS if numeric else TEXTS, min_size=1, max_size=3 if test in (Relation.ONE_OF, Relation.NONE_OF) else 1
    )
    return Condition(column, test, tuple(draw(values)))


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Any form that can be filled in without a mistake."""
    source = draw(st.sampled_from(sorted(TEXT_COLUMNS)))
    kinds = (
        [Measure.VALUE, Measure.ANY] if source == "users" else [kind for kind in Measure if kind is not Measure.VALUE]
    )
    numbers, texts = NUMBER_COLUMNS[source], TEXT_COLUMNS[source]
    if not numbers:
        kinds = [Measure.COUNT, Measure.DISTINCT, Measure.ANY]
    measure = draw(st.sampled_from(kinds))
    column = ""
    if measure in (Measure.DISTINCT, Measure.VALUE):
        column = draw(st.sampled_from(texts + numbers))
    elif measure not in (Measure.COUNT, Measure.ANY):
        column = draw(st.sampled_from(numbers))
    numeric = measure is not Measure.ANY and not (measure is Measure.VALUE and column in texts)
    banded = numeric and draw(st.booleans())
    bounds = draw(st.lists(NUMBERS, min_size=1, max_size=3, unique_by=float)) if banded else []
    return Form(
        **HEAD,
        source=source,
        measure=measure,
        column=column,
        where=tuple(draw(st.lists(conditions(source), max_size=2))),
        window=draw(st.none() | st.builds(Window, st.integers(1, 400), st.just("day")) | st.just(Window(90, "minute"))),
        at_least=draw(st.none() | NUMBERS) if numeric or source != "users" else None,
        bands=tuple(Band(bound, f"b{place}'") for place, bound in enumerate(bounds)),
        otherwise=draw(st.sampled_from(["", "rest"])) if bounds else "",
    )


def meaning(form: Form, rows: list[Row]) -> dict[str, Any]:
    """user_id -> value of the rows that the window holds."""
    of_user: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if all(_meets(condition, row) for condition in form.where):
            of_user[row["user_id"]].append(row)
    found = {}
    for user, kept in of_user.items():
        measure = _measured(form, kept)
        counted = len(kept) if form.measure is Measure.ANY else measure
        if form.at_least is not None and (counted is None or counted < Decimal(str(form.at_least))):
            continue
        value = True if form.measure is Measure.ANY else measure
        if form.bands:
            reached = [b for b in form.bands if measure is not None and measure >= Decimal(str(b.at_least))]
            label = max(reached, key=lambda band: band.at_least).label if reached else form.otherwise or None
            value = None if measure is None else label
        if value is not None:
            found[user] = value
    return found


def _cell(row: Row, column: str) -> Any:
    return row["properties"].get(column.partition(".")[2]) if column.startswith("properties.") else row[column]


def _meets(condition: Condition, row: Row) -> bool:
    cell = _cell(row, condition.column)
    if cell is None:
        return False
    values = [value if isinstance(value, str) else Decimal(str(value)) for value in condition.values]
    return {
        Relation.FILLED: lambda: True,
        Relation.ONE_OF: lambda: cell in values,
        Relation.NONE_OF: lambda: cell not in values,
        Relation.AT_LEAST: lambda: cell >= values[0],
        Relation.AT_MOST: lambda: cell <= values[0],
        Relation.ABOVE: lambda: cell > values[0],
        Relation.BELOW: lambda: cell < values[0],
    }[condition.test]()


def _measured(form: Form, rows: list[Row]) -> Any:
    if form.measure in (Measure.COUNT, Measure.ANY):
        return len(rows)
    cells = [cell for row in rows if (cell := _cell(row, form.column)) is not None]
    if form.measure is Measure.DISTINCT:
        return len(set(cells))
    if not cells:
        return None
    if form.measure is Measure.AVERAGE:
        return sum(cells, Decimal(0)) / len(cells)
    return {Measure.SUM: sum, Measure.SMALLEST: min, Measure.LARGEST: max, Measure.VALUE: lambda c: c[0]}[form.measure](
        cells
    )
