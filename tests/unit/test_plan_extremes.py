"""A compiled plan's MIN and MAX over rows that may be withdrawn."""

from __future__ import annotations

import copy

import pytest

from jobs.plan_extremes import with_extremes_that_withdraw

ROW = "ROW<`user_id` VARCHAR(2147483647), `max$0` DECIMAL(12, 2), `count$1` BIGINT, `min$2` INT, `count1$3` BIGINT>"
CALLS = [
    {"internalName": "$MAX$1", "type": "DECIMAL(12, 2) NOT NULL"},
    {"internalName": "$COUNT$1", "type": "BIGINT NOT NULL"},
    {"internalName": "$MIN$1", "type": "INT"},
]


def plan(needs=(False, True, False), rows_leave=True, output=ROW):
    aggregate = {"aggCalls": CALLS, "aggCallNeedRetractions": list(needs), "needRetraction": rows_leave}
    return {
        "flinkVersion": "2.2",
        "nodes": [
            {"id": 1, "type": "stream-exec-local-group-aggregate_1", **aggregate, "outputType": output},
            {"id": 2, "type": "stream-exec-exchange_1", "outputType": output},
            {"id": 3, "type": "stream-exec-global-group-aggregate_1", **aggregate, "outputType": "ROW<`v` INT>"},
        ],
        "edges": [{"source": 1, "target": 2}, {"source": 2, "target": 3}],
    }


def types(node):
    return {field["name"]: field["fieldType"] for field in node["outputType"]["fields"]}


def test_both_halves_take_rows_back_and_the_rows_between_them_hold_every_value():
    local, exchange, whole = with_extremes_that_withdraw(plan())["nodes"]
    assert local["aggCallNeedRetractions"] == whole["aggCallNeedRetractions"] == [True, True, True]
    assert exchange["outputType"] == local["outputType"] and whole["outputType"] == "ROW<`v` INT>"
    found = types(local)
    assert list(found) == ["user_id", "max$0", "count$1", "min$2", "count1$3"]
    assert (found["user_id"], found["count$1"]) == ("VARCHAR(2147483647)", "BIGINT")
    highest, lowest = found["max$0"], found["min$2"]
    assert highest["implementationClass"].endswith("MaxWithRetractAggFunction$MaxWithRetractAccumulator")
    assert highest["attributes"][0] == {"name": "max", "attributeType": "DECIMAL(12, 2)"}
    assert lowest["attributes"][0] == {"name": "min", "attributeType": "INT"}


def test_what_takes_rows_back_already_is_left_as_it_is():
    held = {"type": "ROW", "fields": [{"name": "max$0", "fieldType": {"type": "STRUCTURED_TYPE"}}]}
    held["fields"].append({"name": "min$2", "fieldType": "INT"})
    found = with_extremes_that_withdraw(plan((True, True, False), output=held))["nodes"][0]
    assert types(found)["max$0"] == {"type": "STRUCTURED_TYPE"} and types(found)["min$2"]["type"] == "STRUCTURED_TYPE"


@pytest.mark.parametrize("given", [plan(rows_leave=False), plan((True, True, True))])
def test_a_plan_with_nothing_to_mend_is_the_same(given):
    assert with_extremes_that_withdraw(given) == given


def test_the_plan_that_was_given_is_left_as_it_was():
    given = plan()
    before = copy.deepcopy(given)
    with_extremes_that_withdraw(given)
    assert given == before


def test_accumulators_that_are_not_found_are_refused():
    with pytest.raises(ValueError, match="plan node 1: 2 MIN and MAX, 1 accumulators"):
        with_extremes_that_withdraw(plan(output="ROW<`user_id` VARCHAR(2147483647), `max$0` INT>"))
