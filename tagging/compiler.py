"""Compiles a tag's SELECT to Flink SQL. A pipeline of pure functions; every problem is collected before any is raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from tagging.allowed import Found, only_allowed
from tagging.definition import TagDefinition
from tagging.dialect import write
from tagging.hardening import check_growth, hardened
from tagging.problems import Problem, TagProblems, place
from tagging.reading import offset_of, read
from tagging.scope import Report
from tagging.scopes import Resolver
from tagging.shapes import as_upserts, check_output
from tagging.sources import CATALOG, Catalog
from tagging.unfolding import lower_names, without_qualify, without_with
from tagging.windows import Window

MOST_WINDOWS = 8
MOST_JOINS = 8
MOST_UNIONS = 16


@dataclass(frozen=True)
class CompiledTag:
    """A tag as Flink SQL: `query` gives user_id STRING and value of the tag's Flink type, one upsert a user.

    `columns`: of each source and window that it reads (by the view's name), the columns that it needs.
    """

    definition: TagDefinition
    query: str
    sources: frozenset[str]
    windows: frozenset[Window]
    columns: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class ResolvedTag:
    """A tag as its author meant it: every name qualified, windows as the names of their views, nothing made for the engine."""

    tree: exp.Query
    windows: frozenset[Window]
    reads: Mapping[str, frozenset[str]]


def resolve_tag(definition: TagDefinition, catalog: Catalog = CATALOG) -> ResolvedTag:
    """The resolved tree of a tag that compiles. Raises TagProblems where it could not be read."""
    tree, found = _simple(definition, catalog)
    resolver = Resolver(
        catalog,
        lambda node, message, hint: found.append((offset_of(node), message, hint)),
        {read.tag: read for read in definition.reads},
    )
    resolver.unranked(tree)
    if found:
        raise TagProblems(_problems(definition, found), definition.name)
    reads = {view: frozenset(columns) for view, columns in resolver.reads.items()}
    return ResolvedTag(tree, frozenset(resolver.windows), MappingProxyType(reads))


def _simple(definition: TagDefinition, catalog: Catalog) -> tuple[exp.Query, list[Found]]:
    """A tag's tree with WITH and QUALIFY unfolded and no brackets around it. Raises TagProblems when there is none."""
    tree, unread = read(definition.sql, definition.first_line)
    if tree is None:
        raise TagProblems(unread, definition.name)
    tree, unlisted = only_allowed(tree)
    tree = lower_names(tree)
    tree, unqualified = without_qualify(tree)
    tree, unfolded = without_with(tree, catalog)
    found: list[Found] = [*unlisted, *unqualified, *unfolded]
    if tree is None:
        raise TagProblems(_problems(definition, found), definition.name)
    while isinstance(tree, exp.Subquery) and not tree.alias:
        tree = tree.this
    return tree, found


def compile_tag(definition: TagDefinition, catalog: Catalog = CATALOG) -> CompiledTag:
    """Compile one tag. Raises TagProblems with every problem, lines and columns as in the file that it came from."""
    tree, found = _simple(definition, catalog)

    def report(node: exp.Expr, message: str, suggestion: str) -> None:
        found.append((offset_of(node), message, suggestion))

    resolver = Resolver(catalog, report, {read.tag: read for read in definition.reads})
    resolver.unranked(tree)
    check_growth(tree, report)
    _check_reads(definition, tree, resolver.sources, report)
    for what, number, most in (
        ("windows", len(resolver.windows), MOST_WINDOWS),
        ("joins", sum(1 for _ in tree.find_all(exp.Join)), MOST_JOINS),
        ("UNION ALL", sum(1 for _ in tree.find_all(exp.Union)), MOST_UNIONS),
    ):
        if number > most:
            report(tree, f"{number} {what}, at most {most} are allowed", "split the tag")
    if not isinstance(tree, exp.Select):
        report(tree, "there can be several rows for one user", "put UNION ALL in a derived table, and GROUP BY user_id")
    elif check_output(tree, resolver.selects[id(tree)], definition, report) and not found:
        tree = as_upserts(tree, resolver.selects, definition, report)
    if found:
        raise TagProblems(_problems(definition, found), definition.name)
    return CompiledTag(
        definition,
        write(hardened(tree)),
        frozenset(resolver.sources),
        frozenset(resolver.windows),
        MappingProxyType({view: frozenset(columns) for view, columns in sorted(resolver.reads.items())}),
    )


def _check_reads(definition: TagDefinition, tree: exp.Expr, sources: set[str], report: Report) -> None:
    """The header is what others take for the truth: it names the tags that are read, and no more."""
    for named in definition.reads:
        if named.tag == definition.name:
            report(tree, f"tag {named.tag} reads itself", "read its sources")
        elif named.source not in sources:
            message = f"the header says that tag {named.tag} is read, and no TAG({named.tag}) does"
            report(tree, message, "remove it there")


def _problems(definition: TagDefinition, found: list[Found]) -> list[Problem]:
    return [
        Problem(*place(definition.sql, offset, definition.first_line), message, suggestion)
        for offset, message, suggestion in found
    ]
