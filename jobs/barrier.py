"""The barrier: a cut through the log. A batch run reads up to it; the stream has passed it when a checkpoint lies behind it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from jobs.flink_sources import group_of, topic_of
from stores import kafka
from stores.flink import FINAL_STATES, FlinkCluster, FlinkError, FlinkJob
from stores.settings import Settings

CLOCK_SKEW_MS = 2_000
"""How far this machine's clock may be ahead of the broker's: values changed this long before the cut count as after it."""

ASK_SECONDS = 1.0
POLL_SECONDS = 0.2


class BarrierNotPassed(RuntimeError):
    """A consumer of the log did not get past the barrier in time. The text names who, where and how far it was behind."""


class JobEnded(BarrierNotPassed):
    """The consumer is a Flink job that has ended, or was never submitted: waiting longer does not help."""


@dataclass(frozen=True)
class Barrier:
    """`ends`: topic -> partition -> first offset that lies behind the cut. `at_ms`: when it was taken, epoch ms."""

    ends: Mapping[str, Mapping[int, int]]
    at_ms: int


def take(sources: Iterable[str], settings: Settings) -> Barrier:
    """Cut the log here, for these sources and the clock."""
    at_ms = int(time.time() * 1000) - CLOCK_SKEW_MS
    topics = [topic_of(source, settings) for source in [*sources, "clock"]]
    return Barrier(kafka.end_offsets(settings, topics), at_ms)


def behind(committed: Mapping[str, Mapping[int, int]], ends: Mapping[str, Mapping[int, int]]) -> dict[str, int]:
    """Messages that a consumer has still to pass before `ends`, by topic; topics that it has passed are left out."""
    found: dict[str, int] = {}
    for topic, partitions in ends.items():
        places = committed.get(topic, {})
        left = sum(max(0, end - places.get(partition, 0)) for partition, end in partitions.items())
        if left:
            found[topic] = left
    return found


def await_job(job: str, sources: Iterable[str], barrier: Barrier, settings: Settings, deadline_seconds: float) -> None:
    """Wait until a checkpoint of the streaming job lies behind the barrier: what it wrote before is in the tag topics.

    Raises BarrierNotPassed when that takes longer than `deadline_seconds`, JobEnded at once when the job does not run.
    """
    until = time.monotonic() + deadline_seconds
    for source in [*sources, "clock"]:
        topic = topic_of(source, settings)
        _await(group_of(job, source), {topic: barrier.ends[topic]}, settings, until, deadline_seconds, job)


def await_sink(group: str, topics: Iterable[str], settings: Settings, deadline_seconds: float) -> None:
    """Wait until a sink has flushed all that is in `topics` now. Raises BarrierNotPassed when that takes too long."""
    until = time.monotonic() + deadline_seconds
    _await(group, kafka.end_offsets(settings, list(topics)), settings, until, deadline_seconds)


def _require_running(job: str, cluster: FlinkCluster) -> FlinkJob:
    found = next((known for known in cluster.jobs() if known.name == job), None)
    if found is None or found.state in FINAL_STATES:
        state = f"is {found.state}: {cluster.root_cause(found.id)}" if found else "was never submitted"
        raise JobEnded(f"Flink job {job} {state}; fix: `python -m jobs submit`")
    return found


def _await(
    group: str, ends: Mapping[str, Mapping[int, int]], settings: Settings, until: float, deadline_seconds: float,
    job: str | None = None,
) -> None:  # fmt: skip
    began = ask_at = time.monotonic()
    cluster = FlinkCluster(settings.flink)
    while left := behind(kafka.committed(settings, group, list(ends)), ends):
        now = time.monotonic()
        if job:
            running = _require_running(job, cluster)
            if running.whole and now >= ask_at:
                # Offsets are committed by checkpoints: somebody waits, so one is not left to its time. Ever less often,
                # since a job that has long to go gains nothing by it. A job that is not whole refuses, and counts it as failed.
                with suppress(FlinkError):
                    cluster.ask_for_checkpoint(running.id)
                ask_at = now + max(ASK_SECONDS, (now - began) / 4)
        if now > until:
            places = ", ".join(f"{topic} by {count} messages" for topic, count in left.items())
            raise BarrierNotPassed(f"{group} is behind the barrier after {deadline_seconds:g} s: {places}")
        time.sleep(POLL_SECONDS)
