"""Makes a tree simple: names in lower case, WITH and QUALIFY written as derived tables."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tagging.allowed import Found
from tagging.reading import NODES, offset_of, out_of_bounds
from tagging.sources import Catalog

QUALIFIED_RANK = "rank_to_qualify"


def lower_names(tree: exp.Query) -> exp.Query:
    """A copy with every name in lower case: tags do not tell `City` from `city`."""
    root = tree.copy()
    for name in root.find_all(exp.Identifier):
        name.set("this", name.name.lower())
        name.set("quoted", True)
    return root


def without_with(tree: exp.Query, catalog: Catalog) -> tuple[exp.Query | None, tuple[Found, ...]]:
    """A copy in which each name of a WITH is replaced by its SELECT as a derived table. None when that gets too long."""
    unfolding = _Unfolding(tree.copy(), catalog)
    too_much = [] if unfolding.tree is None else list(out_of_bounds(unfolding.tree))
    return (None if too_much else unfolding.tree), (*unfolding.found, *too_much)


class _Unfolding:
    """One pass over a tree of its own. It stops copying once the copies together are more than a tag may have."""

    def __init__(self, tree: exp.Query, catalog: Catalog) -> None:
        self._catalog = catalog
        self._room = NODES
        self.found: list[Found] = []
        self._unfold(tree, {})
        self.tree: exp.Query | None = tree
        if self._room < 0:
            self.found.append(
                (offset_of(tree), "WITH unfolds to too many parts", "use each of its names once or twice")
            )
            self.tree = None

    def _unfold(self, node: exp.Expr, known: Mapping[str, exp.Query]) -> set[str]:
        """Unfolds below a node; returns the names used there."""
        clause = node.args.get("with_")
        if not isinstance(clause, exp.With):
            return self._unfold_parts(node, known)
        inner, declared, used = dict(known), set(), set()
        for cte in clause.expressions:
            if not isinstance(cte, exp.CTE) or not isinstance(cte.this, exp.Query):
                continue
            if cte.alias in self._catalog or cte.alias in declared:
                self.found.append((offset_of(cte), f"the name {cte.alias!r} is taken", "choose another name in WITH"))
            used |= self._unfold(cte.this, inner)
            inner[cte.alias] = cte.this
            declared.add(cte.alias)
        node.set("with_", None)
        used |= self._unfold_parts(node, inner)
        for cte in clause.expressions:
            if cte.alias in declared - used:
                self.found.append((offset_of(cte), f"WITH {cte.alias} is not used", "remove it"))
        return used - declared

    def _unfold_parts(self, node: exp.Expr, known: Mapping[str, exp.Query]) -> set[str]:
        used: set[str] = set()
        for child in list(node.iter_expressions()):
            if isinstance(child, exp.Table) and isinstance(child.this, exp.Identifier) and child.name in known:
                used.add(child.name)
                self._put(child, known[child.name])
            else:
                used |= self._unfold(child, known)
        return used

    def _put(self, table: exp.Table, body: exp.Query) -> None:
        self._room -= sum(1 for _ in body.walk())
        if self._room < 0:
            return
        alias = exp.to_identifier(table.alias or table.name, quoted=True)
        table.replace(exp.Subquery(this=body.copy(), alias=exp.TableAlias(this=alias)))


def without_qualify(tree: exp.Query) -> tuple[exp.Query, tuple[Found, ...]]:
    """A copy in which QUALIFY ROW_NUMBER() OVER (...) = 1 is a rank in a derived table and a WHERE around it."""
    root = tree.copy()
    found: list[Found] = []
    for select in list(root.find_all(exp.Select)):
        qualify = select.args.get("qualify")
        if qualify is None:
            continue
        select.set("qualify", None)
        columns = [column.alias_or_name for column in select.expressions]
        windows = list(qualify.find_all(exp.Window))
        if len(windows) != 1 or not all(columns) or "*" in columns:
            hint = "write QUALIFY ROW_NUMBER() OVER (...) = 1 and name every column"
            found.append((offset_of(qualify), "QUALIFY with one ROW_NUMBER() and named columns", hint))
            continue
        rank = exp.to_identifier(QUALIFIED_RANK, quoted=True)
        windows[0].replace(exp.Column(this=rank.copy()))
        inner = select.copy()
        inner.append("expressions", exp.Alias(this=windows[0].copy(), alias=rank.copy()))
        outer = exp.Select(
            expressions=[exp.Column(this=exp.to_identifier(name, quoted=True)) for name in columns],
            where=exp.Where(this=qualify.this),
        )
        outer.set("from_", exp.From(this=exp.Subquery(this=inner)))
        for old, new in zip(select.expressions, outer.expressions, strict=True):
            new.meta["start"] = offset_of(old)
        if select is root:
            root = outer
        else:
            select.replace(outer)
    return root, tuple(found)
