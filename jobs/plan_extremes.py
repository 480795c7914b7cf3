"""MIN and MAX over rows that leave: Flink's planner takes some of them for values that can only go down, or up.

Where several tags read one view, Flink plans the view for itself, and then reads it as if no row were ever withdrawn from it
(`FlinkRelMdModifiedMonotonicity` in 2.2 has CONSTANT for a table scan that says nothing else). A MAX over it would keep the highest
value for ever, though its row has left the window. The compiled plan says for each call whether it takes rows back: this
mends it, and the accumulators that pass from a local aggregate to the global one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

EXTREMES = {"$MAX$1": "max", "$MIN$1": "min"}
"""Flink's name of a call -> the name of its accumulator."""

_ACCUMULATOR = re.compile(r"(?:max|min)\$\d+")
_FIELD = re.compile(r"`([^`]+)` ")
_KEY_CLASSES = {
    "VARCHAR": "org.apache.flink.table.data.StringData",
    "CHAR": "org.apache.flink.table.data.StringData",
    "DECIMAL": "org.apache.flink.table.data.DecimalData",
    "TIMESTAMP": "org.apache.flink.table.data.TimestampData",
    "DATE": "java.lang.Integer",
    "TIME": "java.lang.Integer",
}
"""Types whose values Flink holds as something else than Java would: the first word of their name -> the class."""


def with_extremes_that_withdraw(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The same compiled plan (Flink's JSON), with every MIN and MAX over rows that may be withdrawn able to take them back.

    Raises ValueError for an aggregate whose accumulators are not where they should be: a plan that nobody knows how to mend.
    """
    nodes = {node["id"]: dict(node) for node in plan["nodes"]}
    for node in nodes.values():
        calls = unsound_calls(node)
        if not calls:
            continue
        needs = list(node["aggCallNeedRetractions"])
        for place in calls:
            needs[place] = True
        node["aggCallNeedRetractions"] = needs
        if node["type"].startswith("stream-exec-local-group-aggregate"):
            node["outputType"] = _accumulating(node, calls)
            # The exchange to the global aggregate carries the same rows.
            for edge in plan["edges"]:
                if edge["source"] == node["id"] and nodes[edge["target"]]["type"].startswith("stream-exec-exchange"):
                    nodes[edge["target"]]["outputType"] = node["outputType"]
    return {**plan, "nodes": [nodes[node["id"]] for node in plan["nodes"]]}


def unsound_calls(node: Mapping[str, Any]) -> list[int]:
    """The places of a node's MIN and MAX calls that could not take back a row, though rows may be withdrawn from it."""
    if not node.get("needRetraction"):
        return []
    calls = zip(node["aggCalls"], node["aggCallNeedRetractions"], strict=True)
    return [place for place, (call, takes) in enumerate(calls) if call["internalName"] in EXTREMES and not takes]


def _accumulating(node: Mapping[str, Any], calls: list[int]) -> dict[str, Any]:
    """A local aggregate's rows, with accumulators that hold every value and how often it is there."""
    fields = _fields(node["outputType"])
    extremes = [place for place, call in enumerate(node["aggCalls"]) if call["internalName"] in EXTREMES]
    accumulators = [place for place, field in enumerate(fields) if _ACCUMULATOR.fullmatch(field["name"])]
    if len(extremes) != len(accumulators):
        raise ValueError(
            f"plan node {node['id']}: {len(extremes)} MIN and MAX, {len(accumulators)} accumulators of them"
        )
    for call, accumulator in zip(extremes, accumulators, strict=True):
        if call in calls:
            fields[accumulator] = {**fields[accumulator], "fieldType": _accumulator(node["aggCalls"][call])}
    return {"type": "ROW", "fields": fields}


def _fields(output_type: Any) -> list[dict[str, Any]]:
    """The fields of a ROW, which Flink writes as text or, where a field is no plain type, as JSON."""
    if isinstance(output_type, Mapping):
        return [dict(field) for field in output_type["fields"]]
    # Backticks stand around names alone: between two of them is a type, with a comma at its end.
    parts = _FIELD.split(output_type.removeprefix("ROW<").removesuffix(">"))[1:]
    return [
        {"name": name, "fieldType": kind.removesuffix(", ")} for name, kind in zip(parts[::2], parts[1::2], strict=True)
    ]


def _accumulator(call: Mapping[str, Any]) -> dict[str, Any]:
    name, kind = EXTREMES[call["internalName"]], call["type"].removesuffix(" NOT NULL")
    function = f"{name.capitalize()}WithRetract"
    view: Any = f"STRUCTURED<'org.apache.flink.table.api.dataview.MapView', `map` MAP<{kind} NOT NULL, BIGINT>>"
    if key_class := _KEY_CLASSES.get(re.split(r"\W", kind)[0]):
        view = {"logicalType": view, "fields": [{"name": "map", "keyClass": {"conversionClass": key_class}}]}
    return {
        "type": "STRUCTURED_TYPE",
        "implementationClass": (
            f"org.apache.flink.table.runtime.functions.aggregate.{function}AggFunction${function}Accumulator"
        ),
        "attributes": [
            {"name": name, "attributeType": kind},
            {"name": "mapSize", "attributeType": "BIGINT"},
            {
                "name": "map",
                "attributeType": {
                    "type": "RAW",
                    "class": "org.apache.flink.table.api.dataview.MapView",
                    "externalDataType": view,
                },
            },
        ],
        "comparison": "EQUALS",
    }
