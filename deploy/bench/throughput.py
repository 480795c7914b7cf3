"""Kafka to Kafka: how long the tag job takes for a log of known size, in stream and in batch, and whether both say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from jobs import barrier as barriers
from jobs.builtin import builtin_tags
from jobs.mode import Mode
from jobs.pipeline import submit
from jobs.statements import Job
from stores import kafka
from stores.flink import FlinkCluster, cancel_and_wait
from stores.kafka_results import read_all, read_messages, result_topic
from stores.settings import Settings
from tagging.changes import decode
from tagging.compiler import CompiledTag
from tagging.names import tag_topic

TAGS = (
    ("views_7d",),
    ("views_7d", "heat_1h", "active_days_7d", "sessions_7d", "funnel_stage_7d"),
    (
        "views_7d", "heat_1h", "active_days_7d", "sessions_7d", "funnel_stage_7d", "favourite_category_30d", "lifecycle",
        "promotion_response_30d", "shares_30d", "top_search_30d", "spend_tier_30d", "orders_30d", "refund_rate_90d",
        "favourite_brand_90d", "rfm_segment", "city",
    ),
)  # fmt: skip
"""1, 5 and 16 of the built-in tags."""
DEADLINE_SECONDS = 3_600

Values = dict[str, dict[str, object]]
"""tag -> user_id -> value; users without a value are left out."""


class WrongResult(AssertionError):
    """Stream and batch differ: what was timed is not the answer."""


@dataclass(frozen=True)
class Throughput:
    """One run. `messages_out`: tag changes that the stream wrote; `values`: those that hold at the end, equal in both modes."""

    tags: int
    stream_seconds: float
    batch_seconds: float
    messages_out: int
    values: int


def versioned(names: Sequence[str], version: int) -> tuple[CompiledTag, ...]:
    """The built-in tags under a version of this run's own: each run writes topics that nobody wrote before."""
    return tuple(
        replace(tag, definition=replace(tag.definition, version=version)) for tag in builtin_tags(*sorted(names))
    )


def measure(names: Sequence[str], version: int, settings: Settings, tell: Callable[[str], None]) -> Throughput:
    """Run the tags over all that is in the log, in both modes. Raises WrongResult when they do not agree, FlinkError."""
    tags = versioned(names, version)
    sources = sorted({source for tag in tags for source in tag.sources})
    topics = [tag_topic(tag.definition.name, version) for tag in tags]
    kafka.ensure_tag_topics(settings, [(tag.definition.name, version) for tag in tags])
    barrier = barriers.take(sources, settings)
    cluster = FlinkCluster(settings.flink)
    name = f"bench-{version}"
    job_id = submit(Job(name, tags), settings)
    try:
        cluster.await_state(job_id, "RUNNING", 120)
        barriers.await_job(name, sources, barrier, settings, DEADLINE_SECONDS)
        started_ms = cluster.running_since_ms(job_id)
    finally:
        cancel_and_wait(cluster, job_id)
    stream, ended_ms, written = folded(topics, settings)
    stream_seconds = (ended_ms - started_ms) / 1000
    tell(f"stream: {stream_seconds:.1f} s, {written:,} tag changes")
    batch: Values = {}
    with result_topic(settings, "bench") as answers:
        job_id = submit(Job(f"{name}-batch", tags, Mode.BATCH, barrier.ends, answers), settings)
        batch_seconds = cluster.await_state(job_id, "FINISHED", DEADLINE_SECONDS).duration_ms / 1000
        for value in read_all(settings, answers):
            row = orjson.loads(value)
            batch.setdefault(row["tag"], {})[row["user_id"]] = row["value"]
    tell(f"batch: {batch_seconds:.1f} s")
    check(stream, batch)
    return Throughput(len(tags), stream_seconds, batch_seconds, written, sum(map(len, batch.values())))


def folded(topics: Sequence[str], settings: Settings) -> tuple[Values, int, int]:
    """The newest value of each user in these tag topics, when the log took the last message (epoch ms), and how many there are."""
    held: Values = {}
    last_ms = messages = 0
    for topic in topics:
        for message in read_messages(settings, topic):
            change = decode(topic, message.key(), message.value(), message.offset(), message.timestamp()[1])
            held.setdefault(change.tag, {})[change.user_id] = change.value
            last_ms, messages = max(last_ms, change.changed_at_ms), messages + 1
    present = {tag: {user: value for user, value in users.items() if value is not None} for tag, users in held.items()}
    return present, last_ms, messages


def check(stream: Mapping[str, Mapping[str, object]], batch: Mapping[str, Mapping[str, object]]) -> None:
    """Raises WrongResult naming the first users whose values differ, or that there is nothing to compare."""
    if not any(batch.values()):
        raise WrongResult("no user has any tag: there is nothing to time")
    wrong = [
        f"tag {tag} of user {user}: stream {stream.get(tag, {}).get(user)!r}, batch {batch.get(tag, {}).get(user)!r}"
        for tag in sorted({*stream, *batch})
        for user in sorted({*stream.get(tag, {}), *batch.get(tag, {})})
        if stream.get(tag, {}).get(user) != batch.get(tag, {}).get(user)
    ]
    if wrong:
        raise WrongResult(f"{len(wrong)} values differ: " + "; ".join(wrong[:5]))
