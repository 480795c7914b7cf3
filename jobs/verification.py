"""The proof: recompute every tag in batch up to a barrier and compare all users with what HBase and ClickHouse hold."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from jobs import barrier as barriers
from jobs.builtin import JOB_NAME
from jobs.live_tags import carried_by
from jobs.parity_compare import compare_store
from jobs.parity_evidence import Explainer
from jobs.parity_sides import Batch, ClickHouseSide, HBaseSide, Held
from jobs.recomputation import BATCH_SECONDS, batch_run
from jobs.settling_worker import settle_once, settler_of
from jobs.statements import Job, fingerprint, statements
from stores import flink_jobs
from stores.clickhouse import ClickHouseUnavailable, connect
from stores.hbase import HBaseUnavailable, ProfileStore
from stores.kafka import KafkaUnavailable
from stores.kafka_results import read_all, read_messages
from stores.mysql import MySQLUnavailable
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.dependencies import in_order
from tagging.names import tag_topic
from tagging.parity import TagParity

SINK_GROUPS = ("tagstream.sink_profile", "tagstream.sink_values")

EAGER_MESSAGES = 2_000_000
"""Of so many messages a batch run takes seconds. It begins while the stream still waits for its checkpoint: where the stream does
not get there, little was computed in vain."""

UNAVAILABLE = (KafkaUnavailable, HBaseUnavailable, ClickHouseUnavailable, MySQLUnavailable)


@dataclass(frozen=True)
class Limits:
    """How long each part of a verification may take, in seconds."""

    stream: float = 300
    sinks: float = 120
    batch: float = BATCH_SECONDS


def verify(
    tags: Sequence[CompiledTag], settings: Settings, limits: Limits = Limits(), job: str = JOB_NAME
) -> Iterator[str | TagParity]:
    """Compare every user of every tag of one streaming job; yields progress lines (str), then one TagParity a tag and store.

    A tag that reads others comes after them. Its batch run reads their values up to the same barrier, so that it proves what
    this tag makes of them; they have a proof of their own.

    Raises BarrierNotPassed when the stream or a sink does not get there, FlinkError when the batch run fails.
    """
    with ProfileStore(settings.hbase) as profiles:
        stores = (HBaseSide(profiles), ClickHouseSide(connect(settings)))
        found, _ = yield from _compared(tags, stores, settings, limits, job)
        wrong = {parity.tag for _, parity, _ in found if parity.wrong}
        if wrong:
            # A value that flaps may come back before the job says that it went: it is then another at one cut, and right.
            yield f"{', '.join(sorted(wrong))}: compared again at a second cut, which counts"
            chosen = [tag for tag in tags if tag.definition.name in wrong]
            again, barrier = yield from _compared(chosen, stores, settings, limits, job)
            found = [item for item in found if item[1].tag not in wrong] + again
            explainer = Explainer(
                settings, barrier, partial(read_messages, settings), lambda: runs_other_sql(job, settings)
            )
            try:
                explainer.explain(again)
            except (TimeoutError, *UNAVAILABLE) as error:
                # What is wrong is known; that nobody knows why must not hide it.
                yield f"no causes were found: {error}"
    yield from (parity for _, parity, _ in found)


Found = list[tuple[CompiledTag, TagParity, Held]]


def _compared(
    tags: Sequence[CompiledTag], stores: Sequence[Held], settings: Settings, limits: Limits, job: str
) -> Generator[str, None, tuple[Found, barriers.Barrier]]:
    """The outcome at one cut, which is taken now, by tag and store; yields progress lines."""
    order = in_order({tag.definition.name: tag.definition.reads for tag in tags})
    tags = sorted(tags, key=lambda tag: order.index(tag.definition.name))
    while True:
        barrier, messages = _taken(tags, settings)
        yield f"barrier taken: {messages:,} messages in {len(barrier.ends)} topics"
        with batch_run(tags, barrier, settings) as (run, topic):
            if messages <= EAGER_MESSAGES:
                run.begin()
            passed = yield from _passed(tags, barrier, settings, limits, job)
            if not passed:
                continue
            started = time.monotonic()
            run.finish(limits.batch)
            batch = Batch(lambda: read_all(settings, topic))
            recomputed = batch.digests()
            values = sum(digest.users for digests in recomputed.values() for digest in digests.values())
            yield f"batch has recomputed {values:,} values ({time.monotonic() - started:.1f} s)"
            found: Found = []
            for store in stores:
                comparison = compare_store(tags, batch, recomputed, store, barrier.at_ms)
                found += [(tag, parity, store) for tag, parity in zip(tags, comparison.outcomes, strict=True)]
                yield f"{store.name} compared by digests, {comparison.buckets_opened:,} buckets of users looked into"
            return found, barrier


def _taken(tags: Sequence[CompiledTag], settings: Settings) -> tuple[barriers.Barrier, int]:
    """A barrier in everything that the tags read, and how many messages lie before it."""
    barrier = barriers.take(_sources(tags), settings)
    return barrier, sum(sum(partitions.values()) for partitions in barrier.ends.values())


def _sources(tags: Sequence[CompiledTag]) -> list[str]:
    return sorted({source for tag in tags for source in tag.sources})


def _passed(
    tags: Sequence[CompiledTag], barrier: barriers.Barrier, settings: Settings, limits: Limits, job: str
) -> Generator[str, None, bool]:
    """Wait until the job and the sinks have passed the barrier; False where another is needed. Yields progress lines."""
    topics = [tag_topic(tag.definition.name, tag.definition.version) for tag in tags]
    waited = (barriers.await_job, job, _sources(tags), barrier, settings, limits.stream)
    yield from _timed("stream has passed the barrier", *waited)
    settler = settler_of(settings, limits.stream)
    # No value counts before what a lost run of the job said last is settled.
    if settler.pending(job) is not None:
        yield f"job {job} went on from a checkpoint: {settle_once(settler, job, settings, limits.stream)}"
        return False
    for group in SINK_GROUPS:
        yield from _timed(f"{group} has flushed", barriers.await_sink, group, topics, settings, limits.sinks)
    return True


def _timed(done: str, wait: Any, *arguments: Any) -> Iterator[str]:
    started = time.monotonic()
    wait(*arguments)
    yield f"{done} ({time.monotonic() - started:.1f} s)"


def runs_other_sql(job: str, settings: Settings) -> bool:
    """Whether the streaming job was started with other statements than the versions that it carries compile to now."""
    known = flink_jobs.read(settings, job)
    # A shared job also carries versions that were rolled back: they are part of its text, though nobody compares them.
    text = statements(Job(job, carried_by(settings, job)), settings)
    return known is not None and known.fingerprint != fingerprint(text)
