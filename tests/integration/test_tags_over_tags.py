"""Tags that read tags, on Flink: their plans, and their values in stream mode and in batch mode."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from deploy.local.parts import flink_connector_jar
from jobs import pipeline
from jobs.mode import Mode
from jobs.statements import Job
from stores.settings import Flink, Settings
from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition
from tagging.tag_reads import TagRead
from tests.flink_local import LocalFlink, Message, tag_topic
from tests.shop_history import MINUTE_MS, History

SETTINGS = Settings(flink=Flink(connector_jar=str(flink_connector_jar())))
TIER, SPENT = TagRead("tier", 1, "string"), TagRead("spent", 3, "decimal")
VIP, ORDERS = TagRead("vip", 1, "boolean"), TagRead("orders", 2, "integer")
NOW = 29_500_020


def tag(name: str, value_type: str, sql: str, *reads: TagRead) -> CompiledTag:
    return compile_tag(TagDefinition(name, "", "", value_type, "basic", "tests", sql, reads=reads))


TAGS = (
    tag("plain", "string", "SELECT user_id, value FROM TAG(tier)", TIER),
    tag("filtered", "decimal", "SELECT user_id, value FROM TAG(spent) WHERE value >= 100", SPENT),
    tag(
        "both",
        "string",
        "SELECT t.user_id, CASE WHEN s.value > 50 THEN CONCAT(t.value, '+') ELSE t.value END AS value"
        " FROM TAG(tier) AS t LEFT JOIN TAG(spent) AS s ON s.user_id = t.user_id",
        TIER,
        SPENT,
    ),
    tag(
        "of_buyers",
        "integer",
        "SELECT e.user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR) AS e"
        " JOIN TAG(orders) AS o ON o.user_id = e.user_id WHERE o.value > 0 GROUP BY e.user_id",
        ORDERS,
    ),
    tag("chosen", "boolean", "SELECT user_id, value FROM TAG(vip) WHERE user_id IN (SELECT user_id FROM TAG(tier))", VIP, TIER),
    tag("friends", "integer", "SELECT u.referred_by AS user_id, COUNT(*) AS value FROM users AS u JOIN TAG(vip) AS v"
        " ON v.user_id = u.user_id WHERE v.value GROUP BY u.referred_by", VIP),
)  # fmt: skip
TOPICS = (
    *("clock", "events", "identities", "cdc.shop.users"),
    *("tag.tier.v1", "tag.spent.v3", "tag.vip.v1", "tag.orders.v2"),
)
WANTED = {
    "plain": {"ann": "gold", "bob": 'a "b", é', "eve": "silver"},
    "filtered": {"ann": Decimal("12345678901234.5678"), "bob": Decimal("100.0000")},
    "both": {"ann": "gold+", "bob": 'a "b", é+', "eve": "silver"},
    "of_buyers": {"ann": 2},
    "chosen": {"ann": True, "bob": False},
    "friends": {"carl": 1},
}


@pytest.fixture(scope="module")
def stream_plan():
    return pipeline.explain(Job("tags", TAGS), SETTINGS)


@pytest.fixture(scope="module", params=list(Mode))
def values(request):
    history = History(NOW - 60, NOW)
    for number, user in enumerate(("ann", "ann", "bob", "eve")):
        history.event(f"e{number}", user, "view", NOW * MINUTE_MS - MINUTE_MS)
    for user in ("ann", "bob"):
        history.change("users", "c", {"user_id": user, "referred_by": "carl"})
    tier = tag_topic({"ann": "gold", "bob": 'a "b", é', "eve": "silver"})
    # What is no JSON, and what has another type, is no value; who has no name is nobody.
    broken = [("fred", "{"), ("gina", '{"user_id":"gina"}'), ("", '{"user_id":"","value":"gold"}')]
    tier += [Message({"user_id": user, "message": text}, 1_000 + n) for n, (user, text) in enumerate(broken)]
    log = history.log() | {
        "tier__v1_log": tier,
        "spent__v3_log": tag_topic(
            {"ann": Decimal("12345678901234.5678"), "bob": Decimal("100.0000"), "eve": Decimal("50.0000")}
        ),
        "vip__v1_log": tag_topic({"ann": True, "bob": False, "kim": True}),
        "orders__v2_log": tag_topic({"ann": 9_007_199_254_740_993, "bob": 0}),
    }
    return LocalFlink(request.param).run(TAGS, log)


def test_a_tag_over_tags_has_the_values_of_the_newest_messages(values):
    assert values == WANTED


def test_no_tag_over_tags_is_written_a_tombstone_before_each_new_value(stream_plan):
    physical = stream_plan.split("== Optimized Physical Plan ==")[1].split("== Optimized Execution Plan ==")[0]
    written = {}
    for part in re.split(r"\n(?=Sink\()", "\n" + physical.strip()):
        if name := re.search(r"Sink\(table=\[default_catalog\.default_database\.tag_(\w+)_v1\]", part):
            written[name[1]] = re.search(r"changelogMode=\[([^\]]*)\]", part.strip().splitlines()[1])[1].split(",")
    assert set(written) == {tag.definition.name for tag in TAGS}
    assert [name for name, mode in written.items() if "UB" in mode] == []


def test_no_plan_of_tags_over_tags_has_a_python_operator_or_an_upsert_materializer(stream_plan):
    batch = pipeline.explain(Job("parity", TAGS, Mode.BATCH, {name: {0: 1} for name in TOPICS}, "answers"), SETTINGS)
    assert "Python" not in stream_plan + batch
    assert "SinkUpsertMaterializer" not in stream_plan and "upsertMaterialize=[true]" not in stream_plan
    assert "ChangelogNormalize" not in stream_plan


def test_a_tag_that_several_tags_read_is_scanned_once(stream_plan):
    execution = stream_plan.split("== Optimized Execution Plan ==")[1]
    tables = re.findall(r"TableSourceScan\(table=\[\[default_catalog, default_database, (\w+)", execution)
    assert sorted(tables) == sorted(set(tables)) and {"tier__v1_log", "vip__v1_log"} <= set(tables)
