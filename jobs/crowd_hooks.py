"""Sends the deltas of watched crowds to webhooks: a thread of the process of crowds.

A hook takes the deltas in order, at least once. What it refuses is tried again, later each time; after so many attempts it is
dead-lettered, and the hook rests until a person replays it from a sequence. How far each has come is in MySQL alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import orjson
from prometheus_client import Counter
from tenacity import RetryCallState, wait_exponential_jitter

from jobs.crowd_deltas import message
from stores import logs
from stores.delta_ledger import Delta
from stores.webhook import NotTaken
from tagging.crowd_watches import Watch
from tagging.webhooks import Delivery, Hook, State

MOST_OF_A_BODY = 500
KEPT_MS = 30 * 24 * 60 * 60 * 1000
WAIT = wait_exponential_jitter(initial=1, max=600, jitter=1)
DELIVERIES = Counter(
    "tagstream_webhook_deliveries_total", "Bodies sent to webhooks, by what became of them", ["outcome"]
)
log = logs.get("jobs.crowd_hooks")


class Hooks(Protocol):
    """The hooks; `stores.hooks.HookTable` is the real one."""

    def due(self, at_ms: int) -> Sequence[Hook]: ...

    def note(self, before: Hook, after: Hook, delivery: Delivery | None) -> bool: ...

    def forget(self, before_ms: int) -> None: ...


class Deltas(Protocol):
    """What was told; `stores.delta_ledger.DeltaLedger` is the real one."""

    def page(self, watch: str, after: int, limit: int) -> Sequence[Delta]: ...


class Sender(Protocol):
    """Sends; `stores.webhook.Webhooks` is the real one."""

    def send(self, hook: Hook, body: bytes, delivery: str) -> None: ...


@dataclass(frozen=True)
class HookSender:
    """Steps over the hooks that are due, while this process leads."""

    hooks: Hooks
    watch_of: Callable[[str], Watch | None]
    deltas: Deltas
    sender: Sender
    leads: Callable[[], bool]
    now_ms: Callable[[], int]
    most_attempts: int

    def step(self) -> bool:
        """Send one body to each hook that is due and has something to take; False where none has. Raises what the stores raise."""
        if not self.leads():
            return False
        self.hooks.forget(self.now_ms() - KEPT_MS)
        return any([self._next(hook) for hook in self.hooks.due(self.now_ms())])

    def _next(self, hook: Hook) -> bool:
        watch = self.watch_of(hook.crowd)
        if watch is None or watch.dry_run:
            return False
        # A crowd that is watched anew counts from 1 again.
        at = hook if hook.watch == watch.id else replace(hook, watch=watch.id, after=0, attempts=0)
        page = self.deltas.page(watch.id, at.after, MOST_OF_A_BODY)
        if not page:
            return False
        first, last = page[0].sequence, page[-1].sequence
        # A body may be empty: of those who were erased nobody is told, and the hook goes on behind them.
        named = [message(watch, delta) for delta in page if delta.user_id]
        body = orjson.dumps({"crowd": hook.crowd, "deltas": named})
        cause = ""
        try:
            self.sender.send(hook, body, f"{hook.id}-{watch.id}-{first}-{last}")
        except NotTaken as error:
            cause = str(error)
        attempts, now_ms = at.attempts + 1, self.now_ms()
        ended = Delivery(hook.id, watch.id, first, last, attempts, not cause, cause, now_ms)
        if not cause:
            after = replace(at, after=last, attempts=0, next_at_ms=0, cause="")
        elif attempts >= self.most_attempts:
            after = replace(at, state=State.DEAD, attempts=attempts, cause=cause)
        else:
            ended, after = None, replace(at, attempts=attempts, next_at_ms=now_ms + wait_ms(attempts), cause=cause)
        self.hooks.note(hook, after, ended)
        outcome = "taken" if not cause else "dead" if after.state is State.DEAD else "refused"
        DELIVERIES.labels(outcome).inc()
        log.info("webhook", hook=hook.id, crowd=hook.crowd, first=first, last=last, outcome=outcome, cause=cause)
        return True


def wait_ms(attempts: int) -> int:
    """How long to wait after so many attempts: twice as long each time, up to ten minutes, and up to a second more."""
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
    state.attempt_number = attempts
    return int(WAIT(state) * 1000)
