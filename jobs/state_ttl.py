"""How long a compiled plan's operators remember. Written into the plan, because hints do not reach an anti-join made from NOT IN.

Only three kinds of state may be forgotten; every other operator keeps what it holds until its input retracts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tagging.windows import AHEAD_MINUTES, MINUTE_MS

DAY_MS = 24 * 60 * MINUTE_MS


@dataclass(frozen=True)
class Retention:
    """`late_days`: how far the job may lag behind its log; `deduplicate_days`: how long an event_id is remembered."""

    late_days: int
    deduplicate_days: int


NEVER = 0
"""What Flink calls state that is not forgotten."""


def window_join_ttls(length_minutes: int, pane_minutes: int, retention: Retention) -> tuple[int, int]:
    """(rows, ticks) in milliseconds for one window's anti-join.

    A row must be held until its tick, which is at most window + pane away from when the row was logged, plus the time by which
    a row's own may be ahead of that, plus the time that the job itself may lag. Ticks are held for ever: a merge of two users, or
    a change of its table, withdraws a row and adds it again at any age, and without its tick one that left long ago would be back
    in the window.
    """
    return (length_minutes + pane_minutes + AHEAD_MINUTES) * MINUTE_MS + retention.late_days * DAY_MS, NEVER


def with_state_ttl(plan: Mapping[str, Any], retention: Retention) -> dict[str, Any]:
    """The same compiled plan (Flink's JSON), with a time to live for rows of windows, and for what tells copies apart.

    Raises ValueError for an anti-join whose window is not found: a plan that would forget rows or keep them forever.
    """
    nodes = {node["id"]: dict(node) for node in plan["nodes"]}
    inputs: dict[int, list[int]] = {}
    for edge in plan["edges"]:
        inputs.setdefault(edge["target"], []).append(edge["source"])
    for node in nodes.values():
        if node["type"].startswith("stream-exec-join") and node["joinSpec"]["joinType"] == "ANTI":
            window = _window_above(inputs[node["id"]][0], nodes, inputs)
            if window is None:
                raise ValueError(
                    f"plan node {node['id']}: an anti-join with no window before it: {node['description']}"
                )
            _remember(node, window_join_ttls(*window, retention))
        elif _joins_identities(node) and any(
            _deduplicates(nodes[above]) for above in _upwards(node["id"], inputs, left=True)
        ):
            _remember(node, (_longest_window_below(node["id"], nodes, inputs, retention), NEVER))
        elif _deduplicates(node):
            _remember(node, [retention.deduplicate_days * DAY_MS] * len(node["state"]))
        elif node.get("state") and "groupBy=[minute, shard]" in node["description"]:
            # A tick that comes again later than that is one more of those that are held: what has left stays away.
            _remember(node, [retention.late_days * DAY_MS] * len(node["state"]))
    return {**plan, "nodes": [nodes[node["id"]] for node in plan["nodes"]]}


def _deduplicates(node: Mapping[str, Any]) -> bool:
    return node["type"].startswith("stream-exec-rank") and "partitionBy=[event_id]" in node["description"]


def _joins_identities(node: Mapping[str, Any]) -> bool:
    """Whether a node is the join of a source's rows, on its left, with whose they are."""
    is_join = node["type"].startswith("stream-exec-join") and node["joinSpec"]["joinType"] == "LEFT"
    return is_join and "canonical" in node["description"]


def _longest_window_below(
    start: int, nodes: Mapping[int, Mapping[str, Any]], inputs: Mapping[int, list[int]], retention: Retention
) -> int:
    """For how long, in milliseconds, what reads a join's rows may still hold one of them; NEVER where not all of it are windows.

    A row that has left every window is in no tag: whose it becomes afterwards changes nothing.
    """
    longest = 0
    below = [node_id for node_id, above in inputs.items() if start in above]
    while below:
        node = nodes[below.pop()]
        if node["type"].startswith("stream-exec-join") and node["joinSpec"]["joinType"] == "ANTI":
            window = _window_above(inputs[node["id"]][0], nodes, inputs)
            if window is None:
                return NEVER
            longest = max(longest, window_join_ttls(*window, retention)[0])
        elif node["type"].startswith(("stream-exec-calc", "stream-exec-exchange")):
            below += [node_id for node_id, above in inputs.items() if node["id"] in above]
        else:
            return NEVER
    return longest


def _upwards(start: int, inputs: Mapping[int, list[int]], left: bool = False) -> Iterator[int]:
    """A node and what lies above it, as long as that is one; or its left input where it has two."""
    above = [start]
    while len(above) == 1:
        yield above[0]
        above = inputs.get(above[0], [])[: 1 if left else None]


def _remember(node: dict[str, Any], ttls: Sequence[int]) -> None:
    """Each of a node's states for so many milliseconds."""
    node["state"] = [{**state, "ttl": f"{ttl} ms"} for state, ttl in zip(node["state"], ttls, strict=True)]


def _window_above(
    start: int, nodes: Mapping[int, Mapping[str, Any]], inputs: Mapping[int, list[int]]
) -> tuple[int, int] | None:
    """(length, pane) in minutes of the nearest expression `(... + 1) * pane + length` on the way up a join's left side."""
    for node_id in _upwards(start, inputs):
        for expression in nodes[node_id].get("projection") or ():
            for window in _windows_in(expression):
                return window
    return None


def _windows_in(expression: Any) -> Iterator[tuple[int, int]]:
    if not isinstance(expression, Mapping):
        return
    operands = expression.get("operands") or []
    if _is_sum_with_literal(expression):
        inner, length = operands
        if inner.get("internalName") == "$*$1" and _is_sum_with_literal(inner["operands"][0]):
            yield int(length["value"]), int(inner["operands"][1]["value"])
        elif _is_sum_with_literal(inner) and int(inner["operands"][1]["value"]) == 1:
            # The planner leaves out a division and a multiplication by 1: a pane of one minute.
            yield int(length["value"]), 1
    for operand in operands:
        yield from _windows_in(operand)


def _is_sum_with_literal(expression: Mapping[str, Any]) -> bool:
    operands = expression.get("operands") or []
    return expression.get("internalName") == "$+$1" and len(operands) == 2 and operands[1].get("kind") == "LITERAL"
