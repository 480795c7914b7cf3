"""Resolves a tree: what each SELECT reads and gives. Names, kinds, grouping, ranks and joins are checked on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from tagging.allowed import REFUSED
from tagging.calls import is_aggregate
from tagging.expressions import RULES
from tagging.from_items import FromItems
from tagging.grouping import check_grouping, column_names, text_of
from tagging.kinds import Kind, common
from tagging.problems import did_you_mean
from tagging.ranking import find_rank, kept_ranks, rank_of
from tagging.relations import OPEN, Keys, Rank, Relation, projected, smallest
from tagging.scope import Scope
from tagging.sources import Catalog
from tagging.tag_reads import TagRead
from tagging.windows import Window

_BOOLEAN = frozenset({Kind.BOOLEAN})


@dataclass(frozen=True)
class Resolved:
    """What is known of one SELECT. `keys` are of its output columns; `best`: the rank whose first row it keeps.

    `gathers`: it is an aggregation, and a group can have several rows.
    """

    columns: dict[str, Kind]
    keys: Keys
    aggregated: bool = False
    gathers: bool = False
    best: Rank | None = None


@dataclass
class Resolver:
    """Resolves one tag's tree in place and remembers what it reads. `tags`: by name; `selects`: by id of the node."""

    catalog: Catalog
    report: Callable[[exp.Expr, str, str], None]
    tags: Mapping[str, TagRead] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    windows: set[Window] = field(default_factory=set)
    reads: dict[str, set[str]] = field(default_factory=dict)
    selects: dict[int, Resolved] = field(default_factory=dict)

    def query(self, node: exp.Expr) -> Relation:
        """The relation that a SELECT, a UNION ALL or one in brackets gives; its name is left empty."""
        if isinstance(node, exp.Subquery):
            return self.query(node.this)
        if isinstance(node, exp.Union):
            return self._union(node)
        if isinstance(node, exp.Select):
            return self._select(node)
        if not isinstance(node, REFUSED):
            self.report(node, "a SELECT belongs here", "write (SELECT ... FROM ...)")
        return OPEN

    def unranked(self, node: exp.Expr) -> Relation:
        """As `query`, for places where no WHERE can follow a rank."""
        found = self.query(node)
        if found.rank:
            self.report(found.rank.window, "nothing keeps the first rows of this rank", _KEEP_FIRST)
        return found

    def _union(self, node: exp.Union) -> Relation:
        if node.args.get("distinct"):
            self.report(node, "UNION without ALL is not allowed", "use UNION ALL below a GROUP BY")
        left, right = self.unranked(node.this), self.unranked(node.expression)
        if left.open or right.open:
            return OPEN
        if len(left.columns) != len(right.columns):
            message = f"the sides of UNION ALL have {len(left.columns)} and {len(right.columns)} columns"
            self.report(node.expression, message, "select the same columns on both sides")
            return OPEN
        columns = {}
        for (name, one), (other_name, other) in zip(left.columns.items(), right.columns.items(), strict=True):
            kind = common([one, other])
            if kind is None:
                message = f"UNION ALL puts {one} ({name}) over {other} ({other_name})"
                self.report(node.expression, message, "use CAST(... AS ...)")
            columns[name] = kind or Kind.UNKNOWN
        return Relation("", columns)

    def _subquery(self, node: exp.Expr) -> Kind:
        """IN (SELECT ...): one column, and a condition of its own in WHERE, which is a join for the engine."""
        place = node.parent.parent
        while isinstance(place, (exp.And, exp.Paren)):
            place = place.parent
        if not isinstance(place, exp.Where):
            hint = "join a derived table that is grouped by user_id"
            self.report(node, "IN (SELECT ...) stands in WHERE, alone or joined by AND", hint)
        found = self.unranked(node)
        if found.open:
            return Kind.UNKNOWN
        if len(found.columns) != 1:
            self.report(node, f"IN (SELECT ...) takes one column, got {len(found.columns)}", "select one column")
            return Kind.UNKNOWN
        return next(iter(found.columns.values()))

    def _select(self, select: exp.Select) -> Relation:
        items = FromItems(self, select)
        scope = Scope(
            items.relations,
            self.report,
            RULES,
            self._subquery,
            frozenset(column.alias for column in select.expressions if isinstance(column, exp.Alias)),
            lambda view, column: self.reads.setdefault(view, set()).add(column),
        )
        items.check_joins(scope)
        self._expand_stars(select, items.relations)
        where, group, having = (select.args.get(part) for part in ("where", "group", "having"))
        if where:
            scope.expect(where.this, _BOOLEAN, "the condition of WHERE")
        for key in group.expressions if group else ():
            if isinstance(key, exp.Literal):
                self.report(key, "GROUP BY a constant groups nothing", "name the column")
            elif scope.kind(key) is Kind.MAP:
                self.report(key, "a map cannot be grouped by", "group by one property, such as properties['campaign']")
        window = find_rank(select, self.report)
        columns = self._columns(select, scope, window)
        if having:
            scope.expect(having.this, _BOOLEAN, "the condition of HAVING")
        aggregated = bool(group) or any(is_aggregate(node) for node in _own_nodes(select))
        if aggregated:
            check_grouping(select, self.report)
        elif having:
            self.report(having, "HAVING without GROUP BY", "use WHERE")
        if window and (aggregated or select.args.get("distinct")):
            self.report(
                window, "a rank over groups needs a derived table", "put the GROUP BY in a SELECT below this one"
            )
        best = kept_ranks(select, items.relations, self.report)
        below = items.keys(best)
        keys = self._keys(select, below, aggregated)
        rank = rank_of(select, window, below, scope) if window else None
        if window is None and best is None and not items.relations:
            self.report(select, "a SELECT without FROM", f"add FROM and one of {', '.join(self.catalog)}")
        grouped = column_names(group.expressions if group else ())
        gathers = aggregated and not any(key <= grouped for key in below)
        self.selects[id(select)] = Resolved(columns, keys, aggregated, gathers, best)
        return Relation("", columns, keys, rank=rank, open=any(item.open for item in items.relations) and not columns)

    def _expand_stars(self, select: exp.Select, relations: list[Relation]) -> None:
        """* as the columns that it stands for: what the catalogue lists, never a source's hidden columns."""
        columns: list[exp.Expr] = []
        for column in select.expressions:
            every = isinstance(column, exp.Star)
            if not every and not (isinstance(column, exp.Column) and isinstance(column.this, exp.Star)):
                columns.append(column)
                continue
            chosen = [relation for relation in relations if every or relation.name == column.table]
            if not chosen and relations:
                known = [relation.name for relation in relations]
                self.report(column, f"nothing in FROM is called {column.table!r}", did_you_mean(column.table, known))
            for relation in chosen:
                for name in relation.columns:
                    found = exp.column(name, table=relation.name, quoted=True)
                    found.meta.update(column.meta)
                    columns.append(found)
        select.set("expressions", columns)

    def _columns(self, select: exp.Select, scope: Scope, window: exp.Window | None) -> dict[str, Kind]:
        columns: dict[str, Kind] = {}
        for column in list(select.expressions):
            if isinstance(column, REFUSED):
                continue
            value = column.this if isinstance(column, exp.Alias) else column
            kind = Kind.INTEGER if value is window else scope.kind(value)
            name = column.alias if isinstance(column, exp.Alias) else column.name if _is_column(column) else ""
            if kind is Kind.NULL:
                self.report(column, "NULL alone has no type", "write CAST(NULL AS STRING)")
            if not name and not _is_second_arm(select):
                self.report(column, "a column without a name", "add AS and a name")
            elif name in columns:
                self.report(column, f"two columns are called {name!r}", "add AS and another name")
            columns[name or f"?{len(columns)}"] = kind
        return columns

    def _keys(self, select: exp.Select, below: Keys, aggregated: bool) -> Keys:
        outputs = {text_of(column.unalias()): column.alias_or_name for column in select.expressions}
        if aggregated:
            group = select.args.get("group")
            names = [outputs.get(text_of(key)) for key in group.expressions] if group else []
            return frozenset({frozenset(names)}) if names and all(names) else frozenset()
        plain = {
            f"{column.unalias().table}.{column.unalias().name}": column.alias_or_name
            for column in select.expressions
            if _is_column(column.unalias())
        }
        keys = projected(below, plain)
        return smallest({*keys, frozenset(outputs.values())}) if select.args.get("distinct") else keys


_KEEP_FIRST = "select from it with WHERE rn = 1, or rn <= 3"


def _is_second_arm(select: exp.Expr) -> bool:
    """Whether a SELECT's columns take their names from another, as below UNION ALL."""
    node = select
    while isinstance(node.parent, exp.Subquery) and not node.parent.alias:
        node = node.parent
    above = node.parent
    return isinstance(above, exp.Union) and (above.args.get("expression") is node or _is_second_arm(above))


def _is_column(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier)


def _own_nodes(select: exp.Select):
    """The nodes of a SELECT's own columns and HAVING, not of those that it reads from."""
    for part in (*select.expressions, select.args.get("having")):
        if part is not None:
            yield from part.walk(prune=lambda node: isinstance(node, (exp.Window, exp.Query)))
