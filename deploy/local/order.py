"""Doing things side by side, each after those that it waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What failed, and what was not tried since it waits for something that failed."""

    failed: dict[str, BaseException] = field(default_factory=dict)
    not_tried: list[str] = field(default_factory=list)


def run_in_order(
    names: Sequence[str],
    after: Mapping[str, Iterable[str]],
    do: Callable[[str], None],
    at_once: int,
    cancelled: threading.Event,
) -> Outcome:
    """Call `do` for every name, after it is done for those in `after[name]` that are among the names.

    Sets `cancelled` when this thread is interrupted, so that calls under way can give up.
    """
    outcome = Outcome()
    done: set[str] = set()
    waiting = list(names)
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while waiting or running:
                ready = [name for name in waiting if all(o in done or o not in names for o in after.get(name, ()))]
                for name in ready:
                    waiting.remove(name)
                    running[pool.submit(do, name)] = name
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = running.pop(future)
                    error = future.exception()
                    if error is None:
                        done.add(name)
                    else:
                        outcome.failed[name] = error
        except BaseException:
            cancelled.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    outcome.not_tried = waiting
    return outcome
