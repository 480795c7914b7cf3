"""When to ask a job for a checkpoint, because somebody waits for it to get somewhere."""

from __future__ import annotations

from stores.flink import Checkpoints

ASK_SECONDS = 1.0
SHARE = 5
"""A job is held up by checkpoints that were asked for in one of so many seconds at most."""

LOST_SECONDS = 60.0
"""One that has neither come nor failed by then is not waited for any longer."""


class CheckpointRequests:
    """A job's place is known, and its offsets are committed, with each checkpoint, so that who waits asks for one.

    But a checkpoint holds the job up while its tasks write their state: a job that replays the log and is asked again and again
    does little else. So the next one is asked for when the job should be there by its pace so far, and before that as seldom
    as `SHARE` says. Times are seconds of any clock that goes forward.
    """

    def __init__(self, now: float, left: int) -> None:
        """`left`: how many messages lie between the job and where it is to get."""
        self._began, self._first_left = now, left
        self._next_at = now
        self._ended: int | None = None

    def due(self, now: float, left: int, known: Checkpoints) -> bool:
        """Whether to ask now. `left` as before; `known`: the job's checkpoints so far."""
        ended = known.completed + known.failed
        if self._ended is not None and (ended > self._ended or now >= self._next_at):
            self._ended, self._next_at = None, now + self._pause(now, left, known)
        return self._ended is None and now >= self._next_at

    def asked(self, known: Checkpoints, now: float) -> None:
        """It was asked for, and is under way."""
        self._ended, self._next_at = known.completed + known.failed, now + LOST_SECONDS

    def refused(self, now: float) -> None:
        """It was asked for, and the cluster would not."""
        self._next_at = now + ASK_SECONDS

    def _pause(self, now: float, left: int, known: Checkpoints) -> float:
        pause = (SHARE - 1) * (known.last_ms or 0) / 1000
        done = self._first_left - left
        if done > 0:
            pause = min(pause, left * (now - self._began) / done)
        return max(ASK_SECONDS, pause)
