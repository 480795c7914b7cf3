"""A query that is allowed, written anew: it reads what its reader may see, and no more rows than are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tagging.queries.dialect import write
from tagging.queries.reading import read
from tagging.queries.views import VIEWS

SEES = "sees"
"""The bound parameter that holds the sensitivities whose values may be seen."""
_OURS = "with_"
_ANSWER = "answer"


@dataclass(frozen=True)
class Query:
    """A text for ClickHouse, with the parameter `sees` to bind, and the views that it reads."""

    text: str
    views: tuple[str, ...]

    @property
    def is_bound(self) -> bool:
        """Whether the text has the parameter."""
        return any(VIEWS[view].seen_as for view in self.views)


def query(text: str, most_rows: int) -> Query:
    """What to run for an analyst's text, at most `most_rows` rows of it. Raises QueryProblems."""
    tree = read(text).copy()
    names = {cte.alias for cte in tree.find_all(exp.CTE)}
    views = tuple(sorted({table.name for table in tree.find_all(exp.Table)} & VIEWS.keys()))
    # Gathered first: what stands in a table's place has no tables in it.
    for table in list(tree.find_all(exp.Table)):
        _point(table, names)
    for cte in tree.find_all(exp.CTE):
        cte.args["alias"].set("this", exp.to_identifier(_OURS + cte.alias, quoted=True))
    return Query(write(_limited(tree, most_rows)), views)


def _point(table: exp.Table, names: set[str]) -> None:
    """Lead a name to what it stands for. Whatever is no view gets a name that no table of ours has, in scope or not."""
    name = table.name
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    if name in names:
        table.set("this", exp.to_identifier(_OURS + name, quoted=True))
    elif behind := VIEWS[name].seen_as:
        bound = exp.EQ(this=exp.column(SEES), expression=exp.Placeholder(this=exp.var(SEES), kind="Array(String)"))
        table.set("this", exp.Anonymous(this=behind, expressions=[bound]))


def _limited(tree: exp.Query, most_rows: int) -> exp.Select:
    if not isinstance(tree, exp.Select):
        tree = exp.select("*").from_(exp.Subquery(this=tree, alias=exp.TableAlias(this=exp.to_identifier(_ANSWER))))
    limit = tree.args.get("limit")
    asked = int(limit.expression.name) if limit else most_rows
    return tree.limit(min(asked, most_rows), copy=False)
