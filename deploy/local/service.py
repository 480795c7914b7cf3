"""What a service of the stack is: how it is prepared, started, asked after, mended, and finished once it is up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.local.layout import Layout


def _nothing(_layout: Layout) -> None:
    return None


def _no_environment(_layout: Layout) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Service:
    """One service. The callables take the stack's layout.

    `healthy` says what is wrong, or None when nothing is; it changes nothing. `prepare` runs before each start. `finish`
    runs whenever the service is brought up and found healthy, so it must be repeatable. `mend` may do something about
    a service that runs and is not healthy. A start must succeed within `start_seconds`.
    """

    name: str
    command: Callable[[Layout], Sequence[str]]
    healthy: Callable[[Layout], str | None]
    prepare: Callable[[Layout], None] = field(default=_nothing)
    finish: Callable[[Layout], None] = field(default=_nothing)
    mend: Callable[[Layout], None] = field(default=_nothing)
    environment: Callable[[Layout], Mapping[str, str]] = field(default=_no_environment)
    depends_on: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    start_seconds: float = 90
    is_app: bool = False
    by_request: bool = False
    """Started only where it is named."""
