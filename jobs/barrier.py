"""The barrier: a cut through the log. A batch run reads up to it; the stream has passed it when a checkpoint lies behind it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobs.checkpoint_requests import CheckpointRequests
from jobs.flink_sources import group_of, inputs_of, topic_of
from stores import kafka
from stores.flink import FINAL_STATES, FlinkCluster, FlinkError, FlinkJob
from stores.settings import Settings

CLOCK_SKEW_MS = 2_000
"""How far this machine's clock may be ahead of the broker's: values changed this long before the cut count as after it."""

POLL_SECONDS = 0.2

Ends = Mapping[str, Mapping[int, int]]
"""topic -> partition -> first offset that is not to be passed."""


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
    """Cut the log here, for all that is read with these sources."""
    at_ms = int(time.time() * 1000) - CLOCK_SKEW_MS
    topics = [topic_of(source, settings) for source in inputs_of(sources, settings)]
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
    groups: dict[str, Ends] = {}
    for source in inputs_of(sources, settings):
        topic = topic_of(source, settings)
        groups[group_of(job, source)] = {topic: barrier.ends[topic]}
    _await(groups, settings, deadline_seconds, job)


def await_sink(group: str, topics: Iterable[str], settings: Settings, deadline_seconds: float) -> None:
    """Wait until a sink has flushed all that is in `topics` now. Raises BarrierNotPassed when that takes too long."""
    _await({group: kafka.end_offsets(settings, list(topics))}, settings, deadline_seconds)


def _require_running(job: str, cluster: FlinkCluster) -> FlinkJob:
    found = next((known for known in cluster.jobs() if known.name == job), None)
    if found is None or found.state in FINAL_STATES:
        state = f"is {found.state}: {cluster.root_cause(found.id)}" if found else "was never submitted"
        raise JobEnded(f"Flink job {job} {state}; fix: `python -m jobs submit`")
    return found


def _await(groups: Mapping[str, Ends], settings: Settings, deadline_seconds: float, job: str | None = None) -> None:
    began = time.monotonic()
    cluster, requests = FlinkCluster(settings.flink), None
    while left := _left(groups, settings):
        now = time.monotonic()
        groups = {group: groups[group] for group in left}
        if job:
            running, count = _require_running(job, cluster), sum(sum(topics.values()) for topics in left.values())
            requests = requests or CheckpointRequests(now, count)
            # A job that is not whole refuses a checkpoint, and counts it as one that failed.
            if running.whole:
                _ask(requests, cluster, running.id, now, count)
        if now > began + deadline_seconds:
            group, topics = next(iter(left.items()))
            places = ", ".join(f"{topic} by {count} messages" for topic, count in topics.items())
            waits = cluster.wait_for_slots(running) if job else None
            why = f"; {waits}" if waits else ""
            raise BarrierNotPassed(f"{group} is behind the barrier after {deadline_seconds:g} s: {places}{why}")
        time.sleep(POLL_SECONDS)


def _left(groups: Mapping[str, Ends], settings: Settings) -> dict[str, dict[str, int]]:
    """What the groups have still to pass, by group and topic; those that have passed are left out."""
    left = ((group, behind(kafka.committed(settings, group, list(ends)), ends)) for group, ends in groups.items())
    return {group: topics for group, topics in left if topics}


def _ask(requests: CheckpointRequests, cluster: FlinkCluster, job_id: str, now: float, left: int) -> None:
    known = cluster.checkpoints(job_id)
    if requests.due(now, left, known):
        try:
            cluster.ask_for_checkpoint(job_id)
        except FlinkError:
            requests.refused(now)
        else:
            requests.asked(known, now)
