"""A model that learns from a stream: every example is scored, then learned, then counted in a window that is judged.

What it knows after some messages depends on these messages and their order alone: not on how they were cut into batches, nor
on where a learner ended and another went on from a snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from prediction.drift import FeatureDrift, LossDrift, drifts
from prediction.examples import Example
from prediction.ftrl import Ftrl, Parameters
from prediction.guarding import Guard, Health
from prediction.hashing import Features, hashed
from prediction.metrics import Floats
from prediction.prequential import Quality, Scored, Scorer, scores_of
from prediction.remembered import Remembered, hash_of

Marks = Mapping[int, int]
"""partition -> the first offset that has not been learned."""


@dataclass(frozen=True)
class Rules:
    """How a model learns; settled when it begins. `block`: examples learned at once; `window`: judged at once; `reference`: kept
    from the beginning as what later features are compared with; `remembered`: kept by id, so as not to be learned twice.
    """

    parameters: Parameters = field(default_factory=Parameters)
    block: int = 16
    window: int = 256
    reference: int = 512
    remembered: int = 50_000

    def __post_init__(self) -> None:
        for name, least, most in (("block", 1, 1_024), ("window", 32, 10_000), ("reference", 32, 10_000),
                                  ("remembered", 1_024, 1_000_000)):  # fmt: skip
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name}: got {getattr(self, name)}, allowed {least} to {most}")


class Taken(StrEnum):
    """What became of an example.

    corrected: it was learned as negative, and a late event says otherwise: it is learned once more, as positive, and counts as
    positive where its window is still open. What was learned of the negative stays: it cannot be unlearned.
    repeated: learned before. stale: decided no later than what was forgotten, so that it may have been.
    """

    LEARNED = "learned"
    CORRECTED = "corrected"
    REPEATED = "repeated"
    STALE = "stale"
    SEEN = "seen"
    """Below the mark: an earlier learner has learned it, or the same one before its batch was given again."""


@dataclass(frozen=True)
class ClosedWindow:
    """A window that is full: how well each scorer did, how its features compare, and what follows."""

    number: int
    opened_at_ms: int
    closed_at_ms: int
    qualities: Sequence[Quality]
    drifts: Sequence[FeatureDrift]
    loss_rose: bool
    guard: Guard


@dataclass
class State:
    """All that a model knows: what a snapshot holds. `good`: the weights when a window was last found good, after so many examples.

    `marks`: where in the log all this is the outcome of; see `OnlineModel.marked`.
    """

    model: str
    rules: Rules
    ftrl: Ftrl
    good: Ftrl | None
    remembered: Remembered
    marks: dict[int, int] = field(default_factory=dict)
    examples: int = 0
    positives: int = 0
    good_examples: int = 0
    window_number: int = 0
    window: list[Scored] = field(default_factory=list)
    reference: list[Features] = field(default_factory=list)
    guard: Guard = field(default_factory=Guard)
    loss: LossDrift = field(default_factory=LossDrift)
    loss_rose: bool = False


def begin(model: str, rules: Rules, marks: Marks) -> State:
    """What a model knows before its first example."""
    return State(model, rules, Ftrl(rules.parameters), None, Remembered(rules.remembered), dict(marks))


class OnlineModel:
    """Goes on from a state. Examples wait until a block is full; the state is that before those that wait."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._next = dict(state.marks)
        self._waiting: list[tuple[Example, int, int]] = []

    def take(self, example: Example, partition: int, offset: int) -> tuple[Taken, ClosedWindow | None]:
        """The next message of a partition; learns when it completes a block. The window that this closes, if any."""
        if offset < self._next.get(partition, 0):
            return Taken.SEEN, None
        self._next[partition] = offset + 1
        taken = self._judged(example)
        if taken not in (Taken.LEARNED, Taken.CORRECTED):
            return taken, None
        self._waiting.append((example, partition, offset))
        closed = None
        if len(self._waiting) == self.state.rules.block:
            closed = self._learn([example for example, _, _ in self._waiting])
            self._waiting = []
        return taken, closed

    def passed(self, partition: int, offset: int) -> None:
        """Up to this message all of a partition was looked at; those that were not given are other models'."""
        self._next[partition] = max(self._next.get(partition, 0), offset + 1)

    def marked(self) -> State:
        """The state with its marks: those who go on from it read the examples that wait once more."""
        first: dict[int, int] = {}
        for _, partition, offset in self._waiting:
            first.setdefault(partition, offset)
        self.state.marks = {**self._next, **first}
        return self.state

    def _judged(self, example: Example) -> Taken:
        remembered = self.state.remembered
        held = remembered.of(example.prediction_id)
        label = held.label if held else None
        for waiting, _, _ in self._waiting:
            if waiting.prediction_id == example.prediction_id:
                label = waiting.label
        if label is not None:
            return Taken.CORRECTED if (label, example.label) == (0, 1) else Taken.REPEATED
        return Taken.STALE if remembered.too_old(example.decided_at_ms) else Taken.LEARNED

    def _learn(self, examples: Sequence[Example]) -> ClosedWindow | None:
        state = self.state
        block = hashed([example.features for example in examples], state.rules.parameters.bits)
        labels = np.array([example.label for example in examples], dtype=float)
        # A frozen model goes on being measured.
        frozen = state.guard.health is Health.FROZEN
        online = state.ftrl.scores(block) if frozen else state.ftrl.learn(block, labels)
        chance = (state.positives + 1) / (state.examples + 2)
        for example, score in zip(examples, online.tolist(), strict=True):
            self._count(example, score, chance)
        state.loss_rose |= state.loss.add(float(((online - labels) ** 2).mean()))
        return self._close() if len(state.window) >= state.rules.window else None

    def _count(self, example: Example, online: float, chance: float) -> None:
        state = self.state
        key = hash_of(example.prediction_id)
        corrected = state.remembered.of(example.prediction_id) is not None
        state.remembered.add(example.prediction_id, example.label, example.decided_at_ms)
        state.positives += example.label
        if corrected:
            state.window = [
                Scored(key, 1, s.online, s.frozen, s.chance, s.decided_at_ms, s.features) if s.key == key else s
                for s in state.window
            ]
            return
        state.examples += 1
        state.window.append(
            Scored(key, example.label, online, example.frozen_score, chance, example.decided_at_ms, example.features)
        )
        if len(state.reference) < state.rules.reference:
            state.reference.append(example.features)

    def _close(self) -> ClosedWindow:
        state = self.state
        scores = scores_of(state.window)
        scorers = [Scorer.ONLINE, Scorer.CHANCE] + [Scorer.FROZEN] * any(s.frozen is not None for s in state.window)
        # The reference's own windows are not compared with themselves.
        compared = state.examples - len(state.window) >= state.rules.reference
        times = [each.decided_at_ms for each in state.window]
        guard = state.guard.judge(state.window_number, scores)
        closed = ClosedWindow(
            state.window_number,
            min(times),
            max(times),
            [scores.quality(scorer) for scorer in scorers],
            drifts(state.reference, [each.features for each in state.window]) if compared else [],
            state.loss_rose,
            guard,
        )
        if guard.health is Health.GOOD:
            state.good, state.good_examples = state.ftrl.copy(), state.examples
        elif guard.health is Health.FROZEN and state.guard.health is not Health.FROZEN and state.good is not None:
            state.ftrl = state.good.copy()
        state.guard = guard
        state.window_number += 1
        state.window, state.loss_rose = [], False
        return closed


def released(state: State) -> State:
    """The same model, learning again: a person says that the fault is gone. It is served once a window finds it good."""
    state.guard = Guard()
    state.loss, state.window = LossDrift(), []
    return state


def scores(state: State, users: Sequence[Features]) -> Floats:
    """What the model says of some users' features now. Raises BadFeature."""
    return state.ftrl.scores(hashed(users, state.rules.parameters.bits))
