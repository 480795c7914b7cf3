"""Logistic regression that learns from a stream: FTRL-Proximal with a learning rate of each coordinate's own.

McMahan et al., Ad Click Prediction: a View from the Trenches, KDD 2013, algorithm 1. Examples are learned in blocks: all of
a block are scored with the weights before it, then their gradients are added up. A block of one is the paper's algorithm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from prediction.hashing import Block

Floats = NDArray[np.float64]
MOST_LOG_ODDS = 35.0
"""Beyond this a score would be 0 or 1, which no example can be."""


@dataclass(frozen=True)
class Parameters:
    """Named as in the paper. `bits`: 2^bits coordinates. `alpha`, `beta`: learning rate; `l1`, `l2`: what a weight must earn."""

    bits: int = 16
    alpha: float = 0.2
    beta: float = 1.0
    l1: float = 0.0
    l2: float = 0.1

    def __post_init__(self) -> None:
        if not 4 <= self.bits <= 20:
            raise ValueError(f"bits: got {self.bits}, allowed 4 to 20")
        if self.alpha <= 0 or min(self.beta, self.l1, self.l2) < 0:
            raise ValueError(f"alpha must be above 0, beta, l1 and l2 not below: got {self}")


class Ftrl:
    """The learner. `z` and `n` are the whole of what it has learned; weights are computed from them when they are needed."""

    def __init__(self, parameters: Parameters, z: Floats | None = None, n: Floats | None = None) -> None:
        self.parameters = parameters
        self.z = np.zeros(1 << parameters.bits) if z is None else z
        self.n = np.zeros(1 << parameters.bits) if n is None else n

    def scores(self, block: Block) -> Floats:
        """The probability of each example of a block."""
        return self._scores(block, self._weights(block.place))

    def learn(self, block: Block, labels: Floats) -> Floats:
        """Learn a block's labels (0 or 1); the scores that its examples had before."""
        places, inverse = np.unique(block.place, return_inverse=True)
        weights = self._weights(places)
        scores = self._scores(block, weights[inverse])
        gradients = (scores - labels)[block.row] * block.amount
        added = np.bincount(inverse, weights=gradients, minlength=len(places))
        squares = np.bincount(inverse, weights=gradients * gradients, minlength=len(places))
        before = self.n[places]
        rates = (np.sqrt(before + squares) - np.sqrt(before)) / self.parameters.alpha
        self.z[places] += added - rates * weights
        self.n[places] = before + squares
        return scores

    def copy(self) -> Ftrl:
        """A learner of its own that knows the same."""
        return Ftrl(self.parameters, self.z.copy(), self.n.copy())

    def _weights(self, places: NDArray[np.int64]) -> Floats:
        wanted, z = self.parameters, self.z[places]
        earned = np.maximum(np.abs(z) - wanted.l1, 0.0)
        return -np.sign(z) * earned / ((wanted.beta + np.sqrt(self.n[places])) / wanted.alpha + wanted.l2)

    def _scores(self, block: Block, weights: Floats) -> Floats:
        log_odds = np.bincount(block.row, weights=weights * block.amount, minlength=block.rows)
        return expit(np.clip(log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS))
