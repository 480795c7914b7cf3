"""Runs a resolved tree over one user's rows. What is wanted of a SELECT goes down to its sources, so that few rows are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from tagging.explaining.aggregates import aggregate, aggregates_of, grouped
from tagging.explaining.conditions import Row, Typed
from tagging.explaining.expressions import Reader, Types, branches
from tagging.explaining.joins import FromRows, Table
from tagging.explaining.ranks import ranks
from tagging.explaining.rows import Rows, SourceRow, TagValue, TooWide, Wanted, why_not_in
from tagging.explaining.steps import Branch, Step, Trace, condition_step, plain, show_rows, shown
from tagging.explaining.texts import text_of
from tagging.explaining.types import BIGINT, TIME, cast, common_type, type_of
from tagging.sources import CATALOG, Catalog
from tagging.tag_reads import TagRead
from tagging.windows import DAY, HOUR, Window

_UNITS = (("DAY", DAY), ("HOUR", HOUR), ("MINUTE", 1))
ColumnNames = Callable[[str], str | None]
NO_VALUE = TagValue(None)
_SINCE = "since"


class Run:
    """One run. `windows`: by the names of their views; `tags`: those that it reads, by the names of their sources; `reads`:
    the columns that the tag needs of each source and view.
    """

    def __init__(
        self,
        windows: Mapping[str, Window],
        tags: Mapping[str, TagRead],
        reads: Mapping[str, frozenset[str]],
        rows: Rows,
        tick_minute: int,
        catalog: Catalog = CATALOG,
    ) -> None:
        self._windows = windows
        self._tags = tags
        self._reads = reads
        self._rows = rows
        self._tick_minute = tick_minute
        self._catalog = catalog
        self.cut: list[str] = []
        """Sources of which not all rows that may count were read."""
        self.asked: dict[tuple[TagRead, str], TagValue] = {}
        """Of each tag that is read, and each user whose value of it concerns this one: the value."""

    def query(self, node: exp.Expr, wanted: Wanted, of: str = "") -> Table:
        """The rows of a source, a window, a SELECT or a UNION ALL. Raises Unexplained and TooWide."""
        if isinstance(node, exp.Table):
            found = self._source(node, wanted, of)
        elif isinstance(node, exp.Subquery):
            return self.query(node.this, wanted, node.alias or of)
        elif isinstance(node, exp.Union):
            found = self._union(node, wanted, of)
        else:
            found = self._select(node, wanted, of)
        kept = [row for row in found.rows if all(row[column] in held for column, held in wanted.items())]
        found.trace.rows = len(kept)
        return Table(found.types, kept, found.trace)

    def value(self, tag: TagRead, users: frozenset[str]) -> Mapping[str, TagValue]:
        """The values of a tag that is read, also of users that have none. Raises TooWide, and what working them out raises."""
        found = self._rows.values(tag, users)
        held = {user: found.get(user, NO_VALUE) for user in sorted(users)}
        self.asked |= {(tag, user): value for user, value in held.items()}
        self.cut += [source for value in held.values() for source in value.cut if source not in self.cut]
        return held

    def _tag(self, tag: TagRead, wanted: Wanted, of: str) -> Table:
        if "user_id" not in wanted:
            raise TooWide(
                f"nothing says whose values of tag {tag.tag} concern one user: a tag must narrow it by user_id"
            )
        types = {name: type_of(kind) for name, kind in tag.columns.items()}
        held = self.value(tag, frozenset(user for user in wanted["user_id"] if user is not None))
        rows: list[Row] = [
            {"user_id": user, "value": found.value, _SINCE: found.since_ms}
            for user, found in held.items()
            if found.value is not None
        ]
        show, hidden = show_rows(((row, True, "") for row in rows), {**types, _SINCE: TIME}, _same)
        step = Step("tag", of, f"TAG({tag.tag}) v{tag.version}", len(rows), len(rows), show, hidden)
        return Table(types, [{name: row[name] for name in types} for row in rows], Trace([step]))

    def _source(self, node: exp.Table, wanted: Wanted, of: str) -> Table:
        if node.name in self._tags:
            return self._tag(self._tags[node.name], wanted, of)
        window = self._windows.get(node.name)
        source = self._catalog[window.source if window else node.name]
        needed = {*self._reads[node.name], source.key, *((source.time_column,) if source.time_column else ())}
        types = {name: type_of(kind) for name, kind in source.columns.items() if name in needed}
        found = self._rows.read(source, wanted)
        held = [row for row in found.rows if all(row.values[column] in values for column, values in wanted.items())]

        def cut(row: SourceRow) -> dict[str, Any]:
            return {name: row.values[name] for name in types}

        show, hidden = show_rows(((cut(row), True, "") for row in held), types, _same)
        left_out = hidden + found.left_out
        steps = [Step("source", of, source.name, len(held) + found.left_out, len(held), show, left_out)]
        kept = held
        if window:
            told = [(row, why_not_in(window, source, row, self._tick_minute)) for row in held]
            kept = [row for row, why in told if not why]
            show, hidden = show_rows(((cut(row), not why, why) for row, why in told), types, _same)
            steps.append(Step("window", of, _window_text(window), len(held), len(kept), show, hidden))
        # The newest rows were read: when the oldest of them has left its window, so have all that were not read.
        if found.left_out and len(kept) == len(held):
            self.cut.append(source.name)
        return Table(types, [cut(row) for row in kept], Trace(steps))

    def _union(self, node: exp.Union, wanted: Wanted, of: str) -> Table:
        left = self.query(node.this, wanted, of)
        names = list(left.types)
        arm = _columns(node.expression)
        right = self.query(node.expression, {arm[names.index(name)]: held for name, held in wanted.items()}, of)
        types = {
            name: common_type((left.types[name], right.types[other])) for name, other in zip(names, arm, strict=True)
        }
        rows: list[Row] = [
            {name: cast(row[name], left.types[name], types[name]) for name in names} for row in left.rows
        ]
        for row in right.rows:
            both = zip(names, arm, strict=True)
            rows.append({name: cast(row[other], right.types[other], types[name]) for name, other in both})
        show, left_out = show_rows(((row, True, "") for row in rows), types, _same)
        step = Step("union", of, "UNION ALL", len(rows), len(rows), show, left_out)
        return Table(types, rows, Trace([step], [left.trace, right.trace]))

    def _select(self, select: exp.Select, wanted: Wanted, of: str) -> Table:
        outputs = dict(zip(_columns(select), (column.unalias() for column in select.expressions), strict=True))
        read = FromRows(select, self.query)
        table = read.read(self._below(select, outputs, wanted), of)
        trace = Trace(read.steps, read.inputs)
        rows, types = table.rows, dict(table.types)
        names = _short if len(read.inputs) == 1 else _same
        if select.args.get("where"):
            reader = Reader(types, self._sets(select.args["where"].this, Reader(types), rows, trace))
            step, rows = condition_step("where", of, select.args["where"].this, reader, rows, types, names)
            trace.steps.append(step)
        reader = Reader(types)
        group = select.args.get("group")
        if group:
            reader, rows, names = self._group(select, reader, rows, types, trace, of)
        if select.args.get("having"):
            step, rows = condition_step("having", of, select.args["having"].this, reader, rows, types, names)
            trace.steps.append(step)
        return self._output(select, outputs, reader, rows, wanted, trace, of)

    def _below(self, select: exp.Select, outputs: Mapping[str, exp.Expr], wanted: Wanted) -> Wanted:
        """What is wanted of the columns below: of those passed on as they are, which every group and rank lies within."""
        within: list[set[str]] = []
        if select.args.get("group"):
            within.append({text_of(key) for key in select.args["group"].expressions})
        within += (
            {text_of(key) for key in rank.args["partition_by"]}
            for rank in outputs.values()
            if isinstance(rank, exp.Window)
        )
        return {
            f"{column.table}.{column.name}": held
            for name, held in wanted.items()
            if isinstance(column := outputs[name], exp.Column) and all(text_of(column) in keys for keys in within)
        }

    def _sets(self, where: exp.Expr, reader: Reader, rows: Sequence[Row], trace: Trace) -> Mapping[int, frozenset[Any]]:
        found: dict[int, frozenset[Any]] = {}
        for node in where.find_all(exp.In):
            query = node.args.get("query")
            if query is None:
                continue
            value = reader.read(node.this).of
            column = _columns(query)[0]
            chosen = frozenset(held for row in rows if (held := value(row)) is not None)
            table = self.query(query, {column: chosen}, "IN (SELECT ...)")
            found[id(node)] = frozenset(row[column] for row in table.rows)
            trace.inputs.append(table.trace)
        return found

    def _group(
        self, select: exp.Select, reader: Reader, rows: Sequence[Row], types: dict[str, Any], trace: Trace, of: str
    ) -> tuple[Reader, Sequence[Row], ColumnNames]:
        """One row a group: its first row, for the keys, and a column for each aggregate. Adds to `types`."""
        keys = select.args["group"].expressions
        folds: dict[str, Callable[[Sequence[Row]], Any]] = {}
        for text, node in aggregates_of(select).items():
            types[text], folds[text] = aggregate(node, reader)
        groups = grouped(rows, [reader.read(key).of for key in keys])
        found = [{**members[0], **{text: fold(members) for text, fold in folds.items()}} for members in groups.values()]
        columns = {f"{key.table}.{key.name}": key.name for key in keys if isinstance(key, exp.Column)}
        columns |= {text: plain(node) for text, node in aggregates_of(select).items()}
        show, left_out = show_rows(((row, True, "") for row in found), types, columns.get)
        text = f"GROUP BY {', '.join(plain(key) for key in keys)}"
        trace.steps.append(Step("group", of, text, len(rows), len(found), show, left_out))
        return Reader(types, aggregates={text: text for text in folds}), found, columns.get

    def _output(
        self,
        select: exp.Select,
        outputs: Mapping[str, exp.Expr],
        reader: Reader,
        rows: Sequence[Row],
        wanted: Wanted,
        trace: Trace,
        of: str,
    ) -> Table:
        plain_columns = {name: node for name, node in outputs.items() if not isinstance(node, exp.Window)}
        typed = {name: reader.read(node) for name, node in plain_columns.items()}
        ranked = {name: ranks(node, reader, rows) for name, node in outputs.items() if name not in typed}
        types: Types = {name: typed[name].type if name in typed else BIGINT for name in outputs}
        found: list[Row] = [
            {name: typed[name].of(row) if name in typed else ranked[name][place] for name in outputs}
            for place, row in enumerate(rows)
        ]
        if select.args.get("distinct"):
            once = list({tuple(row.values()): row for row in found}.values())
            show, left_out = show_rows(((row, True, "") for row in once), types, _same)
            trace.steps.append(Step("distinct", of, "DISTINCT", len(found), len(once), show, left_out))
            found = once
        for name in ranked:
            ordered = sorted(found, key=lambda row, name=name: row[name])
            show, left_out = show_rows(((row, True, "") for row in ordered), types, _same)
            text = f"{plain(outputs[name])} AS {name}"
            trace.steps.append(Step("rank", of, text, len(found), len(found), show, left_out))
        if not of:
            mine = [
                row
                for row, given in zip(rows, found, strict=True)
                if all(given[column] in held for column, held in wanted.items())
            ]
            trace.steps.append(_value_step(outputs["value"], reader, typed["value"], mine))
        return Table(types, found, trace)


def _value_step(node: exp.Expr, reader: Reader, value: Typed, rows: Sequence[Row]) -> Step:
    """How the value comes from the one row that is left: the values in it, and which WHEN of its CASE holds."""
    step = Step("value", "", plain(node), len(rows), len(rows))
    if not rows:
        return step
    row = rows[0]
    for part in node.walk(prune=lambda inner: text_of(inner) in reader.aggregates):
        if isinstance(part, exp.Column) or text_of(part) in reader.aggregates:
            held = reader.read(part)
            step.operands = {**step.operands, plain(part): shown(held.of(row), held.type)}
    inner = node.unnest()
    if isinstance(inner, exp.Case):
        tried: list[Branch] = []
        for condition, result in branches(inner):
            held_now = reader.condition(condition)(row)
            taken = held_now is True and not any(branch.taken for branch in tried)
            tried.append(Branch(plain(condition), plain(result), held_now, taken))
        otherwise = inner.args.get("default")
        rest = "NULL" if otherwise is None else plain(otherwise)
        step.branches = [*tried, Branch(None, rest, None, not any(branch.taken for branch in tried))]
    step.rows_out = int(value.of(row) is not None)
    return step


def _columns(node: exp.Expr) -> list[str]:
    """The names of what a query gives; those without one by their place."""
    while isinstance(node, exp.Subquery):
        node = node.this
    if isinstance(node, exp.Union):
        return _columns(node.this)
    return [column.alias_or_name or f"?{place}" for place, column in enumerate(node.expressions)]


def _window_text(window: Window) -> str:
    return f"LAST({window.source}, {_interval(window.length_minutes)}, {_interval(window.pane_minutes)})"


def _interval(minutes: int) -> str:
    unit, length = next((name, size) for name, size in _UNITS if minutes % size == 0)
    return f"INTERVAL '{minutes // length}' {unit}"


def _same(name: str) -> str:
    return name


def _short(name: str) -> str:
    return name.partition(".")[2] or name
