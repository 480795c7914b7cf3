"""From a changed tag to the user's new score in the log, under load, by the processes that a deployment runs.

Run by `python -m deploy.bench.nearline`. A model of known weights goes live over a log that is full already: everybody's score is
compared with what the model says of the values, and then changes come in at a rate, with probes of users of their own among them.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Annotated

import numpy as np
import orjson
import typer
from confluent_kafka import TopicPartition
from rich.console import Console

from deploy.bench.load import paced
from deploy.bench.own_stack import own_stack
from deploy.demo.steps import Steps
from deploy.local.config import settings_of
from jobs.barrier import await_sink
from jobs.builtin import builtin_tags
from jobs.models import definitions
from jobs.scorer import group_of
from prediction.calibration import Sigmoid
from prediction.definition import Feature
from prediction.encoder import fit
from prediction.estimators import Logistic
from prediction.pipeline import Pipeline, columns_of
from stores import kafka
from stores.kafka import Producer
from stores.kafka_client import create_consumer
from stores.kafka_results import read_all
from stores.models.registry import ModelRegistry
from stores.registry.schema import migrate
from stores.settings import Settings
from tagging.names import source_topic, tag_topic

SERVICES = ("mariadb", "kafka", "thrift", "sink_profile")
MODEL, WHO = "buys_in_7_days", "bench"
FEATURES = ("visits_90d", "views_7d", "active_days_7d", "sessions_7d")
PROBES, PROBE_SECONDS = 300, 0.1
WARM_SECONDS, LOST_AFTER_SECONDS = 10, 60
REPLAY_SECONDS = 900

Values = dict[str, dict[str, int]]
"""user_id -> tag -> value."""


class NotTheScores(RuntimeError):
    """The log holds other scores than the model gives, or lacks some."""


@dataclass(frozen=True)
class Delays:
    """Seconds from the acknowledgement of a changed tag to the score that it makes, in the median and of 99 in 100."""

    p50: float
    p99: float


def model() -> Pipeline:
    """A logistic regression over FEATURES, with weights that tell every change."""
    types = {tag.definition.name: tag.definition for tag in builtin_tags(*FEATURES)}
    features = [Feature(name, types[name].version, types[name].value_type) for name in FEATURES]
    encoder = fit(features, {name: list(range(1, 100)) for name in FEATURES})
    weights = np.linspace(0.2, 1.0, len(encoder.labels))[None, :]
    return Pipeline(
        MODEL, ("no", "yes"), encoder, Logistic(weights, np.array([-1.0]), np.zeros(weights.shape[1])), Sigmoid(1, 0)
    )


class Changes:
    """Writes tag changes as the tag job does, and knows what everybody's values are."""

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._topics = {feature.tag: tag_topic(feature.tag, feature.version) for feature in pipeline.features}
        self._producer = Producer(settings, **{"linger.ms": 5})
        self.values: Values = {}

    def send(self, user_id: str, tag: str, value: int) -> None:
        """One change."""
        self.values.setdefault(user_id, {})[tag] = value
        self._producer.send(self._topics[tag], orjson.dumps({"user_id": user_id, "value": value}), user_id)

    def flush(self) -> None:
        """Wait until the log has all."""
        self._producer.flush()

    def load(self, rate: int, users: int, stop: threading.Event) -> None:
        """`rate` changes a second of any users, until `stop` is set."""
        draw = random.Random(7)
        for _ in paced(rate, stop):
            self.send(f"u{draw.randrange(users):07}", draw.choice(FEATURES), draw.randrange(1, 100))
        self.flush()


def go_live(pipeline: Pipeline, settings: Settings) -> str:
    """Put the model into use; the consumer group that scores by it."""
    migrate(settings)
    registry, now_ms = ModelRegistry(settings), int(time.time() * 1000)
    registry.define(MODEL, definitions.builtin()[MODEL], WHO, now_ms)
    made = registry.add(MODEL, pipeline.to_bytes(), {}, {}, WHO, now_ms)
    registry.set_live(MODEL, made.version, WHO, now_ms)
    registry.close()
    return group_of(MODEL, made.version, now_ms, settings)


def scores(settings: Settings) -> dict[str, str]:
    """user_id -> the newest score in the log."""
    rows = (orjson.loads(message)["after"] for message in read_all(settings, topic_of(settings)))
    return {row["user_id"]: row["score"] for row in rows}


def check(pipeline: Pipeline, values: Values, found: Mapping[str, str]) -> None:
    """Raises NotTheScores unless everybody has the score of their values."""
    said = pipeline.said(columns_of(pipeline.features, [dict(of) for of in values.values()]))
    wanted = {user: f"{score:.6f}" for user, (_, score) in zip(values, said, strict=True)}
    wrong = [user for user in wanted if found.get(user) != wanted[user]]
    if wrong or len(found) != len(wanted):
        raise NotTheScores(
            f"{len(wrong)} of {len(wanted)} users are scored otherwise, as {wrong[:3]}; {len(found)} are scored"
        )


def replayed(users: int, settings: Settings) -> float:
    """Seconds until the log has a score of so many users. Raises NotTheScores when it does not come to it."""
    began, seen = time.monotonic(), set()
    for user_id, _ in _tail(settings, beginning=True):
        if user_id:
            seen.add(user_id)
        if len(seen) == users:
            return time.monotonic() - began
        if time.monotonic() - began > REPLAY_SECONDS:
            break
    raise NotTheScores(f"{len(seen)} of {users} users are scored after {REPLAY_SECONDS} s")


def delays(changes: Changes, settings: Settings) -> Delays:
    """Send probes and look for their scores. Raises NotTheScores for one that does not come."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    tail = _tail(settings, beginning=False)
    next(tail)

    def send() -> None:
        for number in range(PROBES):
            user_id = f"probe{number}"
            changes.send(user_id, FEATURES[number % len(FEATURES)], 1 + number % 90)
            changes.flush()
            sent[user_id] = time.monotonic()
            time.sleep(PROBE_SECONDS)

    probing = threading.Thread(target=send, daemon=True)
    probing.start()
    until = time.monotonic() + PROBES * PROBE_SECONDS + LOST_AFTER_SECONDS
    for user_id, at in tail:
        if user_id.startswith("probe") and user_id not in seen:
            seen[user_id] = at
        if len(seen) == PROBES:
            break
        if time.monotonic() > until:
            raise NotTheScores(f"{PROBES - len(seen)} of {PROBES} probes have no score after {LOST_AFTER_SECONDS} s")
    probing.join()
    cuts = quantiles([max(0.0, seen[user_id] - sent[user_id]) for user_id in seen], n=100, method="inclusive")
    return Delays(cuts[49], cuts[98])


def topic_of(settings: Settings) -> str:
    """The topic of the source `scores`."""
    return source_topic("scores", settings.mysql.shop_database)


def _tail(settings: Settings, beginning: bool) -> Iterator[tuple[str, float]]:
    """(user_id, when it was read) of each score; ("", now) at first, and whenever none came for a moment."""
    topic = topic_of(settings)
    ends = kafka.end_offsets(settings, [topic])[topic]
    consumer = create_consumer(settings, "bench.tail", **{"fetch.wait.max.ms": 10})
    consumer.assign([TopicPartition(topic, place, 0 if beginning else end) for place, end in ends.items()])
    try:
        yield "", time.monotonic()
        while True:
            messages = consumer.consume(1_000, timeout=0.01)
            at = time.monotonic()
            yield from ((message.key().decode(), at) for message in messages if not message.error())
            if not messages:
                yield "", at
    finally:
        consumer.close()


def main(
    users: Annotated[int, typer.Option(min=1_000, help="Users in the log when the model goes live.")] = 100_000,
    rate: Annotated[int, typer.Option(min=1, help="Changed tags per second while latency is measured.")] = 2_000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running.")] = False,
) -> None:
    """Measure, check, print."""
    steps = Steps(Console())
    with own_stack(keep) as stack:
        with steps.step("an empty stack: Kafka, HBase, MariaDB"):
            stack.up(SERVICES)
            settings = settings_of(stack.layout)
            kafka.create_topics(settings)
            pipeline = model()
            versions = [(feature.tag, feature.version) for feature in pipeline.features]
            kafka.ensure_tag_topics(settings, versions)
        changes = Changes(pipeline, settings)
        with steps.step(f"{users:,} users with {len(FEATURES)} tags"):
            for number in range(users):
                for place, tag in enumerate(FEATURES):
                    changes.send(f"u{number:07}", tag, 1 + (number * 7 + place * 13) % 99)
            changes.flush()
            topics = [tag_topic(*version) for version in versions]
            await_sink("tagstream.sink_profile", topics, settings, REPLAY_SECONDS)
        with steps.step("everybody is scored as the model goes live") as step:
            stack.up(("scorer",))
            group = go_live(pipeline, settings)
            seconds = replayed(users, settings)
            # Everybody has a score, and more changes of everybody are to come: they would stand before each probe.
            await_sink(group, topics, settings, REPLAY_SECONDS)
            time.sleep(WARM_SECONDS)
            check(pipeline, changes.values, scores(settings))
            step.result = f"{users / seconds:,.0f} users/s, every score as the model says"
        with steps.step(f"{rate:,} changes/s") as step:
            stop = threading.Event()
            load = threading.Thread(target=changes.load, args=(rate, users, stop), daemon=True)
            load.start()
            time.sleep(WARM_SECONDS)
            found = delays(changes, settings)
            stop.set()
            load.join()
            step.result = (
                f"from change to score p50 {found.p50 * 1000:,.0f} ms, p99 {found.p99 * 1000:,.0f} ms ({PROBES} probes)"
            )
        with steps.step("every score once more"):
            time.sleep(WARM_SECONDS)
            check(pipeline, changes.values, scores(settings))


if __name__ == "__main__":
    typer.run(main)
