"""Users' numbers from MySQL, which gives them out."""

from __future__ import annotations

from collections import OrderedDict, deque
from threading import Lock
from typing import Any

import pymysql

import sql
from api.ports import Unavailable
from stores.mysql import MySQLUnavailable, connect, naming
from stores.settings import Settings

ANSWER_SECONDS = 5
KNOWN_USERS = 200_000


class MySQLNumbers:
    """A point read by user. A number never changes, so that one once read is kept; connections are kept as well."""

    def __init__(self, settings: Settings, known_users: int = KNOWN_USERS) -> None:
        self._settings = settings
        self._capacity = known_users
        self._known: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()
        self._idle: deque[pymysql.Connection[Any]] = deque()

    def number_of(self, user_id: str) -> int | None:
        """See `api.ports.UserNumbers`."""
        with self._lock:
            if user_id in self._known:
                self._known.move_to_end(user_id)
                return self._known[user_id]
        number = self._ask(user_id)
        if number is not None:
            with self._lock:
                self._known[user_id] = number
                while len(self._known) > self._capacity:
                    self._known.popitem(last=False)
        return number

    def _ask(self, user_id: str) -> int | None:
        try:
            while self._idle:
                try:
                    return self._read(self._idle.pop(), user_id)
                except (IndexError, MySQLUnavailable):
                    # It may have lain idle while the server was away, and then so did the others.
                    continue
            connection = connect(self._settings, answer_seconds=ANSWER_SECONDS)
            # Without this a connection would go on seeing what it saw first.
            connection.autocommit(True)
            return self._read(connection, user_id)
        except MySQLUnavailable as error:
            raise Unavailable("mysql", str(error)) from error

    def _read(self, connection: pymysql.Connection[Any], user_id: str) -> int | None:
        try:
            with naming(self._settings), connection.cursor() as cursor:
                cursor.execute(sql.text("mysql/user_numbers/read.sql"), {"user_ids": [user_id.encode()]})
                row = cursor.fetchone()
        except BaseException:
            # Not close(), which says goodbye to a server that may be gone.
            connection._force_close()
            raise
        self._idle.append(connection)
        return row["user_no"] if row else None
