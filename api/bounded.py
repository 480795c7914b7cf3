"""Questions to a dependency that may hang: asked in a thread, waited for only so long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from stores.aside import aside

T = TypeVar("T")


class Bounded(Generic[T]):
    """One question. While an asking hangs, no second one is started: those who come meanwhile wait for the first."""

    def __init__(self, name: str, ask: Callable[[], T]) -> None:
        self._name = name
        self._ask = ask
        self._lock = Lock()
        self._running: Future[T] | None = None

    def start(self) -> Future[T]:
        """The answer to come."""
        with self._lock:
            if self._running is None or self._running.done():
                self._running = aside(f"ask-{self._name}", self._ask)
            return self._running

    def wait(self, seconds: float) -> T:
        """The answer. Raises TimeoutError when there is none in time, and what the question raises."""
        return self.start().result(timeout=seconds)
