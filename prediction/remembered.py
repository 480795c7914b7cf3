"""Which examples were learned lately, so that none is learned twice whatever the log repeats."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Decided(NamedTuple):
    """The label that an example was learned with, and when that was decided (epoch ms)."""

    label: int
    at_ms: int


class Remembered:
    """The newest `most` examples by the hash of their prediction's id.

    Of what was forgotten the newest decision is kept: an example that was decided no later may have been learned, and counts
    as learned.
    """

    def __init__(self, most: int, forgotten_ms: int = 0) -> None:
        self.most = most
        self.forgotten_ms = forgotten_ms
        self._held: dict[int, Decided] = {}

    def __len__(self) -> int:
        return len(self._held)

    def of(self, prediction_id: str) -> Decided | None:
        """What was learned of a prediction; None when nothing is remembered of it."""
        return self._held.get(hash_of(prediction_id))

    def too_old(self, decided_at_ms: int) -> bool:
        """Whether an example that is not remembered may have been learned and forgotten."""
        return decided_at_ms <= self.forgotten_ms

    def add(self, prediction_id: str, label: int, decided_at_ms: int) -> None:
        """It is learned. Learned again with another label, it keeps its turn to be forgotten."""
        self._held[hash_of(prediction_id)] = Decided(label, decided_at_ms)
        if len(self._held) > self.most:
            oldest = next(iter(self._held))
            self.forgotten_ms = max(self.forgotten_ms, self._held.pop(oldest).at_ms)

    def arrays(self) -> tuple[NDArray[np.uint64], NDArray[np.uint8], NDArray[np.int64]]:
        """Hashes, labels and times, those first that are forgotten first."""
        held = self._held.values()
        return (
            np.fromiter(self._held, np.uint64, len(self._held)),
            np.fromiter((each.label for each in held), np.uint8, len(held)),
            np.fromiter((each.at_ms for each in held), np.int64, len(held)),
        )

    @classmethod
    def of_arrays(
        cls,
        most: int,
        forgotten_ms: int,
        hashes: NDArray[np.uint64],
        labels: NDArray[np.uint8],
        times: NDArray[np.int64],
    ) -> Remembered:
        """What `arrays` gave."""
        found = cls(most, forgotten_ms)
        found._held = {
            number: Decided(label, at_ms)
            for number, label, at_ms in zip(hashes.tolist(), labels.tolist(), times.tolist(), strict=True)
        }
        return found


def hash_of(prediction_id: str) -> int:
    """64 bits of an id: among a million ids two share them once in 37 million times."""
    return int.from_bytes(hashlib.blake2b(prediction_id.encode(), digest_size=8).digest(), "big")
