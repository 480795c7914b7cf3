"""Previews in memory. They pass the contract suite of the real ones (tests/contract/test_previews.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stores.registry.previews import LONGEST_CAUSE, MOST_WAITING, Preview, State, TooManyPreviews


class MemoryPreviews:
    """Previews by id."""

    def __init__(self) -> None:
        self._held: dict[str, Preview] = {}

    def ask(self, preview: Preview) -> Preview:
        if preview.id not in self._held:
            if sum(held.state is State.ASKED for held in self._held.values()) >= MOST_WAITING:
                raise TooManyPreviews(f"{MOST_WAITING} previews wait already")
            self._held[preview.id] = replace(preview, state=State.ASKED)
        return self._held[preview.id]

    def read(self, id: str) -> Preview | None:
        return self._held.get(id)

    def take(self, at_ms: int, stale_ms: int) -> Preview | None:
        waiting = [
            held
            for held in self._held.values()
            if held.state is State.ASKED or (held.state is State.RUNNING and held.started_at_ms < at_ms - stale_ms)
        ]
        if not waiting:
            return None
        first = min(waiting, key=lambda held: (held.asked_at_ms, held.id))
        self._held[first.id] = replace(first, state=State.RUNNING, started_at_ms=at_ms)
        return self._held[first.id]

    def finish(self, preview: Preview, at_ms: int, result: Mapping[str, Any] | None, cause: str = "") -> bool:
        held = self._held.get(preview.id)
        if held is None or (held.state, held.started_at_ms) != (State.RUNNING, preview.started_at_ms):
            return False
        state = State.FAILED if result is None else State.DONE
        self._held[held.id] = replace(held, state=state, ended_at_ms=at_ms, result=result, cause=cause[:LONGEST_CAUSE])
        return True

    def forget(self, before_ms: int) -> int:
        old = [held.id for held in self._held.values() if held.asked_at_ms < before_ms]
        for id in old:
            del self._held[id]
        return len(old)
