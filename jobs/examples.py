"""The job that makes labelled examples: served predictions joined with what happened, as Flink SQL, in stream and in batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import Template
from typing import Any

import sql
from jobs.flink_sources import (
    EVENTS,
    EndOffsets,
    group_of,
    kafka_properties,
    literal,
    options,
    read_from,
    source_statements,
)
from jobs.statements import Statements
from prediction.examples import LabelRule
from stores.settings import Settings
from tagging.names import EXAMPLES_TOPIC, PREDICTIONS_TOPIC

JOB_NAME = "examples"
DAY_MS = 24 * 60 * 60 * 1000

LabelRules = Mapping[str, LabelRule]
"""model -> when its examples are positive."""

_COLUMNS = """`prediction_id` STRING NOT NULL,
  `model` STRING,
  `version` BIGINT,
  `user_id` STRING,
  `features` STRING,
  `score` DOUBLE,
  `frozen_score` DOUBLE,
  `predicted_at` BIGINT,
  `label` INT,
  `decided_at` BIGINT"""


def example_statements(
    rules: LabelRules, settings: Settings, barrier: EndOffsets | None = None, result_topic: str = EXAMPLES_TOPIC
) -> Statements:
    """The job for these models; bounded at `barrier`, with its answers in `result_topic`, when one is given.

    Raises ValueError when there is no model.
    """
    if not rules:
        raise ValueError("no model learns from examples: nothing to join predictions for")
    declarations = source_statements([EVENTS], settings, JOB_NAME, barrier)
    connector = read_from(PREDICTIONS_TOPIC, group_of(JOB_NAME, PREDICTIONS_TOPIC), settings, barrier)
    declarations += _declared("flink/predictions.sql", {"connector": options(connector)})
    declarations += _declared("flink/examples.sql", _words(rules, settings))
    declarations.append(
        f"CREATE TEMPORARY TABLE `examples` (\n  {_COLUMNS}{_key(barrier)}\n) "
        f"WITH (\n  {options(_written_to(settings, barrier, result_topic))}\n)"
    )
    return Statements(tuple(declarations), ("INSERT INTO `examples`\nSELECT * FROM `labelled`",))


def _declared(name: str, words: Mapping[str, str]) -> list[str]:
    return [Template(each).substitute(words) for each in sql.text(name).split(";\n") if each.strip()]


def _words(rules: LabelRules, settings: Settings) -> dict[str, str]:
    """Models and rules as literals: names, event types and numbers alone."""

    def case(of: Callable[[LabelRule], str]) -> str:
        return " ".join(f"WHEN {literal(model)} THEN {of(rules[model])}" for model in sorted(rules))

    return {
        "models": ", ".join(literal(model) for model in sorted(rules)),
        "label_events": ", ".join(literal(each) for each in sorted({rule.event_type for rule in rules.values()})),
        "event_types": case(lambda rule: literal(rule.event_type)),
        "horizons_ms": case(lambda rule: f"CAST({rule.horizon_seconds * 1000} AS BIGINT)"),
        "graces_ms": case(lambda rule: f"CAST({rule.grace_seconds * 1000} AS BIGINT)"),
        "late_days": str(settings.flink.late_days),
        "late_ms": f"CAST({settings.flink.late_days * DAY_MS} AS BIGINT)",
    }


def _key(barrier: EndOffsets | None) -> str:
    return ",\n  PRIMARY KEY (`prediction_id`) NOT ENFORCED" if barrier is None else ""


def _written_to(settings: Settings, barrier: EndOffsets | None, topic: str) -> dict[str, str]:
    kind = {"connector": "upsert-kafka"} if barrier is None else {"connector": "kafka", "key.fields": "prediction_id"}
    return {
        **kind,
        "topic": topic,
        "key.format": "raw",
        "value.format": "json",
        "properties.linger.ms": "50",
        "properties.compression.type": "lz4",
        **kafka_properties(settings.kafka),
    }


def longest_wait_ms(rules: LabelRules) -> int:
    """How long after a prediction the last tick comes that decides an example of these models."""
    longest = max(rule.horizon_seconds + rule.grace_seconds for rule in rules.values())
    return longest * 1000 + 60_000


def with_example_ttl(plan: Mapping[str, Any], wait_ms: int, late_days: int, deduplicate_days: int) -> dict[str, Any]:
    """The same compiled plan (Flink's JSON), with a time to live for all that it remembers.

    A prediction is held until the last event that may decide it: its tick, and `late_days` for that event to be logged; so is
    an event, and what they decide together. To that comes how far the job may lag, `late_days` once more. Ticks are held for
    the lag alone: a prediction that was logged after its tick is left out. Which ids are one person is never forgotten.
    """
    nodes = {node["id"]: dict(node) for node in plan["nodes"]}
    inputs: dict[int, list[int]] = {}
    for edge in plan["edges"]:
        inputs.setdefault(edge["target"], []).append(edge["source"])
    held, ticks = wait_ms + 2 * late_days * DAY_MS, late_days * DAY_MS
    for node in nodes.values():
        states = node.get("state") or []
        kept = [held] * len(states)
        if "partitionBy=[event_id]" in node["description"]:
            kept = [deduplicate_days * DAY_MS] * len(states)
        elif _holds_ticks(node):
            kept = [ticks] * len(states)
        elif "partitionBy=[user_id]" in node["description"]:
            kept = [0] * len(states)
        elif (node.get("joinSpec") or {}).get("joinType") == "LEFT":
            kept = [held, 0]
        elif len(states) == 2 and _comes_from_ticks(inputs[node["id"]][1], nodes, inputs):
            kept = [held, ticks]
        if states:
            node["state"] = [{**state, "ttl": f"{ttl} ms"} for state, ttl in zip(states, kept, strict=True)]
    return {**plan, "nodes": [nodes[node["id"]] for node in plan["nodes"]]}


def _holds_ticks(node: Mapping[str, Any]) -> bool:
    return "groupBy=[minute, shard]" in node["description"]


def _comes_from_ticks(start: int, nodes: Mapping[int, Mapping[str, Any]], inputs: Mapping[int, list[int]]) -> bool:
    current: int | None = start
    while current is not None:
        if _holds_ticks(nodes[current]):
            return True
        above = inputs.get(current, [])
        current = above[0] if len(above) == 1 else None
    return False
