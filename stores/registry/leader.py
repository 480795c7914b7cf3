"""One leader among many processes, by a lock of MySQL that ends with the connection of its holder."""

from __future__ import annotations

from types import TracebackType

from sqlalchemy import Connection, text
from sqlalchemy.exc import InterfaceError, OperationalError

from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, naming_failures
from stores.settings import Settings

CONTROLLER = "controller"
"""The lock of the process that publishes tags."""


class Leadership:
    """Ask `held` before every effect. A holder that is killed, or loses its connection, leads no longer."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._engine = engine(settings)
        self._values = _lock(settings, name)
        self._connection: Connection | None = None

    def __enter__(self) -> Leadership:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._drop()
        self._engine.dispose()

    def held(self) -> bool:
        """Whether this process leads now; it begins to when nobody else does. False while MySQL is away."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            mine = self._connection.scalar(text("SELECT IS_USED_LOCK(:name) = CONNECTION_ID()"), self._values)
            return bool(mine or self._connection.scalar(text("SELECT GET_LOCK(:name, 0)"), self._values))
        except (OperationalError, InterfaceError):
            self._drop()
            return False

    def _drop(self) -> None:
        if self._connection is not None:
            # Into the pool it would go with the lock.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def is_led(settings: Settings, name: str, answer_seconds: float = ANSWER_SECONDS) -> bool:
    """Whether any process leads now. Raises MySQLUnavailable."""
    chosen = engine(settings, answer_seconds)
    try:
        with naming_failures(settings), chosen.connect() as connection:
            return connection.scalar(text("SELECT IS_USED_LOCK(:name)"), _lock(settings, name)) is not None
    finally:
        chosen.dispose()


def _lock(settings: Settings, name: str) -> dict[str, str]:
    # Locks are the server's, not the database's: two registries on one server have a leader each.
    return {"name": f"{settings.mysql.tagging_database}.{name}"[:64]}
