"""Lookalikes trained by the real job, over people in memory."""

from __future__ import annotations

import numpy as np

from jobs.live_tags import Carried
from jobs.models.lookalike_worker import WHO, LookalikeWorker
from jobs.models.lookalikes import LookalikeTrainer
from stores.lookalikes import People, Person
from tagging.bound_rules import bind
from tagging.compiler import compile_tag
from tagging.crowds import HasValue
from tests.fakes.api_stores import AT_MS, World

SEED = bind(HasValue("tier", ("gold",)), {"tier": 1})


def people(signal: float) -> People:
    rng = np.random.default_rng(11)
    sampled = [
        Person(f"p{number}", number % 4 == 0, {"spend": float(rng.poisson(4 + 8 * signal * (number % 4 == 0)))})
        for number in range(3_000)
    ]
    return People(7, 750, 2_250, sampled)


class Fixed:
    def __init__(self, found: People) -> None:
        self.found = found

    def read(self, seed, tags, most_of_each):
        return self.found


def train(world: World, signal: float = 1.0, at_ms: int = AT_MS) -> None:
    """What was asked for crowd `vip`; at a signal of 0 the seeds are like everybody else."""
    live = Carried({"tags": [compile_tag(tag) for tag in world.registry.tags()]})
    trainer = LookalikeTrainer(world.models, Fixed(people(signal)), {"vip": SEED}.__getitem__, lambda: live)
    worker = LookalikeWorker(
        world.models, lambda found, text: trainer.train(found, text, WHO, at_ms), lambda: True, lambda: at_ms
    )
    assert worker.step()
