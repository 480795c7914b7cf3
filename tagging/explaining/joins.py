"""FROM and JOIN for one user: what is wanted of one side is wanted of the other where the two are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from tagging.explaining.conditions import Row
from tagging.explaining.expressions import Reader, Types, Unexplained
from tagging.explaining.rows import Wanted
from tagging.explaining.steps import Step, Trace, plain, show_rows
from tagging.from_items import conjuncts

MOST_PAIRS = 2_000_000
"""Pairs of rows that a join without plain equal columns may look at."""

Values = dict[str, frozenset[Any]]


@dataclass
class Table:
    """Named columns with their types, the rows, and how they came to be."""

    types: Types
    rows: Sequence[Row]
    trace: Trace = field(default_factory=Trace)


Query = Callable[[exp.Expr, Wanted, str], Table]


@dataclass(frozen=True)
class _Join:
    """A JOIN: its right side's alias, its condition, and the pairs of plain columns (left, right) that it makes equal."""

    alias: str
    on: exp.Expr
    is_left: bool
    pairs: tuple[tuple[str, str], ...]


class FromRows:
    """The rows of one SELECT's FROM, with columns named alias.column."""

    def __init__(self, select: exp.Select, query: Query) -> None:
        self._query = query
        first = select.args["from_"].this
        joins = select.args.get("joins") or []
        self._nodes: dict[str, exp.Expr] = {node.alias: node for node in (first, *(join.this for join in joins))}
        self._joins = [_join(join) for join in joins]
        self.inputs: list[Trace] = []
        self.steps: list[Step] = []

    def read(self, wanted: Wanted, of: str) -> Table:
        """The joined rows. `wanted` names columns as alias.column."""
        tables = self._tables(self._everywhere(dict(wanted)))
        self.inputs = [tables[alias].trace for alias in self._nodes]
        first = next(iter(self._nodes))
        types = _named(first, tables[first].types)
        rows: Sequence[Row] = [_named(first, row) for row in tables[first].rows]
        for join in self._joins:
            types, rows = self._joined(join, types, rows, tables[join.alias], of)
        return Table(types, rows)

    def _everywhere(self, wanted: Values) -> Values:
        """What is wanted, of the columns too that a join makes equal to a wanted one."""
        pairs = [pair for join in self._joins for pair in join.pairs]
        for _ in pairs:
            for one, other in (side for pair in pairs for side in (pair, pair[::-1])):
                if one in wanted and other not in wanted:
                    wanted[other] = wanted[one]
        return wanted

    def _tables(self, wanted: Values) -> dict[str, Table]:
        """Each part of FROM: those of which something is wanted first, for their rows say what is wanted of others."""
        found: dict[str, Table] = {}
        while len(found) < len(self._nodes):
            left = [alias for alias in self._nodes if alias not in found]
            alias = next((name for name in left if any(key.startswith(f"{name}.") for key in wanted)), left[0])
            own = {key.removeprefix(f"{alias}."): held for key, held in wanted.items() if key.startswith(f"{alias}.")}
            node = self._nodes[alias]
            found[alias] = self._query(node, own, alias)
            for one, other in self._led_by(alias):
                column = one.removeprefix(f"{alias}.")
                held = frozenset(row[column] for row in found[alias].rows if row[column] is not None)
                wanted[other] = held & wanted.get(other, held)
        return found

    def _led_by(self, alias: str) -> Iterator[tuple[str, str]]:
        """(own column, other's column) where rows of the other part without an equal here are of no use."""
        for join in self._joins:
            for left, right in join.pairs:
                if left.startswith(f"{alias}."):
                    yield left, right
                elif right.startswith(f"{alias}.") and not join.is_left:
                    yield right, left

    def _joined(
        self, join: _Join, types: Types, rows: Sequence[Row], right: Table, of: str
    ) -> tuple[Types, Sequence[Row]]:
        right_types = _named(join.alias, right.types)
        together = {**types, **right_types}
        matches = Reader(together).condition(join.on)
        partners = _partners(join, [_named(join.alias, row) for row in right.rows], len(rows))
        nobody = dict.fromkeys(right_types)
        told: list[tuple[Row, bool, str]] = []
        for row in rows:
            met = [pair for other in partners(row) if matches(pair := {**row, **other}) is True]
            told += ((pair, True, "") for pair in met)
            if not met:
                note = f"nothing in {join.alias} is equal"
                told.append(({**row, **nobody}, join.is_left, note))
        kept = [row for row, stays, _ in told if stays]
        show, left_out = show_rows(told, together, lambda name: name)
        text = f"{'LEFT JOIN' if join.is_left else 'JOIN'} {join.alias} ON {plain(join.on)}"
        self.steps.append(Step("join", of, text, len(rows), len(kept), show, left_out))
        return together, kept


def _join(node: exp.Join) -> _Join:
    alias, on = node.this.alias, node.args["on"]
    pairs = []
    for part in conjuncts(on):
        sides = (part.this, part.expression) if isinstance(part, exp.EQ) else ()
        if len(sides) == 2 and all(isinstance(side, exp.Column) for side in sides):
            left, right = sides if sides[1].table == alias else sides[::-1]
            if right.table == alias != left.table:
                pairs.append((f"{left.table}.{left.name}", f"{right.table}.{right.name}"))
    return _Join(alias, on, node.side.upper() == "LEFT", tuple(pairs))


def _named(alias: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{alias}.{column}": value for column, value in row.items()}


def _partners(join: _Join, rows: Sequence[Row], left_rows: int) -> Callable[[Row], Sequence[Row]]:
    """Of a row of the left side, the rows of the right side that may be equal."""
    if not join.pairs:
        if len(rows) * left_rows > MOST_PAIRS:
            raise Unexplained(f"JOIN {join.alias} would compare {left_rows} rows with {len(rows)}")
        return lambda row: rows
    by_value: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        by_value.setdefault(tuple(row[right] for _, right in join.pairs), []).append(row)
    return lambda row: by_value.get(tuple(row[left] for left, _ in join.pairs), ())
