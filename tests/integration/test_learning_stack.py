"""From served predictions to learned weights on Kafka, Flink, MySQL and ClickHouse, with a learner that is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from jobs import examples_run
from jobs.clock import write_minute
from jobs.examples import JOB_NAME
from prediction import online_file
from prediction.examples import LabelRule, read_example
from prediction.online import OnlineModel, begin
from stores import kafka
from stores.clickhouse import connect
from stores.flink import FlinkCluster, cancel_and_wait, open_jobs
from stores.kafka_results import read_messages
from stores.models.snapshots import ModelSnapshots, SnapshotState
from stores.registry.schema import migrate
from tagging.names import EVENTS_TOPIC, EXAMPLES_TOPIC, PREDICTIONS_TOPIC

pytestmark = pytest.mark.stack

DEADLINE_SECONDS = 300
USERS = 150
HORIZON_SECONDS = 60


def until(holds: Callable[[], Any], what: str) -> Any:
    """What is waited for. Fails with its name when it does not come."""
    ends = time.monotonic() + DEADLINE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < ends, f"not within {DEADLINE_SECONDS} s: {what}"
        time.sleep(0.2)
    return found


@dataclass
class Learner:
    """A learner process."""

    environment: dict[str, str]
    process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "jobs.learner"], env=self.environment)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)


@pytest.fixture
def learner(stack):
    unique = uuid.uuid4().hex[:12]
    own = {
        "TAGSTREAM_CONFIG": str(stack.stack.layout.config),
        "TAGSTREAM_SINKS__GROUP_PREFIX": f"learning-{unique}",
        "TAGSTREAM_CLICKHOUSE__DATABASE": f"learning_{unique}",
        "TAGSTREAM_LEARNING__BLOCK": "4",
        "TAGSTREAM_LEARNING__WINDOW": "32",
        "TAGSTREAM_LEARNING__REFERENCE": "32",
        "TAGSTREAM_LEARNING__BATCH_MESSAGES": "40",
        "TAGSTREAM_LEARNING__SNAPSHOT_SECONDS": "0.5",
    }
    found = Learner({**os.environ, **own})
    yield found
    found.kill()


def test_served_predictions_become_weights_once_whatever_is_killed(stack, learner):
    settings = stack.settings
    migrate(settings)
    kafka.create_topics(settings)
    model, paid = f"m{uuid.uuid4().hex[:12]}", f"paid-{uuid.uuid4().hex}"
    producer = kafka.Producer(settings)
    at = int(time.time() * 1000)
    due = (at + HORIZON_SECONDS * 1000) // 60_000 + 1
    for number in range(USERS):
        user = f"{model}-{number}"
        buys = number % 3 == 0
        prediction = {
            "prediction_id": f"{model}-{number}", "model": model, "version": 1, "user_id": user,
            "features": orjson.dumps({"city": "rome" if buys else "oslo", "visits": number % 7}).decode(),
            "score": 0.3, "frozen_score": 0.3, "predicted_at": at,
        }  # fmt: skip
        event = {"event_id": f"{model}-{number}", "user_id": user, "event_type": paid, "occurred_at": at + 1 + number}
        for _ in range(1 + (number % 10 == 0)):
            producer.send(PREDICTIONS_TOPIC, orjson.dumps(prediction), user)
        if buys:
            producer.send(EVENTS_TOPIC, orjson.dumps(event), user)
    producer.flush()
    snapshots = ModelSnapshots(settings)

    def newest():
        return next(((held, content) for held, content in snapshots.newest() if held.model == model), None)

    def learned(count: int) -> Any:
        assert learner.process.poll() is None, "the learner has ended"
        held = newest()
        return held if held and held[0].examples >= count else None

    job_id, _ = examples_run.ensure_running({model: LabelRule(paid, HORIZON_SECONDS, 0)}, settings)
    try:
        learner.start()
        until(lambda: learned(8), "the positives are learned")
        learner.kill()
        write_minute(producer, due)
        learner.start()
        until(lambda: learned(60), "negatives are learned")
        learner.kill()
        learner.start()
        until(lambda: learned(USERS - USERS % 4), "all that fill a block are learned")
        assert examples_run.ensure_running({model: LabelRule(paid, HORIZON_SECONDS, 0)}, settings) == (
            job_id,
            "is running already",
        )
    finally:
        cluster = FlinkCluster(settings.flink)
        for job in open_jobs(cluster):
            if job.name == JOB_NAME:
                cancel_and_wait(cluster, job.id)
    learner.kill()

    messages = [message for message in read_messages(settings, EXAMPLES_TOPIC) if message.value()]
    mine = [(read_example(message.value()), message.offset()) for message in messages]
    mine = [(example, offset) for example, offset in mine if example.model == model]
    newest_label = {example.prediction_id: example.label for example, _ in mine}
    assert newest_label == {f"{model}-{number}": int(number % 3 == 0) for number in range(USERS)}
    held, content = newest()
    state = online_file.from_bytes(content)
    again = OnlineModel(begin(model, state.rules, {0: mine[0][1]}))
    for example, offset in mine:
        again.take(example, 0, offset)
    assert (state.examples, state.positives) == (USERS - USERS % 4, again.state.positives)
    assert state.ftrl.z.tobytes() == again.state.ftrl.z.tobytes() and state.ftrl.z.any()
    assert held.state is not SnapshotState.FROZEN

    own = settings.clickhouse.model_copy(update={"database": learner.environment["TAGSTREAM_CLICKHOUSE__DATABASE"]})
    rows = connect(settings.model_copy(update={"clickhouse": own})).query(
        "clickhouse/models/quality.sql", {"model": model, "windows": 100}
    )
    assert [(row["window"], row["scorer"]) for row in rows] == [
        (window, scorer) for window in (3, 2, 1, 0) for scorer in ("chance", "frozen", "online")
    ]
    assert all(row["examples"] == sum(row["bin_examples"]) >= 32 for row in rows)
    snapshots.close()
