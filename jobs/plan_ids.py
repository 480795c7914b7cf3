"""Operator ids of a compiled plan: the same SQL must give the same ids, or a restart does not find its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def renumbered(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The same plan with its nodes numbered from 1 in their order: Flink counts on from the plans this process made before."""
    places = {node["id"]: place for place, node in enumerate(plan["nodes"], start=1)}
    nodes = [{**node, "id": places[node["id"]]} for node in plan["nodes"]]
    edges = [{**edge, "source": places[edge["source"]], "target": places[edge["target"]]} for edge in plan["edges"]]
    return {**plan, "nodes": nodes, "edges": edges}
