"""Answers kept for a moment, so that many watchers cost a store as much as one."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class _Entry(Generic[T]):
    def __init__(self) -> None:
        self.lock = Lock()
        self.until = float("-inf")
        self.value: T | None = None
        self.error: Exception | None = None


class MomentCache(Generic[T]):
    """Keeps each key's answer, a failure too, for `seconds`.

    Callers that ask for one key at once share one computation. At most `size` keys; the least recently used goes first.
    """

    def __init__(self, seconds: float, size: int = 1024, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The kept answer, or a new one. Raises what `compute` raised."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        with entry.lock:
            if self._clock() >= entry.until:
                self._fill(entry, compute)
            if entry.error is not None:
                raise entry.error.with_traceback(None)
            return entry.value  # type: ignore[return-value]

    def _fill(self, entry: _Entry[T], compute: Callable[[], T]) -> None:
        entry.value = entry.error = None
        try:
            entry.value = compute()
        except Exception as error:
            # Kept as well: those who wait for a store that hangs must not ask it one after the other.
            entry.error = error
        entry.until = self._clock() + self._seconds
