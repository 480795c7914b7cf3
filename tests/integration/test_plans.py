"""What Flink makes of the built-in tags: the plan is part of the design, so it is tested."""

import json
import re

import pytest

from deploy.local.parts import flink_connector_jar
from jobs import pipeline
from jobs.builtin import builtin_tags
from jobs.mode import Mode
from jobs.state_ttl import Retention
from jobs.statements import Job
from stores.settings import Flink, Settings
from tagging.sources import CATALOG

SETTINGS = Settings(flink=Flink(connector_jar=str(flink_connector_jar())))
TOPICS = (
    "events",
    "clock",
    "identities",
    "cdc.shop.users",
    "cdc.shop.products",
    "cdc.shop.orders",
    "cdc.shop.scores",
    "tag.lifecycle.v1",
    "tag.spend_tier_30d.v1",
)


@pytest.fixture(scope="module")
def stream_plan():
    return pipeline.explain(Job("tags", builtin_tags()), SETTINGS)


@pytest.fixture(scope="module")
def batch_plan():
    barrier = {topic: {0: 1} for topic in TOPICS}
    return pipeline.explain(Job("parity", builtin_tags(), Mode.BATCH, barrier, "answers"), SETTINGS)


@pytest.fixture(scope="module")
def compiled_plans():
    def compiled():
        environment, text = pipeline.declare(Job("tags", builtin_tags()), SETTINGS)
        return pipeline.compile_plan(
            environment, text, Retention(SETTINGS.flink.late_days, SETTINGS.flink.deduplicate_days)
        )

    return compiled(), compiled()


def sections(plan):
    """(physical, execution): the physical plan has changelog modes, the execution plan has what is shared."""
    physical, execution = plan.split("== Optimized Physical Plan ==")[1].split("== Optimized Execution Plan ==")
    return physical, execution


def sinks(physical):
    """tag table -> the lines of its plan."""
    found = {}
    for part in re.split(r"\n(?=Sink\()", "\n" + physical.strip()):
        if name := re.search(r"Sink\(table=\[default_catalog\.default_database\.(\w+)\]", part):
            found[name[1]] = [line for line in part.splitlines() if line.strip()]
    return found


def test_no_plan_has_a_python_operator(stream_plan, batch_plan):
    for plan in (stream_plan, batch_plan):
        assert not re.search(r"Python", plan)


def test_no_plan_needs_an_upsert_materializer(stream_plan):
    assert "SinkUpsertMaterializer" not in stream_plan and "upsertMaterialize=[true]" not in stream_plan


def test_every_tag_has_a_sink(stream_plan, batch_plan):
    tables = {f"tag_{tag.definition.name}_v{tag.definition.version}" for tag in builtin_tags()}
    assert set(sinks(sections(stream_plan)[0])) == tables
    assert set(sinks(sections(batch_plan)[0])) == tables


def test_no_tag_is_written_a_tombstone_before_each_new_value(stream_plan):
    for table, lines in sinks(sections(stream_plan)[0]).items():
        mode = re.search(r"changelogMode=\[([^\]]*)\]", lines[1])[1]
        assert "UB" not in mode.split(","), f"{table}: {lines[1]}"


def test_each_topic_is_read_once(stream_plan, batch_plan):
    for plan in (stream_plan, batch_plan):
        tables = re.findall(r"TableSourceScan\(table=\[\[default_catalog, default_database, (\w+)", sections(plan)[1])
        assert sorted(tables) == sorted(set(tables)) and "events_log" in tables


def test_events_are_deduplicated_once(stream_plan):
    assert sections(stream_plan)[1].count("partitionBy=[event_id]") == 1


def test_identities_are_joined_once_for_each_column_that_names_a_user(stream_plan, batch_plan):
    named = [source for tag in builtin_tags() for source in tag.sources if source in CATALOG]
    wanted = sum(len(CATALOG[source].user_columns) for source in set(named))
    for plan in (stream_plan, batch_plan):
        joins = [line for line in sections(plan)[1].splitlines() if "canonical" in line and "LeftOuterJoin" in line]
        assert len(joins) == wanted, joins


def test_tags_on_the_same_window_share_its_join(stream_plan):
    windows = {window for tag in builtin_tags() for window in tag.windows}
    readers = sum(len(tag.windows) for tag in builtin_tags())
    joins = sections(stream_plan)[1].count("joinType=[LeftAntiJoin]")
    assert len(windows) <= joins < readers, (len(windows), joins, readers)


def test_a_row_looks_its_tick_up_by_key(stream_plan):
    joins = [line for line in sections(stream_plan)[1].splitlines() if "joinType=[LeftAntiJoin]" in line]
    assert joins and all("rightInputSpec=[JoinKeyContainsUniqueKey]" in join for join in joins), joins


def test_the_compiled_plan_is_the_same_each_time_so_that_a_restart_finds_its_state(compiled_plans):
    first, second = compiled_plans
    assert first == second


def test_rows_of_windows_and_the_deduplication_and_nothing_else_forget(compiled_plans):
    for node in json.loads(compiled_plans[0])["nodes"]:
        lives = {state["ttl"] for state in node.get("state", ())}
        is_window = node["type"].startswith("stream-exec-join") and node["joinSpec"]["joinType"] == "ANTI"
        is_deduplication = "partitionBy=[event_id]" in node["description"] and "rank" in node["type"]
        is_tick = "groupBy=[minute, shard]" in node["description"]
        is_of_people = "LeftOuterJoin" in node["description"] and "select=[event_id" in node["description"]
        if is_window or is_of_people:
            # A merge or a row change may withdraw a row at any age: its tick must be there still (test_changes_after_leaving).
            # Nor is it forgotten whose rows are whose.
            rows, other = (state["ttl"] for state in node["state"])
            assert rows != "0 ms" and other == "0 ms", node["description"]
        else:
            forgets = is_deduplication or is_tick
            assert ("0 ms" not in lives) if forgets else lives <= {"0 ms"}, node["description"]
