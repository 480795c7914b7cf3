"""What every long-running process of ours does: logs, metrics, a clean stop on SIGTERM, waiting between attempts."""

from __future__ import annotations

import random
import signal
import threading
import time

from stores import logs, metrics
from stores.settings import Settings, load


def start() -> tuple[Settings, threading.Event]:
    """Begin a process: logs, settings, /metrics. The event is set on SIGTERM and SIGINT; a second SIGINT ends at once."""
    logs.configure()
    settings = load()
    metrics.serve(settings)
    stop = threading.Event()

    def stopping(number: int, _frame: object) -> None:
        stop.set()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGTERM, stopping)
    signal.signal(signal.SIGINT, stopping)
    return settings, stop


def wall_ms() -> int:
    """Now, epoch milliseconds."""
    return int(time.time() * 1000)


class Backoff:
    """How long to wait before the next attempt: twice as long each time up to `longest`, spread by up to a quarter."""

    def __init__(self, first_seconds: float = 0.2, longest_seconds: float = 5.0) -> None:
        self._first, self._longest = first_seconds, longest_seconds
        self._next = first_seconds

    def next_seconds(self) -> float:
        """The wait before this attempt, in seconds."""
        seconds, self._next = self._next, min(self._longest, self._next * 2)
        # Processes that lost the same store do not come back in step.
        return seconds * random.uniform(0.75, 1.0)

    def reset(self) -> None:
        """The last attempt succeeded."""
        self._next = self._first
