"""What an expression can name and where its problems go; the kind of an expression by the rule for its node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from tagging.allowed import REFUSED
from tagging.functions import REFUSED as REFUSED_FUNCTIONS
from tagging.kinds import Kind, common
from tagging.problems import did_you_mean
from tagging.relations import Relation

Report = Callable[[exp.Expr, str, str], None]
"""Takes a node, what is wrong with it, and what to do instead."""

UNKNOWN_COLUMN = "unknown_column"
"""Marks, in a node's meta, a column about which everything has been said."""


@dataclass
class Scope:
    """The relations of one SELECT. `subquery`: the kind of a one-column SELECT; `reads` hears of each column of a view."""

    relations: list[Relation]
    report: Report
    rules: Mapping[type[exp.Expr], Callable[..., Kind]]
    subquery: Callable[[exp.Expr], Kind]
    aliases: frozenset[str] = frozenset()
    reads: Callable[[str, str], None] = field(default=lambda view, column: None)

    def kind(self, node: exp.Expr) -> Kind:
        """The kind of an expression. Columns are qualified in place; every problem in it is reported."""
        rule = self.rules.get(type(node))
        if rule:
            return rule(node, self)
        if not isinstance(node, REFUSED):
            self.report(node, f"{type(node).__name__.upper()} is not allowed here", "")
        return Kind.UNKNOWN

    def expect(self, node: exp.Expr, wanted: frozenset[Kind], what: str) -> Kind:
        """The kind of an expression that must be of a wanted kind; reported when it is not."""
        kind = self.kind(node)
        if kind in wanted or kind in (Kind.UNKNOWN, Kind.NULL):
            return kind
        hint = "use CAST(... AS ...)" if kind is not Kind.MAP else "read one property, such as properties['campaign']"
        self.report(node, f"{what} is {' or '.join(sorted(wanted))}, got {kind}", hint)
        return Kind.UNKNOWN

    def together(self, parts: list[tuple[exp.Expr, Kind]], what: str) -> Kind:
        """The kind that some expressions have together; reported when there is none."""
        found = common([kind for _, kind in parts])
        if found is None or found in (Kind.MAP, Kind.INTERVAL):
            kinds = ", ".join(sorted({kind for _, kind in parts}))
            self.report(parts[0][0], f"{what} are of different kinds: {kinds}", "use CAST(... AS ...)")
            return Kind.UNKNOWN
        return found

    def column(self, node: exp.Column) -> Kind:
        """The kind of a column, which gets its relation's name."""
        if not isinstance(node.this, exp.Identifier):
            self.report(node, "* is not a value", "name a column, or COUNT(*)")
            return Kind.UNKNOWN
        name, relations = node.name, self._called(node.table)
        holders = [relation for relation in relations if name in relation.columns]
        if len(holders) == 1:
            holder = holders[0]
            node.set("table", exp.to_identifier(holder.name, quoted=True))
            holder.used.add(name)
            if holder.view:
                self.reads(holder.view, name)
            return holder.columns[name]
        node.meta[UNKNOWN_COLUMN] = True
        if any(relation.open for relation in relations or self.relations):
            return Kind.UNKNOWN
        if node.table and not relations:
            known = [relation.name for relation in self.relations]
            self.report(node, f"nothing in FROM is called {node.table!r}", did_you_mean(node.table, known))
        elif holders:
            choices = " or ".join(f"{relation.name}.{name}" for relation in holders)
            self.report(node, f"{name!r} is in more than one part of FROM", f"write {choices}")
        else:
            self._unknown(node, relations)
        return Kind.UNKNOWN

    def _called(self, alias: str) -> list[Relation]:
        return [relation for relation in self.relations if not alias or relation.name == alias]

    def _unknown(self, node: exp.Column, relations: list[Relation]) -> None:
        if node.name.upper() in REFUSED_FUNCTIONS:
            message, hint = REFUSED_FUNCTIONS[node.name.upper()]
            self.report(node, f"{node.name.upper()} {message}", hint)
        elif node.name in self.aliases:
            self.report(node, f"{node.name!r} is a name given in this SELECT", "write the expression itself again")
        else:
            known = {column for relation in relations for column in relation.columns}
            hint = did_you_mean(node.name, known)
            maps = [name for relation in relations for name, kind in relation.columns.items() if kind is Kind.MAP]
            if maps and hint.startswith("there is"):
                hint += f"; a property is read as {maps[0]}['{node.name}']"
            self.report(node, f"unknown column {node.name!r}", hint)
