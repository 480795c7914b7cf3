"""What every fake store has in common."""

from __future__ import annotations

from api.ports import Unavailable


class Breakable:
    """A store that can be down."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reason: str | None = None

    def fail(self, reason: str = "connection refused") -> None:
        """Be down from now on."""
        self.reason = reason

    def ask(self) -> None:
        """Raises Unavailable while the store is down."""
        if self.reason is not None:
            raise Unavailable(self.name, self.reason)
