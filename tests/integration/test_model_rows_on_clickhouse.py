"""What the learner writes to ClickHouse, as a page reads it: on the real engine."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from jobs.dead_letter_limit import DeadLetterLimit
from jobs.learner import LearnerSink
from jobs.sink import SinkLoop
from prediction import metrics
from prediction.ftrl import Parameters
from prediction.online import Rules
from tagging.names import EXAMPLES_TOPIC
from tests.example_streams import WORLD, World, message, stream
from tests.fakes.memory_log import MemoryLog, MemoryPlacedReader
from tests.fakes.memory_snapshots import MemorySnapshots

RULES = Rules(Parameters(alpha=0.2, l1=0.0, l2=0.1), block=16, window=128, reference=256)
EXAMPLES = list(stream(1_024, 1, lambda number: WORLD if number < 640 else World(mean_visits=12.0)))


def learn(client, snapshots) -> None:
    log, stop = MemoryLog(), threading.Event()
    log.create(EXAMPLES_TOPIC, partitions=1)
    for example in EXAMPLES:
        log.send(EXAMPLES_TOPIC, example.prediction_id.encode(), message(example))

    class Draining(MemoryPlacedReader):
        def read(self, most, linger_seconds, idle_seconds=1.0):
            found = super().read(most, linger_seconds)
            if not found:
                stop.set()
            return found

    reader = Draining(log, "g", EXAMPLES_TOPIC)
    SinkLoop(LearnerSink(client, snapshots, reader, RULES), reader, stop, DeadLetterLimit(), 100, 0).run()


@pytest.fixture
def learned(clickhouse):
    # Twice: a learner without its snapshots writes the same windows again.
    for _ in range(2):
        learn(clickhouse.client, MemorySnapshots())
    return clickhouse.client


def test_the_numbers_that_a_page_shows_are_those_recomputed_from_the_examples(learned):
    rows = learned.query("clickhouse/models/quality.sql", {"model": "buys", "windows": 100})
    assert [(row["window"], row["scorer"]) for row in rows[:4]] == [
        (7, "chance"), (7, "frozen"), (7, "online"), (6, "chance"),
    ]  # fmt: skip
    assert len(rows) == 24
    for row in rows:
        part = EXAMPLES[row["window"] * 128 : (row["window"] + 1) * 128]
        assert (row["examples"], row["positives"]) == (128, sum(example.label for example in part))
        assert (row["opened_at_ms"], row["closed_at_ms"]) == (part[0].decided_at_ms, part[-1].decided_at_ms)
        if row["scorer"] == "frozen":
            labels = np.array([float(example.label) for example in part])
            scores = np.array([example.frozen_score for example in part])
            assert row["auc"] == pytest.approx(metrics.auc(labels, scores))
            assert row["log_loss"] == pytest.approx(metrics.log_loss(labels, scores))
        weighted = sum(n * share for n, share in zip(row["bin_examples"], row["bin_share"], strict=True))
        assert weighted == pytest.approx(row["positives"]) and sum(row["bin_examples"]) == 128


def test_the_newest_windows_alone_are_read_and_no_other_models(learned):
    rows = learned.query("clickhouse/models/quality.sql", {"model": "buys", "windows": 2})
    assert {row["window"] for row in rows} == {7, 6} and len(rows) == 6
    drift = learned.query("clickhouse/models/drift.sql", {"model": "buys", "windows": 2})
    assert {row["window"] for row in drift} == {7, 6}
    for name in ("quality", "drift"):
        assert learned.query(f"clickhouse/models/{name}.sql", {"model": "other", "windows": 9}) == []


def test_the_feature_that_moved_is_told_with_its_window(learned):
    rows = learned.query("clickhouse/models/drift.sql", {"model": "buys", "windows": 100})
    assert {(row["feature"], row["window"]) for row in rows if row["moved"]} == {("visits", n) for n in (5, 6, 7)}
    assert {row["window"] for row in rows} == {2, 3, 4, 5, 6, 7}
    assert {row["feature"]: row["kind"] for row in rows} == {
        "city": "category", "spend": "number", "vip": "category", "visits": "number",
    }  # fmt: skip
    assert all(row["ks"] is None for row in rows if row["kind"] == "category")
