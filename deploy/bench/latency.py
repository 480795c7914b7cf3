"""Log to profile: how long after the log took an event the tag that it makes can be read from HBase, under load."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import quantiles

from deploy.bench.load import MINUTE_MS, Message, event, events, paced
from deploy.bench.throughput import versioned
from jobs.pipeline import submit
from jobs.statements import Job
from stores import kafka
from stores.flink import FlinkCluster, cancel_and_wait
from stores.hbase import ProfileStore
from stores.kafka import Producer
from stores.settings import Settings
from tagging.names import EVENTS_TOPIC

PROBED_TAG = "views_7d"
PROBES = 200
PROBE_SECONDS = 0.25
WARM_SECONDS = 20
LOST_AFTER_SECONDS = 60


class ProbeLost(RuntimeError):
    """An event did not reach its user's profile."""


@dataclass(frozen=True)
class Latency:
    """Seconds from a probe's acknowledgement by the log to its tag's value in HBase, over `probes` users."""

    tags: int
    rate: int
    probes: int
    p50_seconds: float
    p99_seconds: float


def measure(
    names: tuple[str, ...], version: int, rate: int, settings: Settings, tell: Callable[[str], None]
) -> Latency:
    """Send `rate` events a second and, among them, probes of users of their own. Raises ProbeLost, FlinkError."""
    tags = versioned(names, version)
    kafka.ensure_tag_topics(settings, [(tag.definition.name, version) for tag in tags])
    cluster = FlinkCluster(settings.flink)
    job_id = submit(Job(f"bench-{version}", tags), settings)
    stop = threading.Event()
    load = threading.Thread(target=_send_load, args=(rate, settings, stop), daemon=True)
    try:
        cluster.await_state(job_id, "RUNNING", 120)
        load.start()
        tell(f"{rate:,} events/s for {WARM_SECONDS} s before the first probe")
        time.sleep(WARM_SECONDS)
        with ProfileStore(settings.hbase) as profiles:
            seen = sorted(_probes(version, profiles, settings))
    finally:
        stop.set()
        if load.is_alive():
            load.join()
        cancel_and_wait(cluster, job_id)
    cuts = quantiles(seen, n=100, method="inclusive")
    return Latency(len(tags), rate, len(seen), cuts[49], cuts[98])


def _probes(version: int, profiles: ProfileStore, settings: Settings) -> list[float]:
    """Send a probe every PROBE_SECONDS and look for all that are on their way, until the last has arrived."""
    producer = Producer(settings, **{"linger.ms": 0})
    began, sent, seen = time.monotonic(), 0, []
    waiting: dict[str, float] = {}
    while len(seen) < PROBES:
        if sent < PROBES and time.monotonic() >= began + sent * PROBE_SECONDS:
            user = f"probe-{version}-{sent}"
            for view in range(3):
                key, value = event(f"{user}-{view}", user, "product1", "p0001", int(time.time() * 1000))
                producer.send(EVENTS_TOPIC, value, key)
            producer.flush()
            waiting[user] = time.monotonic()
            sent += 1
        found = profiles.profiles(list(waiting))
        now = time.monotonic()
        for user, cells in found.items():
            if (cell := cells.get((PROBED_TAG, version))) is not None and cell.value is not None:
                seen.append(now - waiting.pop(user))
        for user, since in waiting.items():
            if now - since > LOST_AFTER_SECONDS:
                raise ProbeLost(
                    f"user {user} has no {PROBED_TAG} {LOST_AFTER_SECONDS} s after three views of a product"
                )
        time.sleep(0.005)
    return seen


def _send_load(rate: int, settings: Settings, stop: threading.Event) -> None:
    producer = Producer(settings)
    for _, (key, value) in zip(paced(rate, stop), _now_and_on(rate), strict=False):
        producer.send(EVENTS_TOPIC, value, key)
    producer.flush()


def _now_and_on(rate: int) -> Iterator[Message]:
    seed = 1_000
    while True:
        yield from events(rate * 60, int(time.time() * 1000) // MINUTE_MS, seed)
        seed += 1
