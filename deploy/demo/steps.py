"""Progress of the demo's start: one line a step, with its seconds; a failure names its cause and a fix."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


class StepFailed(Exception):
    """A step that could not be done."""

    def __init__(self, cause: str, fix: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.fix = fix


@dataclass
class Step:
    """A step under way. `result` is written at the end of its line."""

    name: str
    tell: Callable[[str], None]
    result: str = ""


@dataclass
class Steps:
    """Prints steps as they are done and keeps how long each took."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)
    _clock: Callable[[], float] = time.monotonic

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One step. On failure its line is written in red before the exception goes on."""
        began = self._clock()
        step = Step(name, lambda text: self.console.print(f"[dim]{'':>9}  … {text}[/]", highlight=False))
        self.console.print(f"[dim]{'':>9}  {name} …[/]", highlight=False, soft_wrap=True)
        try:
            yield step
        except BaseException:
            self.console.print(f"[red]{self._clock() - began:>7.1f} s  ✗ {name}[/]", highlight=False, soft_wrap=True)
            raise
        self.seconds[name] = self._clock() - began
        result = f"  [dim]{step.result}[/]" if step.result else ""
        self.console.print(f"[green]{self.seconds[name]:>7.1f} s  ✓[/] {name}{result}", highlight=False, soft_wrap=True)

    @property
    def total_seconds(self) -> float:
        """How long all the steps took together."""
        return sum(self.seconds.values())


def wait_for(
    answer: Callable[[], str | None],
    seconds: float,
    fix: str,
    pause: float = 0.5,
    tell: Callable[[str], None] | None = None,
) -> None:
    """Ask until `answer` returns None; what it returns until then is what is still missing.

    Raises StepFailed with the newest of these and `fix` when it takes longer than `seconds`.
    """
    until = time.monotonic() + seconds
    told_at = time.monotonic()
    while (missing := answer()) is not None:
        if time.monotonic() > until:
            raise StepFailed(f"waited {seconds:.0f} s: {missing}", fix)
        if tell and time.monotonic() - told_at > 10:
            tell(missing)
            told_at = time.monotonic()
        time.sleep(pause)
