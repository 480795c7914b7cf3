"""MIN and MAX over a window that several tags share: the highest goes when its row does."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from deploy.local.parts import flink_connector_jar
from jobs import pipeline
from jobs.builtin import builtin_tags
from jobs.plan_extremes import EXTREMES, unsound_calls
from jobs.statements import Job
from stores.settings import Flink, Settings
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tests.flink_streaming import StreamingTags
from tests.shop_history import MINUTE_MS, History, ticks

SETTINGS = Settings(flink=Flink(connector_jar=str(flink_connector_jar())))
NOW = 29_500_020
HOUR = "LAST(orders, INTERVAL '1' HOUR, INTERVAL '20' MINUTE)"


def tag(name: str, value_type: str, value: str):
    text = f"SELECT user_id, {value} AS value FROM {HOUR} GROUP BY user_id"
    return compile_tag(TagDefinition(name, "", "", value_type, "basic", "tests", text))


TAGS = (
    tag("dearest", "decimal", "MAX(amount)"),
    tag("first", "string", "DATE_FORMAT(MIN(ordered_at), 'HH:mm')"),
    tag("newest_day", "string", "CAST(MAX(CAST(ordered_at AS DATE)) AS STRING)"),
    tag("status", "string", "MAX(status)"),
    tag("several", "integer", "MAX(quantity) + COUNT(DISTINCT product_id) + MIN(quantity) + SUM(quantity)"),
)


def plan_of(tags):
    environment, text = pipeline.declare(Job("tags", tags), SETTINGS)
    return pipeline.planned(environment, text)


def test_what_is_mended_is_what_flink_itself_plans_for_a_tag_that_is_alone():
    def aggregates(tags):
        nodes = [node for node in plan_of(tags)["nodes"] if "aggCallNeedRetractions" in node]
        local = [node for node in nodes if {call["internalName"] for call in node["aggCalls"]} & set(EXTREMES)]
        # In no order, and without the names of unnamed columns: the tags of one job are planned together.
        return [json.dumps([node["aggCallNeedRetractions"], node["outputType"]], sort_keys=True) for node in local]

    alone = [aggregate for one in TAGS for aggregate in aggregates((one,))]
    assert len(alone) == 2 * len(TAGS), "a local and a global aggregate a tag"
    assert sorted(aggregates(TAGS)) == sorted(alone)


def test_no_built_in_plan_keeps_an_extreme_of_rows_that_may_leave():
    plan = plan_of(builtin_tags())
    assert not [node["description"] for node in plan["nodes"] if unsound_calls(node)]
    taking_back = [node for node in plan["nodes"] if any(node.get("aggCallNeedRetractions", ()))]
    assert any(call["internalName"] in EXTREMES for node in taking_back for call in node["aggCalls"])


@pytest.fixture
def running(tmp_path):
    found = StreamingTags(TAGS, tmp_path)
    yield found
    found.stop()


def test_a_maximum_falls_when_the_row_that_had_it_leaves_the_window(running):
    history = History(NOW - 60, NOW)

    def order(order_id: str, minutes_ago: int, amount: str, status: str, quantity: int) -> None:
        at_ms = (NOW - minutes_ago) * MINUTE_MS
        row = {"order_id": order_id, "user_id": "buyer", "product_id": order_id, "amount": amount, "status": status}
        history.change("orders", "c", {**row, "quantity": quantity, "ordered_at": at_ms}, logged_at=at_ms)

    order("dear", 50, "90.00", "shipped", 7)
    order("cheap", 5, "10.00", "paid", 2)
    running.log("orders_log", history.log()["orders_log"])
    running.log("clock", list(ticks(NOW, NOW)))
    running.await_value("dearest", Decimal("90.00"))
    running.await_value("several", 7 + 2 + 2 + 9)
    running.log("clock", list(ticks(NOW + 1, NOW + 31)))
    running.await_value("dearest", Decimal("10.00"))
    running.await_value("status", "paid")
    running.await_value("several", 2 + 1 + 2 + 2)
    assert len(set(running.said("first"))) == 2, "the first order is another one"
