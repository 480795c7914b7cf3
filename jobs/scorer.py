"""Scores users by every live model as their tags change. Run by `python -m jobs.scorer`; more of them share the users.

A version that goes live reads the changes of its tags from the beginning of the log: so it scores everybody, and then whoever
changes. What was scored is committed after the scores are in the log; a score that is made twice replaces itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from jobs import process
from jobs.crowd_rules import live_tags
from jobs.dead_letter_limit import DeadLetterLimit
from jobs.score_sink import ScoreSink
from jobs.sink import SinkLoop
from jobs.suppression import suppressing
from prediction import pipeline as pipelines
from prediction.pipeline import Pipeline, SpendFile, WrongFile
from prediction.promotion import RetiredFeature, require_live
from stores import logs, metrics
from stores.hbase import ProfileStore
from stores.kafka import Producer
from stores.kafka_reader import KafkaReader
from stores.models.files import DamagedFile
from stores.models.registry import ModelRegistry, Models
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from stores.settings import Settings
from tagging.names import source_topic

ROUND_SECONDS = 2.0
END_SECONDS = 30.0

log = logs.get("jobs.scorer")


class Live(NamedTuple):
    """A version of a model, and since when it is the live one (epoch ms): gone live again, it begins again."""

    model: str
    version: int
    since_ms: int
    sha256: str


Follow = Callable[[Live, Pipeline, threading.Event], None]
"""Scores by one version until the event is set."""


@dataclass
class Following:
    """A version that is being followed by a thread of its own."""

    thread: threading.Thread
    stop: threading.Event


class Scorer:
    """Keeps every live model followed that can be. One bad model keeps only itself from it."""

    def __init__(self, models: Models, live_versions: Callable[[], Mapping[str, int]], follow: Follow) -> None:
        self._models = models
        self._live_versions = live_versions
        self._follow = follow
        self._running: dict[Live, Following] = {}
        self._pipelines: dict[str, Pipeline] = {}
        self._said: dict[str, str] = {}
        self._told: AbstractSet[str] = frozenset()

    def run_round(self) -> None:
        """Begin to follow what went live, and end what is not any more. Raises MySQLUnavailable."""
        wanted = self._wanted()
        for live in [live for live in self._running if live not in wanted]:
            self._end(live)
            log.info("ended", model=live.model, version=live.version)
        for live, pipeline in wanted.items():
            held = self._running.get(live)
            if held is None or not held.thread.is_alive():
                self._begin(live, pipeline)
        self._tell({live.model for live in wanted})

    def stop(self) -> None:
        """End all."""
        for live in list(self._running):
            self._running[live].stop.set()
        for live in list(self._running):
            self._end(live)

    def _tell(self, followed: AbstractSet[str]) -> None:
        for name in self._told - followed - self._said.keys():
            metrics.SCORED_LIVE.remove(name)
        self._told = followed | self._said.keys()
        for name in self._told:
            metrics.SCORED_LIVE.labels(name).set(name in followed)

    def _wanted(self) -> dict[Live, Pipeline]:
        versions = self._live_versions()
        found: dict[Live, Pipeline] = {}
        for model in self._models.models():
            version = model.live
            if version is None:
                self._said.pop(model.name, None)
                continue
            try:
                pipeline = self._pipeline(version.sha256)
                require_live(pipeline, versions)
            except SpendFile:
                # Its score moves with the days, not with a tag: the batch makes it.
                self._said.pop(model.name, None)
                continue
            except (DamagedFile, LookupError, WrongFile, RetiredFeature) as error:
                if self._said.get(model.name) != str(error):
                    self._said[model.name] = str(error)
                    log.error("model_not_followed", model=model.name, version=version.version, cause=str(error))
                continue
            self._said.pop(model.name, None)
            found[Live(model.name, version.version, version.changed_at_ms, version.sha256)] = pipeline
        self._pipelines = {live.sha256: pipeline for live, pipeline in found.items()}
        return found

    def _pipeline(self, sha256: str) -> Pipeline:
        return self._pipelines.get(sha256) or pipelines.from_bytes(self._models.file(sha256))

    def _begin(self, live: Live, pipeline: Pipeline) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=self._followed, args=(live, pipeline, stop), daemon=True)
        self._running[live] = Following(thread, stop)
        log.info("follows", model=live.model, version=live.version, features=len(pipeline.features))
        thread.start()

    def _followed(self, live: Live, pipeline: Pipeline, stop: threading.Event) -> None:
        try:
            self._follow(live, pipeline, stop)
        except Exception as error:
            # The next round begins it again, where it committed last.
            log.exception(
                "scorer_failed", model=live.model, version=live.version, cause=f"{type(error).__name__}: {error}"
            )

    def _end(self, live: Live) -> None:
        following = self._running.pop(live)
        following.stop.set()
        following.thread.join(END_SECONDS)


def group_of(model: str, version: int, since_ms: int, settings: Settings) -> str:
    """The consumer group that scores by a version which is live since then."""
    return f"{settings.sinks.group_prefix}.scorer.{model}.v{version}.{since_ms}"


def following(settings: Settings, profiles: ProfileStore) -> Follow:
    """Following on the configured log and stores, as a consumer group of the version's own."""
    sinks = settings.sinks
    topic = source_topic("scores", settings.mysql.shop_database)

    def follow(live: Live, pipeline: Pipeline, stop: threading.Event) -> None:
        sink = ScoreSink(pipeline, live.version, profiles, Producer(settings), topic, settings.cdc_format)
        group = group_of(live.model, live.version, live.since_ms, settings)
        limit = DeadLetterLimit(sinks.dead_letters_window, sinks.dead_letters_share, sinks.dead_letters_most)
        reader = KafkaReader(settings, group, sink.topics, together=True)
        SinkLoop(
            suppressing(sink, settings), reader, stop, limit, sinks.batch_messages, sinks.profile_linger_seconds
        ).run()

    return follow


def run(scorer: Scorer, prepare: Callable[[], None], stop: threading.Event) -> None:
    """Rounds until `stop` is set. While MySQL is away, what is followed goes on."""
    backoff, prepared = process.Backoff(), False
    while not stop.is_set():
        try:
            if not prepared:
                prepare()
                prepared = True
            scorer.run_round()
            metrics.STORE_UP.labels("scorer", "mysql").set(1)
            backoff.reset()
            stop.wait(ROUND_SECONDS)
        except MySQLUnavailable as error:
            metrics.STORE_UP.labels("scorer", "mysql").set(0)
            seconds = backoff.next_seconds()
            log.warning("waiting", store="mysql", cause=str(error), retry_in_seconds=round(seconds, 2))
            stop.wait(seconds)
    scorer.stop()


def main() -> None:
    """Score until SIGTERM."""
    settings, stop = process.start()
    registry, tags = ModelRegistry(settings), TagRegistry(settings)
    with ProfileStore(settings.hbase) as profiles:
        scorer = Scorer(
            registry,
            lambda: {tag.name: tag.version for tag in live_tags(tags.pointers())},
            following(settings, profiles),
        )
        run(scorer, lambda: migrate(settings), stop)
    registry.close()
    tags.close()


if __name__ == "__main__":
    main()
