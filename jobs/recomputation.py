"""Tags recomputed in batch over the log up to a barrier."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from jobs.barrier import Barrier
from jobs.mode import Mode
from jobs.pipeline import submit
from jobs.statements import Job
from stores.flink import FlinkCluster
from stores.kafka_results import read_all, result_topic
from stores.settings import Settings
from tagging.compiler import CompiledTag

BATCH_SECONDS = 900


def run_batch(
    tags: Sequence[CompiledTag], barrier: Barrier, settings: Settings, deadline_seconds: float, topic: str
) -> None:
    """Run the tags' SQL in batch mode over the log up to the barrier; its answers are in `topic` afterwards."""
    job = Job("parity", tags, Mode.BATCH, barrier.ends, topic)
    FlinkCluster(settings.flink.for_batch()).await_state(submit(job, settings), "FINISHED", deadline_seconds)


def values_of(
    users: Mapping[str, Collection[str]], tags: Sequence[CompiledTag], barrier: Barrier, settings: Settings
) -> dict[str, dict[str, Any]]:
    """tag -> user_id -> value of these users alone, by a batch run up to the barrier; who has no value is left out."""
    found: dict[str, dict[str, Any]] = {}
    with result_topic(settings, "parity") as topic:
        run_batch(tags, barrier, settings, BATCH_SECONDS, topic)
        for message in read_all(settings, topic):
            row = orjson.loads(message)
            if row["user_id"] in users.get(row["tag"], ()):
                found.setdefault(row["tag"], {})[row["user_id"]] = row["value"]
    return found
