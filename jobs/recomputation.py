"""Tags recomputed in batch over the log up to a barrier."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import orjson

from jobs.barrier import Barrier
from jobs.mode import Mode
from jobs.pipeline import submit
from jobs.statements import Job
from stores.flink import FlinkCluster, FlinkError
from stores.kafka_results import read_all, result_topic
from stores.settings import Settings
from tagging.compiler import CompiledTag

BATCH_SECONDS = 900


class BatchRun:
    """The tags' SQL in batch mode over the log up to a barrier; its answers are in `topic` once it is `finished`.

    Every method raises FlinkError.
    """

    def __init__(self, tags: Sequence[CompiledTag], barrier: Barrier, settings: Settings, topic: str) -> None:
        self._job = Job("parity", tags, Mode.BATCH, barrier.ends, topic)
        self._settings = settings
        self._cluster = FlinkCluster(settings.flink.for_batch())
        self._id: str | None = None
        self._finished = False

    def begin(self) -> None:
        """Start it; once more changes nothing."""
        self._id = self._id or submit(self._job, self._settings)

    def finish(self, deadline_seconds: float) -> None:
        """Start it where nobody did, and wait for its end."""
        self.begin()
        self._cluster.await_state(str(self._id), "FINISHED", deadline_seconds)
        self._finished = True

    def give_up(self) -> None:
        """Cancel it where it is under way: nobody waits for its answers."""
        if self._id and not self._finished:
            self._cluster.cancel(self._id)


@contextmanager
def batch_run(tags: Sequence[CompiledTag], barrier: Barrier, settings: Settings) -> Iterator[tuple[BatchRun, str]]:
    """A batch run and the topic of its answers; both are gone afterwards."""
    with result_topic(settings, "parity") as topic:
        run = BatchRun(tags, barrier, settings, topic)
        try:
            yield run, topic
        finally:
            with suppress(FlinkError):
                run.give_up()


def values_of(
    users: Mapping[str, Collection[str]], tags: Sequence[CompiledTag], barrier: Barrier, settings: Settings
) -> dict[str, dict[str, Any]]:
    """tag -> user_id -> value of these users alone, by a batch run up to the barrier; who has no value is left out."""
    found: dict[str, dict[str, Any]] = {}
    with batch_run(tags, barrier, settings) as (run, topic):
        run.finish(BATCH_SECONDS)
        for message in read_all(settings, topic):
            row = orjson.loads(message)
            if row["user_id"] in users.get(row["tag"], ()):
                found.setdefault(row["tag"], {})[row["user_id"]] = row["value"]
    return found
