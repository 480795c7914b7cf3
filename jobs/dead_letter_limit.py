"""When a sink must stop: a few bad messages are the sender's fault, most of them being bad is ours."""

from __future__ import annotations

from collections import deque


class TooManyDeadLetters(Exception):
    """So many messages were refused that the sink itself is likely to be wrong. Nothing of the last batch was written."""


class DeadLetterLimit:
    """Judges a sink's messages batch by batch.

    Stops when more than `share` of the newest messages, at least `window` of them, were refused; and, where `most` is not
    None, when more than so many were refused since the sink began.
    """

    def __init__(self, window: int = 1_000, share: float = 0.5, most: int | None = None) -> None:
        self._window, self._share, self._most = window, share, most
        self._batches: deque[tuple[int, int]] = deque()
        self._messages = self._dead = self._dead_total = 0

    def add(self, messages: int, dead: int) -> None:
        """Count a batch before it is written. Raises TooManyDeadLetters."""
        self._batches.append((messages, dead))
        self._messages += messages
        self._dead += dead
        self._dead_total += dead
        while self._messages - self._batches[0][0] >= self._window:
            oldest = self._batches.popleft()
            self._messages -= oldest[0]
            self._dead -= oldest[1]
        if self._messages >= self._window and self._dead > self._share * self._messages:
            raise TooManyDeadLetters(
                f"{self._dead} of the last {self._messages} messages were refused, allowed: {self._share:.0%} of at least "
                f"{self._window}; look at the reasons in dead_letters and in the log, then mend the sender or this version"
            )
        if self._most is not None and self._dead_total > self._most:
            raise TooManyDeadLetters(
                f"{self._dead_total} messages were refused since the start, allowed: {self._most} (sinks.dead_letters_most)"
            )
