"""Sessions: connections that outlive a request, with their temporary tables, current database and SET."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from chdb import _chdb

from deploy.local.clickhouse.errors import NO_SESSION, SESSION_BUSY, ClickHouseError
from deploy.local.clickhouse.quoting import name_text, string_text

LONGEST_SECONDS = 3600


@dataclass
class Session:
    """One connection. With `keep`, settings end with their request: `previous` holds what they replaced, and if it was set."""

    connection: _chdb.connect
    applied: Mapping[str, str] = field(default_factory=dict)
    previous: dict[str, tuple[str, bool]] = field(default_factory=dict)
    keep: bool = False
    busy: bool = False
    expires_at: float = 0

    def apply(self, settings: Mapping[str, str]) -> None:
        """Set what holds for this request, and take back what held for the last one alone."""
        if not self.keep:
            self._set(settings)
        elif settings != self.applied:
            self._take_back()
            self._remember(settings)
            self._set(settings)
            self.applied = dict(settings)

    def _set(self, settings: Mapping[str, str]) -> None:
        if settings:
            pairs = ", ".join(f"{name_text(name)} = {string_text(value)}" for name, value in settings.items())
            self.connection.query(f"SET {pairs}")

    def _take_back(self) -> None:
        for name, (value, was_set) in self.previous.items():
            text = string_text(value) if was_set else "DEFAULT"
            self.connection.query(f"SET {name_text(name)} = {text}")
        self.applied, self.previous = {}, {}

    def _remember(self, settings: Mapping[str, str]) -> None:
        if not settings:
            return
        names = ", ".join(string_text(name) for name in settings)
        found = self.connection.query(
            f"SELECT name, changed, value FROM system.settings WHERE name IN ({names})", "TSVRaw"
        )
        for line in found.bytes().decode().splitlines():
            name, changed, value = line.split("\t", 2)
            self.previous[name] = (value, changed == "1")


class Sessions:
    """Sessions by id. A session takes one request at a time, as ClickHouse's do, and ends when it lies idle too long."""

    def __init__(self, connect: Callable[[], _chdb.connect]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    @contextmanager
    def use(self, session_id: str, seconds: float, must_exist: bool) -> Iterator[Session]:
        """The session of this id, made where there is none. Raises ClickHouseError when it is busy, or missing and must exist."""
        with self._lock:
            self._expire()
            session = self._sessions.get(session_id)
            if session is None and must_exist:
                raise ClickHouseError(NO_SESSION, f"Session {session_id} not found. (SESSION_NOT_FOUND)")
            if session is None:
                session = self._sessions[session_id] = Session(self._connect(), keep=True)
            if session.busy:
                raise ClickHouseError(
                    SESSION_BUSY, f"Session {session_id} is locked by a concurrent client. (SESSION_IS_LOCKED)"
                )
            session.busy = True
        try:
            yield session
        finally:
            with self._lock:
                session.busy = False
                session.expires_at = time.monotonic() + min(seconds, LONGEST_SECONDS)

    def close(self) -> None:
        """End all sessions that no request uses."""
        with self._lock:
            self._expire(everything=True)

    def _expire(self, everything: bool = False) -> None:
        now = time.monotonic()
        for name, session in list(self._sessions.items()):
            if not session.busy and (everything or session.expires_at < now):
                del self._sessions[name]
                session.connection.close()
