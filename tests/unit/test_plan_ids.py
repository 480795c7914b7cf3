"""Operator ids of a compiled plan."""

from jobs.plan_ids import renumbered


def test_ids_depend_on_the_order_alone_and_edges_follow():
    plan = {
        "nodes": [{"id": 7, "type": "a"}, {"id": 9, "type": "b"}],
        "edges": [{"source": 7, "target": 9}],
        "flinkVersion": "2.2",
    }
    assert renumbered(plan) == {
        "nodes": [{"id": 1, "type": "a"}, {"id": 2, "type": "b"}],
        "edges": [{"source": 1, "target": 2}],
        "flinkVersion": "2.2",
    }
