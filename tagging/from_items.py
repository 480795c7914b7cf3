"""FROM and JOIN: sources, windows, derived tables, and how they are put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tagging.allowed import REFUSED, is_cut
from tagging.casts import interval_seconds
from tagging.grouping import check_no_aggregates
from tagging.kinds import Kind, kind_of_type
from tagging.problems import did_you_mean
from tagging.relations import Keys, Rank, Relation, joined, smallest
from tagging.scope import Scope
from tagging.windows import Window, default_pane_minutes, window_problems

if TYPE_CHECKING:
    from tagging.scopes import Resolver

TAG = "TAG"
_LAST_FORM = "write LAST(events, INTERVAL '30' DAY), with a pane LAST(events, INTERVAL '1' HOUR, INTERVAL '1' MINUTE)"


class FromItems:
    """The relations of one SELECT, in order. Each gets an alias, and a window becomes the name of its view."""

    def __init__(self, resolver: Resolver, select: exp.Select) -> None:
        self._resolver = resolver
        self._report = resolver.report
        self._select = select
        first = select.args.get("from_")
        self._joins: list[exp.Join] = (select.args.get("joins") or []) if first else []
        nodes = ([first.this] if first else []) + [join.this for join in self._joins]
        self.relations = [self._item(node) for node in nodes]
        self._name(nodes)
        self._equal: list[list[tuple[str, str]]] = [[] for _ in self._joins]

    def _item(self, node: exp.Expr) -> Relation:
        if isinstance(node, exp.Subquery):
            return self._resolver.query(node.this)
        if isinstance(node, exp.Table):
            if isinstance(node.this, exp.Identifier):
                return self._source(node)
            if isinstance(node.this, exp.Anonymous) and node.this.name.upper() == "LAST":
                return self._window(node)
            if isinstance(node.this, exp.Anonymous) and node.this.name.upper() == TAG:
                return self._tag(node)
        if not isinstance(node, REFUSED) and not isinstance(node.this, REFUSED):
            self._report(node, "not a source, LAST(...) or a derived table", _LAST_FORM)
        return Relation("", {}, open=True)

    def _source(self, node: exp.Table, name: str | None = None) -> Relation:
        name = name or node.name
        source = self._resolver.catalog.get(name)
        if source is None:
            hint = f"write TAG({name})" if name in self._resolver.tags else did_you_mean(name, self._resolver.catalog)
            self._report(node, f"unknown source {name!r}", hint)
            return Relation("", {}, open=True)
        self._resolver.sources.add(name)
        self._resolver.reads.setdefault(name, set())
        columns = {column: kind_of_type(kind) for column, kind in source.columns.items()}
        return Relation("", columns, frozenset({frozenset({source.key})}), view=name)

    def _tag(self, node: exp.Table) -> Relation:
        """TAG(name): the values of another tag now, one row a user who has one."""
        name = tag_name(node)
        if name is None:
            self._report(node, "TAG reads another tag by its name", "write TAG(lifecycle)")
            return Relation("", {}, open=True)
        read = self._resolver.tags.get(name)
        if read is None:
            hint = f"add to the header: -- reads: {name} v<version> <type>"
            self._report(node, f"the header does not say which version of tag {name!r} is read", hint)
            return Relation("", {}, open=True)
        self._resolver.sources.add(read.source)
        self._resolver.reads.setdefault(read.source, set())
        node.set("this", exp.to_identifier(read.source, quoted=True))
        if not node.alias:
            node.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
        columns = {column: kind_of_type(kind) for column, kind in read.columns.items()}
        return Relation("", columns, frozenset({frozenset({"user_id"})}), view=read.source)

    def _window(self, node: exp.Table) -> Relation:
        arguments = node.this.expressions
        first = arguments[0] if arguments else None
        if not isinstance(first, exp.Column) or first.table or not isinstance(first.this, exp.Identifier):
            hint = "put WHERE around it: (SELECT ... FROM LAST(events, INTERVAL '7' DAY) WHERE ...)"
            self._report(first or node, "LAST reads a source by its name", hint)
            return Relation("", {}, open=True)
        relation = self._source(node, first.name)
        if not node.alias:
            node.set("alias", exp.TableAlias(this=exp.to_identifier(first.name, quoted=True)))
        lengths = [interval_seconds(argument) for argument in arguments[1:]]
        if not 1 <= len(lengths) <= 2 or any(length is None or length % 60 for length in lengths):
            self._report(node, "LAST takes a source, a length and perhaps a pane, in whole minutes", _LAST_FORM)
            return relation
        if relation.open:
            return relation
        source = self._resolver.catalog[first.name]
        if source.time_column is None:
            self._report(node, f"{source.name} has no time column, so no window", f"read {source.name} without LAST")
            return relation
        length = (lengths[0] or 0) // 60
        pane = (lengths[1] or 0) // 60 if len(lengths) == 2 else default_pane_minutes(length)
        problems = window_problems(length, pane)
        for problem in problems:
            self._report(node, problem, _LAST_FORM)
        if problems:
            return relation
        window = Window(source.name, length, pane)
        self._resolver.windows.add(window)
        self._resolver.reads.setdefault(window.view, set())
        node.set("this", exp.to_identifier(window.view, quoted=True))
        relation.view = window.view
        return relation

    def _name(self, nodes: list[exp.Expr]) -> None:
        taken: set[str] = set()
        for number, (node, relation) in enumerate(zip(nodes, self.relations, strict=True), 1):
            alias = node.alias if isinstance(node, (exp.Table, exp.Subquery)) else ""
            alias = alias or (node.name if isinstance(node, exp.Table) else "") or f"derived_{number}"
            if alias in taken:
                self._report(node, f"two parts of FROM are called {alias!r}", "add AS and another name")
            taken.add(alias)
            relation.name = alias
            if isinstance(node, (exp.Table, exp.Subquery)):
                node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))

    def check_joins(self, scope: Scope) -> None:
        """Check each JOIN's kind and condition, and note which columns it makes equal."""
        check_no_aggregates(self._select, self._report)
        for number, join in enumerate(self._joins):
            side, kind, on = join.side.upper(), join.kind.upper(), join.args.get("on")
            if side not in ("", "LEFT") or kind not in ("", "INNER", "OUTER"):
                self._report(join, f"{side or kind} JOIN is not allowed", "use JOIN or LEFT JOIN with ON")
            elif on is None and not is_cut(join) and not isinstance(join.this, REFUSED):
                self._report(join, "a join without ON", "add ON a.user_id = b.user_id")
            if on is None:
                continue
            left, right = self.relations[: number + 1], self.relations[number + 1]
            below = replace(scope, relations=[*left, right])
            below.expect(on, frozenset({Kind.BOOLEAN}), "the condition of ON")
            on = join.args["on"]
            if any(item.open for item in below.relations):
                continue
            names = {relation.name for relation in left}
            pairs = [pair for part in conjuncts(on) for pair in _equal_sides(part, names, right.name)]
            if not pairs:
                self._report(
                    join, "a join needs an equality of both sides", "add an equality, such as a.user_id = b.user_id"
                )
            self._equal[number] = [
                (f"{a.table}.{a.name}", f"{b.table}.{b.name}")
                for a, b in pairs
                if isinstance(a, exp.Column) and isinstance(b, exp.Column)
            ]

    def keys(self, best: Rank | None) -> Keys:
        """Keys of all parts together, as alias.column. `best`: the rank of the only part, of which the first row is kept."""
        if not self.relations:
            return frozenset()
        found = self.relations[0].qualified_keys()
        if best and best.partition is not None:
            found = smallest({*found, frozenset(f"{self.relations[0].name}.{name}" for name in best.partition)})
        for join, relation, equal in zip(self._joins, self.relations[1:], self._equal, strict=True):
            found = joined(found, relation.qualified_keys(), equal, join.side.upper() == "LEFT")
        return found


def tag_name(node: exp.Table) -> str | None:
    """The tag that TAG(name) in FROM names; None for any other part of FROM."""
    call = node.this
    if not isinstance(call, exp.Anonymous) or call.name.upper() != TAG or len(call.expressions) != 1:
        return None
    name = call.expressions[0]
    plain = isinstance(name, exp.Column) and not name.table and isinstance(name.this, exp.Identifier)
    return name.name.lower() if plain else None


def conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a condition that AND joins."""
    if isinstance(condition, exp.And):
        yield from conjuncts(condition.this)
        yield from conjuncts(condition.expression)
    elif isinstance(condition, exp.Paren):
        yield from conjuncts(condition.this)
    else:
        yield condition


def _equal_sides(part: exp.Expr, left: set[str], right: str) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    if not isinstance(part, exp.EQ):
        return
    sides = [(side, {column.table for column in side.find_all(exp.Column)}) for side in (part.this, part.expression)]
    for (one, ones), (other, others) in (sides, sides[::-1]):
        if ones and ones <= left and others == {right}:
            yield one, other
