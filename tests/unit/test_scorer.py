"""Which models are followed: those that are live and can be, each from when it went live, and none for another's fault."""

from __future__ import annotations

import threading

import pytest
from prometheus_client import REGISTRY

from jobs.scorer import Scorer, run
from stores.mysql import MySQLUnavailable
from tests.fakes.api_stores import AT_MS
from tests.fakes.memory_models import MemoryModels
from tests.small_model import DEFINITION, FEATURES, GOOD, pipeline


class World:
    """The registry, the live tag versions, and who follows what."""

    def __init__(self) -> None:
        self.models = MemoryModels()
        self.live = {feature.tag: feature.version for feature in FEATURES}
        self.began: list[tuple[str, int, int]] = []
        self.ended: list[tuple[str, int]] = []
        self.fails = False
        self.scorer = Scorer(self.models, lambda: self.live, self.follow)
        self._begun = threading.Semaphore(0)

    def follow(self, live, pipeline, stop: threading.Event) -> None:
        self.began.append((live.model, live.version, live.since_ms))
        self._begun.release()
        if self.fails:
            raise ValueError("a store that no waiting mends")
        stop.wait(10)
        self.ended.append((live.model, live.version))

    def round(self, begins: int = 0) -> None:
        self.scorer.run_round()
        for _ in range(begins):
            assert self._begun.acquire(timeout=5)

    def add(self, name: str = "buys", content: bytes | None = None) -> int:
        self.models.define(name, DEFINITION, "ann", AT_MS)
        return self.models.add(name, content or pipeline().to_bytes(), GOOD, {}, "ann", AT_MS).version


@pytest.fixture
def world():
    world = World()
    yield world
    world.scorer.stop()


def scored(name: str = "buys") -> float | None:
    """What is told of a model, None for nothing."""
    return REGISTRY.get_sample_value("tagstream_model_scored_live", {"model": name})


def test_a_version_that_goes_live_is_followed_once_and_the_one_before_ends(world):
    world.add()
    world.add()
    world.round()
    assert world.began == []
    world.models.set_live("buys", 1, "ann", AT_MS + 1)
    world.round(1)
    world.round()
    assert (world.began, scored()) == ([("buys", 1, AT_MS + 1)], 1)
    world.models.set_live("buys", 2, "ann", AT_MS + 2)
    world.round(1)
    assert world.began[1:] == [("buys", 2, AT_MS + 2)]
    assert world.ended == [("buys", 1)]
    world.models.set_live("buys", None, "ann", AT_MS + 3)
    world.round()
    assert (world.ended[1:], scored()) == ([("buys", 2)], None)


def test_a_version_that_goes_live_again_begins_again(world):
    world.add()
    for at_ms, version in ((1, 1), (2, None), (3, 1)):
        world.models.set_live("buys", version, "ann", AT_MS + at_ms)
        world.round(1 if version else 0)
    assert world.began == [("buys", 1, AT_MS + 1), ("buys", 1, AT_MS + 3)]


def test_a_model_whose_tag_was_changed_is_not_followed_with_that_value_left_out(world):
    world.models.set_live("buys", world.add(), "ann", AT_MS)
    world.round(1)
    world.live["tier"] = 2
    world.round()
    assert (world.ended, scored()) == ([("buys", 1)], 0)
    world.live["tier"] = 1
    world.round(1)
    assert scored() == 1


def test_a_model_that_nobody_can_read_keeps_only_itself_from_being_followed(world):
    world.models.set_live("bad", world.add("bad", b"no model"), "ann", AT_MS)
    world.models.set_live("buys", world.add(), "ann", AT_MS)
    world.round(1)
    assert world.began == [("buys", 1, AT_MS)]
    assert (scored(), scored("bad")) == (1, 0)


def test_who_fails_is_begun_again_in_the_next_round(world):
    world.models.set_live("buys", world.add(), "ann", AT_MS)
    world.fails = True
    world.round(1)
    [following] = world.scorer._running.values()
    following.thread.join(5)
    world.fails = False
    world.round(1)
    assert len(world.began) == 2


def test_while_mysql_is_away_what_is_followed_goes_on(world):
    world.models.set_live("buys", world.add(), "ann", AT_MS)
    world.round(1)
    stop, rounds = threading.Event(), []

    def prepare() -> None:
        rounds.append(1)
        if len(rounds) == 2:
            assert world.ended == []
            stop.set()
        raise MySQLUnavailable("down for a test")

    run(world.scorer, prepare, stop)
    assert world.ended == [("buys", 1)], "ended with the process, and not before"
