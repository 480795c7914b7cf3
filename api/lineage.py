"""GET /lineage: from source columns to tags to crowds, whole or around one tag."""

from __future__ import annotations

from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from api.documented import documented, noun
from api.errors import ApiError
from api.ports import Stores
from api.tags import TagPath
from api.wire import reply
from tagging import lineage
from tagging.lineage import Graph, Kind

MOST_NODES = 2_000
EDGES_A_NODE = 5


class LineageQuery(BaseModel):
    """How much of the graph."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(1_000, ge=1, le=MOST_NODES, description="At most so many nodes; tags come before crowds")


class LineageNode(BaseModel):
    """A source column, a tag or a crowd."""

    id: str = Field(description="<kind>:<name>")
    kind: Literal["column", "tag", "crowd"]
    name: str = Field(description="The column as source.column; the tag's or crowd's name")
    title: str = Field(description="Empty for a column, and for a tag or crowd that is gone")
    dimension: str = Field(description="Of a tag")
    version: int | None = Field(description="The live version of a tag; null when none is live")


class LineageEdge(BaseModel):
    """From what is read to what reads it."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    role: Literal["value", "rows", "members"] = Field(
        description="`value`: it is computed from it; `rows`: it decides which rows count and whose they are; "
        "`members`: the crowd's members are chosen by it"
    )
    version: int | None = Field(description="Which version of a tag another tag reads; null for all other edges")
    behind: bool = Field(description="Whether another version of that tag is live")


class Lineage(BaseModel):
    """Nodes and edges in order of their ids."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]
    left_out: int = Field(description="Tags and crowds for which, or for whose reads, there was no room")


def whole(stores: Stores, limit: int = MOST_NODES) -> Graph:
    """The graph of the live tags and the saved crowds. Raises Unavailable."""
    return lineage.build(stores.registry.tags(), stores.crowds.all(), limit, limit * EDGES_A_NODE)


def answer(graph: Graph) -> Lineage:
    """A graph as it is sent."""
    live = {node.id: node.version for node in graph.nodes}
    return Lineage(
        nodes=[
            LineageNode(
                id=node.id, kind=node.kind.value, name=node.name, title=node.title, dimension=node.dimension,
                version=node.version,
            )
            for node in graph.nodes
        ],
        edges=[
            LineageEdge(
                start=edge.start, end=edge.end, role=edge.role.value, version=edge.version,
                behind=edge.version is not None and edge.version != live[edge.start],
            )
            for edge in graph.edges
        ],
        left_out=graph.left_out,
    )  # fmt: skip


def around_tag(stores: Stores, name: str) -> Lineage:
    """What a tag rests on, and what rests on it. Raises ApiError when there is no such tag."""
    graph = whole(stores)
    node = f"{Kind.TAG}:{name}"
    if not any(found.id == node and found.version is not None for found in graph.nodes):
        raise ApiError(404, "tag_not_found", f"There is no tag {name}; GET /api/v1/tags lists them")
    return answer(lineage.around(graph, node))


def blueprint(stores: Stores) -> APIBlueprint:
    """The route of the whole graph."""
    routes = noun("lineage")

    @routes.get("", responses=documented({200: Lineage}, 503))
    def read_lineage(query: LineageQuery) -> Response:
        """Every live tag with the columns and tags that it reads, and the crowds that use it"""
        return reply(answer(whole(stores, query.limit)))

    return routes


def tag_blueprint(stores: Stores) -> APIBlueprint:
    """The route of one tag's part."""
    routes = noun("tags")
    routes.name = "tag_lineage"

    @routes.get("/<name>/lineage", responses=documented({200: Lineage}, 404, 503))
    def read_tag_lineage(path: TagPath) -> Response:
        """What a tag rests on, down to source columns, and the tags and crowds that rest on it"""
        return reply(around_tag(stores, path.name))

    return routes
