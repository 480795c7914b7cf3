"""What models have learned from the stream, ready to score: the newest good snapshot, looked for when that was a moment ago."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from api.prediction_ports import LearnedSnapshots
from api.serving import FRESH_MS
from api.times import Clock
from prediction import online, online_file
from prediction.hashing import Features
from prediction.online import State


@dataclass(frozen=True)
class Learned:
    """A model as it was in one snapshot. Never changed: another snapshot is another object."""

    snapshot: int
    sha256: str
    state: State

    def scores(self, users: Sequence[Features]) -> list[float]:
        """The probability of each user. Raises `prediction.hashing.BadFeature`."""
        return online.scores(self.state, users).tolist()


class LearnedModels:
    """Models that learn, by name. May be used by many threads at once."""

    def __init__(self, snapshots: LearnedSnapshots, clock: Clock) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, Learned | None]] = {}

    def served(self, name: str) -> Learned | None:
        """What a model has learned and is good for; None where there is nothing yet, or nothing good.

        Raises Unavailable, and DamagedFile and WrongSnapshot for a file of no use.
        """
        with self._lock:
            read_at_ms, held = self._held.get(name, (None, None))
            if read_at_ms is None or self._clock() - read_at_ms >= FRESH_MS:
                held = self._newest(name, held)
                self._held[name] = (self._clock(), held)
            return held

    def _newest(self, name: str, held: Learned | None) -> Learned | None:
        good = self._snapshots.good(name)
        if good is None:
            return None
        if held is not None and held.sha256 == good.sha256:
            return held
        return Learned(good.number, good.sha256, online_file.from_bytes(self._snapshots.file(good.sha256)))
