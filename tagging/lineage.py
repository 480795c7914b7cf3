"""Where a tag's value comes from, and what is made of it: source columns, tags and crowds as one graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage

from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition
from tagging.dialect import TagSql
from tagging.problems import TagProblems
from tagging.saved_crowds import SavedCrowd
from tagging.sources import CATALOG
from tagging.tag_reads import parse_tag_source

KEPT_TAGS = 2_000
DEEPEST_RULE = 50


class Kind(StrEnum):
    """What a node stands for."""

    COLUMN = "column"
    TAG = "tag"
    CROWD = "crowd"


class Role(StrEnum):
    """What is read for: to compute the value, to decide which rows count and whose they are, or to choose a crowd's members."""

    VALUE = "value"
    ROWS = "rows"
    MEMBERS = "members"


@dataclass(frozen=True, order=True)
class Node:
    """`name` is source.column, or the tag's or crowd's name. `version` of a tag: the live one, None when none is."""

    kind: Kind
    name: str
    title: str = ""
    dimension: str = ""
    version: int | None = None

    @property
    def id(self) -> str:
        """Unique in a graph."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, order=True)
class Edge:
    """From what is read to what reads it, by id. `version`: of the tag that is read, when a tag reads it."""

    start: str
    end: str
    role: Role
    version: int | None = None


@dataclass(frozen=True)
class Graph:
    """Nodes by id, and edges between them, both in order. `left_out`: tags and crowds for whose reads there was no room."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int = 0


Origin = tuple[str, str, Role]
"""(source, column, role): a source of the catalogue or a tag's."""


@lru_cache(KEPT_TAGS)
def origins(definition: TagDefinition) -> frozenset[Origin]:
    """Every column that a tag reads, and what for; none for a text that does not compile."""
    try:
        tag = compile_tag(definition)
    except TagProblems:
        return frozenset()
    windows = {window.view: window.source for window in tag.windows}
    read = {(windows.get(view, view), column) for view, columns in tag.columns.items() for column in columns}
    read |= {(window.source, str(CATALOG[window.source].time_column)) for window in tag.windows}
    valued = {(windows.get(view, view), column) for view, column in _value_columns(tag)}
    return frozenset((*place, Role.VALUE if place in valued else Role.ROWS) for place in read | valued)


def _value_columns(tag: CompiledTag) -> Iterator[tuple[str, str]]:
    """(view, column) of each column that flows into the value."""
    schema = {name: dict(CATALOG[name].columns) for name in tag.sources if name in CATALOG}
    schema |= {window.view: dict(CATALOG[window.source].columns) for window in tag.windows}
    schema |= {read.source: dict(read.columns) for read in tag.definition.reads}
    tree = sqlglot.parse_one(tag.query, dialect=TagSql)
    try:
        root = lineage("value", tree, schema=schema, dialect=TagSql)
    except SqlglotError:
        # What is read is known without it; then every column counts as one that decides about rows.
        return
    for node in root.walk():
        if isinstance(node.expression, exp.Table):
            yield node.expression.name, exp.to_column(node.name).name


def build(tags: Sequence[TagDefinition], crowds: Mapping[str, SavedCrowd], most_nodes: int, most_edges: int) -> Graph:
    """The graph of the live tags and the saved crowds, tags before crowds while there is room."""
    live = {tag.name: tag for tag in tags}
    nodes: dict[str, Node] = {}
    edges: set[Edge] = set()
    left_out = 0
    parts = [(_tag_node(tag), list(_tag_edges(tag))) for tag in tags]
    parts += [(Node(Kind.CROWD, crowd.name, crowd.title), list(_crowd_edges(crowd))) for crowd in crowds.values()]
    for node, into in parts:
        ends = {edge.start: _end(edge.start, live, crowds) for edge in into}
        new = {node.id: node, **{name: end for name, end in ends.items() if name not in nodes}}
        if len(nodes) + len(new.keys() - nodes.keys()) > most_nodes or len(edges) + len(into) > most_edges:
            left_out += 1
            continue
        nodes |= new
        edges |= set(into)
    return Graph(tuple(sorted(nodes.values(), key=lambda found: found.id)), tuple(sorted(edges, key=_place)), left_out)


def around(graph: Graph, node_id: str) -> Graph:
    """The part of a graph that a node rests on, and the part that rests on it."""
    up = _reached(node_id, [(edge.end, edge.start) for edge in graph.edges])
    down = _reached(node_id, [(edge.start, edge.end) for edge in graph.edges])
    edges = tuple(edge for edge in graph.edges if {edge.start, edge.end} <= up or {edge.start, edge.end} <= down)
    nodes = tuple(node for node in graph.nodes if node.id in up | down)
    return Graph(nodes, edges, graph.left_out)


def _reached(start: str, steps: Iterable[tuple[str, str]]) -> set[str]:
    following: dict[str, list[str]] = {}
    for one, other in steps:
        following.setdefault(one, []).append(other)
    found, todo = {start}, [start]
    while todo:
        new = set(following.get(todo.pop(), ())) - found
        found |= new
        todo += new
    return found


def _tag_node(tag: TagDefinition) -> Node:
    return Node(Kind.TAG, tag.name, tag.title, tag.dimension, tag.version)


def _end(node_id: str, tags: Mapping[str, TagDefinition], crowds: Mapping[str, SavedCrowd]) -> Node:
    kind, name = node_id.split(":", 1)
    if kind == Kind.TAG:
        return _tag_node(tags[name]) if name in tags else Node(Kind.TAG, name)
    if kind == Kind.CROWD:
        return Node(Kind.CROWD, name, crowds[name].title if name in crowds else "")
    return Node(Kind.COLUMN, name)


def _tag_edges(tag: TagDefinition) -> Iterator[Edge]:
    end = f"{Kind.TAG}:{tag.name}"
    read: dict[tuple[str, int], Role] = {}
    for source, column, role in sorted(origins(tag)):
        other = parse_tag_source(source)
        if other is None:
            yield Edge(f"{Kind.COLUMN}:{source}.{column}", end, role)
        elif read.get(other) is not Role.VALUE:
            read[other] = role
    for (name, version), role in read.items():
        yield Edge(f"{Kind.TAG}:{name}", end, role, version)


def _crowd_edges(crowd: SavedCrowd) -> Iterator[Edge]:
    for kind, name in sorted(set(_named_in(crowd.rule))):
        yield Edge(f"{kind}:{name}", f"{Kind.CROWD}:{crowd.name}", Role.MEMBERS)


def _named_in(rule: Any, depth: int = 0) -> Iterator[tuple[Kind, str]]:
    """The tags and crowds that a saved rule names, also when it can no longer be read because one of them is gone."""
    if depth > DEEPEST_RULE:
        return
    for kind in (Kind.TAG, Kind.CROWD):
        if isinstance(rule, dict) and isinstance(rule.get(kind), str):
            yield kind, rule[kind]
    for part in rule.values() if isinstance(rule, dict) else rule if isinstance(rule, list) else ():
        yield from _named_in(part, depth + 1)


def _place(edge: Edge) -> tuple[str, str, str, int]:
    return edge.start, edge.end, edge.role, edge.version or 0
