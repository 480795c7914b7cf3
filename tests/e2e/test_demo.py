"""The demo as a whole, on a stack of its own: it starts, is fed, tags change, and everything that went in is found again."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from sklearn.metrics import roc_auc_score

from deploy.demo.watch import ApiReader
from deploy.local.config import settings_of
from deploy.local.stack import Stack
from jobs.builtin import builtin_tags
from jobs.models import training_sets
from prediction.definition import parse_model
from prediction.pipeline import columns_of, from_bytes
from prediction.training import part_of
from stores import user_numbers
from stores.clickhouse import connect
from stores.features import FeatureStore
from stores.kafka_results import read_all
from stores.models.registry import ModelRegistry
from stores.mysql import transaction
from stores.settings import Settings
from tagging.names import source_topic
from tagging.sampling import sample_of
from tests.tutorial import script

pytestmark = pytest.mark.stack
STACK = "test-demo"
START_SECONDS = 900


@dataclass
class Run:
    """One run of the demo: what it printed, and how long it took in seconds."""

    status: int
    output: str
    seconds: float


def run_demo() -> Run:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "deploy.demo", "--stack", STACK, "--once"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=START_SECONDS,
    )
    return Run(done.returncode, done.stdout, time.monotonic() - began)


@pytest.fixture(scope="module")
def stack_of_its_own() -> Iterator[Stack]:
    """A stack with nothing in it, and nothing left of it afterwards."""
    stack = Stack(STACK, tell=lambda line: None)
    stack.reset()
    yield stack
    stack.reset()


@pytest.fixture(scope="module")
def first_run(stack_of_its_own: Stack) -> Run:
    return run_demo()


def eventually(looks: Callable[[], Any], wanted: Any, seconds: float = 60) -> None:
    """Look until what is seen is what is wanted."""
    until = time.monotonic() + seconds
    while (seen := looks()) != wanted and time.monotonic() < until:
        time.sleep(0.5)
    assert seen == wanted


def test_the_demo_starts_is_fed_and_sees_tags_change(first_run: Run) -> None:
    assert first_run.status == 0, first_run.output
    assert re.search(r"✓ the shop's past: .*orders", first_run.output)
    assert re.search(r"✓ the clickstream: .*35,381 events", first_run.output)
    assert re.search(r"✓ tags change while events come in.*user u\d+: \w+ .* → ", first_run.output, re.DOTALL)
    assert re.search(r"✓ the job that models learn from.*buys_in_7_days: [0-9a-f]{32}", first_run.output, re.DOTALL)
    assert "dashboard: http://127.0.0.1:" in first_run.output


def test_every_built_in_tag_has_a_value_for_somebody(first_run: Run, stack_of_its_own: Stack) -> None:
    api = settings_of(stack_of_its_own.layout).api
    reader = ApiReader(f"http://{api.host}:{api.port}")
    # A model has said nothing yet.
    wanted = [tag.definition.name for tag in builtin_tags() if "scores" in tag.sources]
    eventually(lambda: [tag.name for tag in reader.tags() if not tag.users], wanted, seconds=600)


def test_a_second_run_leaves_what_runs_alone_and_replays_nothing(first_run: Run, stack_of_its_own: Stack) -> None:
    before = {status.name: status.pid for status in stack_of_its_own.status()}
    again = run_demo()
    assert again.status == 0, again.output
    assert "made before" in again.output and "is running already" in again.output
    assert {status.name: status.pid for status in stack_of_its_own.status()} == before


def test_what_went_in_is_found_again_to_the_last_event(first_run: Run, stack_of_its_own: Stack) -> None:
    stack_of_its_own.down(["generator"])
    data = stack_of_its_own.layout.root / "data"
    sent = json.loads((data / "generator.json").read_text())
    clicks = json.loads((data / "clickstream.json").read_text())
    assert sent["history"]["done"] and clicks["done"] and sent["pid"] == 0
    wanted = {
        "events_total": sent["messages"]["valid"] + sent["messages"]["late"] + clicks["messages_sent"],
        "dead_letters_total": sum(sent["malformed"].values()),
    }
    api = settings_of(stack_of_its_own.layout).api
    reader = ApiReader(f"http://{api.host}:{api.port}")

    def found() -> dict[str, int]:
        overview = reader.get("overview")
        return {name: overview[name] for name in wanted}

    eventually(found, wanted)


def models(stack: Stack, *arguments: str) -> str:
    environment = {**os.environ, "TAGSTREAM_CONFIG": str(stack.layout.config)}
    command = [sys.executable, "-m", "jobs.models", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout


def newest_scores(settings: Settings) -> dict[str, str]:
    """user_id -> the newest score in the log."""
    found: dict[str, str] = {}
    for message in read_all(settings, source_topic("scores", settings.mysql.shop_database)):
        change = orjson.loads(message)
        if change["op"] == "d":
            found.pop(change["before"]["user_id"], None)
        else:
            found[change["after"]["user_id"]] = change["after"]["score"]
    return found


def test_a_model_learns_who_buys_beats_chance_and_its_scores_become_a_tag(
    first_run: Run, stack_of_its_own: Stack
) -> None:
    settings = settings_of(stack_of_its_own.layout)
    said = json.loads(
        models(stack_of_its_own, "train", "buys_in_7_days", "--moments", "3", "--live", "--json").splitlines()[-1]
    )
    address = f"http://{settings.api.host}:{settings.api.port}/api/v1"
    shown = requests.get(f"{address}/models/buys_in_7_days", timeout=10).json()
    assert shown["live_version"] == said["version"]
    assert shown["metrics"]["auc"] - 2 * shown["metrics"]["auc_error"] > 0.5

    # The number that is shown is the number recomputed, of the people that the model has not seen, by another library.
    registry, store = ModelRegistry(settings), FeatureStore(connect(settings))
    model = registry.model("buys_in_7_days")
    pipeline = from_bytes(registry.file(model.live.sha256))
    tags = {tag.definition.name: tag for tag in builtin_tags(*(feature.tag for feature in pipeline.features))}
    ordered = {feature.tag: tags[feature.tag] for feature in pipeline.features}
    definition = parse_model(model.definition)
    rows = training_sets.build(definition, ordered, said["lineage"]["moments_ms"], sample_of(10), store)
    held_out = [place for place, user in enumerate(rows.users) if part_of(user) < definition.training.held_out]
    columns = {tag: [values[place] for place in held_out] for tag, values in rows.columns.items()}
    labels = [rows.labels[place] == "yes" for place in held_out]
    recomputed = roc_auc_score(labels, pipeline.probabilities(columns)[:, 1])
    assert shown["metrics"]["auc"] == pytest.approx(recomputed, abs=1e-9)
    assert shown["metrics"]["rows"] == len(held_out)
    registry.close()

    # As soon as it is live everybody is scored, from the log and HBase; from ClickHouse in batch comes the same, to the last digit.
    versions = {feature.tag: feature.version for feature in pipeline.features}
    users = store.current(versions, 1, user_numbers.total(settings) + 1)
    columns = columns_of(pipeline.features, [dict(values) for _, values in users])
    said_of = {user: f"{score:.6f}" for (user, _), (_, score) in zip(users, pipeline.said(columns), strict=True)}
    eventually(lambda: newest_scores(settings), said_of, seconds=300)
    scored = json.loads(models(stack_of_its_own, "score", "buys_in_7_days", "--json").splitlines()[-1])
    assert (scored["users"], newest_scores(settings)) == (len(users), said_of)

    # Its word becomes a tag; asked about one user, it says the same.
    reader = ApiReader(f"http://{settings.api.host}:{settings.api.port}")
    eventually(lambda: {tag.name: tag.users for tag in reader.tags()}["likely_to_buy"], scored["users"], seconds=300)
    user_id = next(user for user, label in zip(rows.users, rows.labels, strict=True) if label == "yes")
    body = {"model": "buys_in_7_days", "user_ids": [user_id]}
    score = requests.post(f"{address}/predictions", json=body, timeout=10).json()["items"][0]["score"]
    band = "high" if score >= 0.5 else "medium" if score >= 0.2 else "low"
    profile = requests.get(f"{address}/users/{user_id}", timeout=10).json()
    assert {tag["tag"]: tag["value"] for tag in profile["tags"]}["likely_to_buy"] == band


def test_the_tutorial_leads_from_a_table_in_mysql_to_a_prediction(
    first_run: Run, stack_of_its_own: Stack, tmp_path: Path
) -> None:
    settings = settings_of(stack_of_its_own.layout)
    address = f"http://{settings.api.host}:{settings.api.port}/api/v1"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TAGSTREAM_STACK": STACK,
        "TAGSTREAM_CONFIG": str(stack_of_its_own.layout.config),
        "TAGSTREAM_SOURCES": str(tmp_path / "sources"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script()], env=environment, cwd=tmp_path, timeout=900, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    assert "the rows that it holds arrive in the log" in done.stdout and "version 1 is live" in done.stdout

    # What the tag says of a user is what MySQL says, and the rows that decide are shown.
    complaints = """
        SELECT user_id, COUNT(*) AS complaints FROM reviews
        WHERE stars <= 2 AND written_at > NOW() - INTERVAL 80 DAY
        GROUP BY user_id ORDER BY complaints DESC, user_id LIMIT 1
    """
    with transaction(settings, settings.mysql.shop_database) as cursor:
        cursor.execute(complaints)
        user_id = cursor.fetchone()["user_id"]

    def value() -> int | None:
        profile = requests.get(f"{address}/users/{user_id}", timeout=10).json()
        return {tag["tag"]: tag["value"] for tag in profile["tags"]}.get("complaints_90d")

    before = value()
    assert before
    why = requests.get(f"{address}/users/{user_id}/tags/complaints_90d/why", timeout=10).json()
    assert (why["value"], why["agrees"]) == (before, True)
    assert any("stars" in row["cells"] for step in why["steps"] for row in step["rows"])
    with transaction(settings, settings.mysql.shop_database) as cursor:
        cursor.execute(
            "INSERT INTO reviews (user_id, product_id, stars, written_at) VALUES (%s, 'p0001', 1, UTC_TIMESTAMP(3))",
            (user_id,),
        )
    eventually(value, before + 1, seconds=120)
