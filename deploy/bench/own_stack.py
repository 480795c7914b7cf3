"""The local stack that a benchmark has to itself: empty at first, and gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.layout import MEASURED_STACK
from deploy.local.stack import Stack


@contextmanager
def own_stack(keep: bool) -> Iterator[Stack]:
    """The stack, with no data and nothing of it started; `keep` leaves it as the benchmark did. Raises StackError."""
    stack = Stack(MEASURED_STACK, tell=lambda line: None)
    stack.reset()
    try:
        yield stack
    finally:
        if not keep:
            stack.reset()
