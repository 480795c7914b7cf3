"""How many examples a second are scored and learned: `python -m deploy.bench_learning --examples 50000`.

The learner of prediction/ftrl.py, in blocks of several sizes, against river's logistic regression by FTRL-Proximal, one example
after another, on the same made-up stream. First it asserts that all of them reach about the same prequential log-loss, which
nobody can better than by knowing the truth; then it times them. Features go in as they come: hashing is part of the time.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from river.linear_model import LogisticRegression
from river.optim import FTRLProximal
from river.optim.losses import Log

from prediction.ftrl import Ftrl, Parameters
from prediction.hashing import Value, hashed, tokens

SEED = 20260921
RUNS = 3
BLOCKS = (1, 16, 64)
WANTED = Parameters(bits=16, alpha=0.2, beta=1.0, l1=0.0, l2=0.1)
CATEGORIES = 40
NUMBERS = 8
FLAGS = 6
EQUAL = 0.02
"""Nats: what the log-loss of two learners may differ by, for their speeds to be compared."""

Losses = Sequence[float]


@dataclass(frozen=True)
class Stream:
    """Examples, and the probability that each label was drawn from."""

    features: Sequence[dict[str, Value]]
    labels: Sequence[int]
    truth: Sequence[float]


def made_up(count: int) -> Stream:
    """A category of some dozens, numbers with gaps, and flags; what they mean is drawn once."""
    chance = random.Random(SEED)
    of_category = [chance.gauss(0, 1) for _ in range(CATEGORIES)]
    of_number = [chance.gauss(0, 0.3) for _ in range(NUMBERS)]
    of_flag = [chance.gauss(0, 0.7) for _ in range(FLAGS)]
    features, labels, truth = [], [], []
    for _ in range(count):
        category = chance.randrange(CATEGORIES)
        numbers = [None if chance.random() < 0.2 else int(chance.expovariate(0.2)) for _ in range(NUMBERS)]
        flags = [chance.random() < 0.3 for _ in range(FLAGS)]
        odds = -1.5 + of_category[category]
        odds += sum(w * math.log1p(value) for w, value in zip(of_number, numbers, strict=True) if value is not None)
        odds += sum(w * flag for w, flag in zip(of_flag, flags, strict=True))
        found: dict[str, Value] = {"category": f"c{category}"}
        found |= {f"number_{place}": value for place, value in enumerate(numbers)}
        found |= {f"flag_{place}": flag for place, flag in enumerate(flags)}
        features.append(found)
        truth.append(1 / (1 + math.exp(-odds)))
        labels.append(int(chance.random() < truth[-1]))
    return Stream(features, labels, truth)


def ours(stream: Stream, block: int) -> list[float]:
    """Each example's score before it was learned."""
    learner, scores = Ftrl(WANTED), []
    for start in range(0, len(stream.labels), block):
        labels = np.array(stream.labels[start : start + block], dtype=float)
        scores += learner.learn(hashed(stream.features[start : start + block], WANTED.bits), labels).tolist()
    return scores


def rivers(stream: Stream) -> list[float]:
    """The same by river. Its model has names in place of coordinates, and the constant as one of them."""
    optimizer = FTRLProximal(alpha=WANTED.alpha, beta=WANTED.beta, l1=WANTED.l1, l2=WANTED.l2)
    learner, scores = LogisticRegression(optimizer, loss=Log(), intercept_lr=0.0), []
    for features, label in zip(stream.features, stream.labels, strict=True):
        named = dict(tokens(features))
        scores.append(learner.predict_proba_one(named)[True])
        learner.learn_one(named, bool(label))
    return scores


def log_loss(stream: Stream, scores: Sequence[float]) -> float:
    """Of the second half: by then all have seen enough."""
    half = len(scores) // 2
    pairs = zip(stream.labels[half:], scores[half:], strict=True)
    return sum(-math.log(max(1e-15, score if label else 1 - score)) for label, score in pairs) / (len(scores) - half)


def best_seconds(action: Callable[[], object]) -> float:
    """The shortest of some runs."""
    found = []
    for _ in range(RUNS):
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    """Make, compare, time."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench_learning", description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=50_000)
    count = parser.parse_args().examples
    if not 2_000 <= count <= 5_000_000:
        parser.error(f"--examples {count}: from 2,000 to 5,000,000")
    stream = made_up(count)
    learners: dict[str, Callable[[], list[float]]] = {"river": lambda: rivers(stream)}
    for block in BLOCKS:
        learners[f"blocks of {block}"] = lambda block=block: ours(stream, block)
    losses = {name: log_loss(stream, learn()) for name, learn in learners.items()}
    best = log_loss(stream, stream.truth)
    apart = {name: loss for name, loss in losses.items() if abs(loss - losses["river"]) > EQUAL or loss < best}
    if apart:
        raise AssertionError(
            f"log-loss of river {losses['river']:.4f}, of the truth {best:.4f}; not comparable: {apart}"
        )
    rate = sum(stream.labels) / count
    chance = -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate))
    print(
        f"{count:,} examples of {len(stream.features[0])} features; log-loss of the truth {best:.4f}, of chance {chance:.4f}"
    )
    for name, learn in learners.items():
        seconds = best_seconds(learn)
        print(f"{name:>14}: log-loss {losses[name]:.4f}, {count / seconds:,.0f} examples/s scored and learned")


if __name__ == "__main__":
    main()
