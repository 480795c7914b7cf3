"""Questions to a dependency that may hang: asked in a thread, waited for only so long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

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
                self._running = Future()
                # A daemon: a dependency that hangs must not keep the process from ending.
                Thread(target=self._run, args=(self._running,), name=f"ask-{self._name}", daemon=True).start()
            return self._running

    def wait(self, seconds: float) -> T:
        """The answer. Raises TimeoutError when there is none in time, and what the question raises."""
        return self.start().result(timeout=seconds)

    def _run(self, answer: Future[T]) -> None:
        try:
            answer.set_result(self._ask())
        except Exception as error:
            answer.set_exception(error)
