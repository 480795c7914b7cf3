"""The models in use, ready to score: read again from the registry when that is older than a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from api.times import Clock
from stores.models.registry import Model, Models

FRESH_MS = 2_000
"""A version that was put into use is asked by every server after so long."""


M = TypeVar("M")


@dataclass(frozen=True)
class Served(Generic[M]):
    """A model's live version, ready to score."""

    version: int
    pipeline: M
    lineage: Mapping[str, Any]


class Serving(Generic[M]):
    """Live versions by model, each file read by `read`. May be used by many threads at once."""

    def __init__(self, models: Models, clock: Clock, read: Callable[[bytes], M]) -> None:
        self._models = models
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at_ms = 0
        self._known: Sequence[Model] = ()
        self._files: dict[str, M] = {}

    def live(self, name: str) -> Served[M] | None:
        """A model's live version; None for a model that is unknown, or of which none is live.

        Raises Unavailable, and `stores.models.files.DamagedFile` and `prediction.pipeline.WrongFile` for a file of no use.
        """
        model = next((each for each in self._models_now() if each.name == name), None)
        live = model.live if model else None
        if live is None:
            return None
        # Two threads may read the same file once: they find the same.
        pipeline = self._files.get(live.sha256)
        if pipeline is None:
            pipeline = self._files[live.sha256] = self._read(self._models.file(live.sha256))
        return Served(live.version, pipeline, live.lineage)

    def _models_now(self) -> Sequence[Model]:
        with self._lock:
            if self._clock() - self._read_at_ms >= FRESH_MS:
                self._known = self._models.models()
                self._read_at_ms = self._clock()
                used = {model.live.sha256 for model in self._known if model.live}
                self._files = {sha256: held for sha256, held in self._files.items() if sha256 in used}
            return self._known
