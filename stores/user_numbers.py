"""Dense numbers for users, given out through MySQL: from 1, without gaps, one a user, never given again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pymysql

import sql
from stores.mysql import connect, naming, transaction
from stores.settings import Settings

IDS_A_STATEMENT = 2_000
KNOWN_USERS = 500_000


class UserNumbers:
    """Looks up and gives numbers. Keeps the users it met last in memory: a number never changes. One thread at a time."""

    def __init__(self, settings: Settings, known_users: int = KNOWN_USERS) -> None:
        self._settings = settings
        self._capacity = known_users
        self._known: OrderedDict[str, int] = OrderedDict()
        self._connection: pymysql.Connection[Any] | None = None

    def numbers(self, user_ids: Iterable[str]) -> dict[str, int]:
        """The number of each of these users; those that have none are given the next ones, in the order asked.

        Raises MySQLUnavailable, and then none was given, or all were: ask again.
        """
        wanted = dict.fromkeys(user_ids)
        found: dict[str, int] = {}
        for user_id in wanted:
            number = self._known.get(user_id)
            if number is not None:
                self._known.move_to_end(user_id)
                found[user_id] = number
        if len(found) < len(wanted):
            asked = [user_id for user_id in wanted if user_id not in found]
            looked_up = self._ask(asked)
            found.update(looked_up)
            self._remember(looked_up)
        return found

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            # Not close(), which says goodbye to a server that may be gone.
            self._connection._force_close()
            self._connection = None

    def _ask(self, user_ids: Sequence[str]) -> dict[str, int]:
        if self._connection is None:
            self._connection = connect(self._settings)
        connection = self._connection
        try:
            with naming(self._settings), connection.cursor() as cursor:
                # What others have committed must be seen once the counter is ours.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                found = _read(cursor, user_ids)
                new = [user_id for user_id in user_ids if user_id not in found]
                if new:
                    found.update(_give(cursor, new))
                connection.commit()
                return found
        except BaseException:
            self.close()
            raise

    def _remember(self, found: dict[str, int]) -> None:
        self._known.update(found)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)


def _give(cursor: Any, user_ids: Sequence[str]) -> dict[str, int]:
    cursor.execute(sql.text("mysql/user_numbers/lock_counter.sql"))
    row = cursor.fetchone()
    if row is None:
        raise LookupError("table user_number_counter has no row: run sql/mysql/tagging.sql in Tagstream's database")
    # Another process may have given some of them while we waited for the counter.
    given = _read(cursor, user_ids)
    new = [user_id for user_id in user_ids if user_id not in given]
    fresh = dict(zip(new, range(row["next_no"], row["next_no"] + len(new)), strict=True))
    rows = [{"user_no": number, "user_id": user_id.encode()} for user_id, number in fresh.items()]
    if rows:
        cursor.executemany(sql.text("mysql/user_numbers/add.sql"), rows)
        cursor.execute(sql.text("mysql/user_numbers/advance_counter.sql"), {"next_no": row["next_no"] + len(rows)})
    return {**given, **fresh}


def _read(cursor: Any, user_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(user_ids):
        cursor.execute(sql.text("mysql/user_numbers/read.sql"), {"user_ids": [user_id.encode() for user_id in part]})
        found.update((row["user_id"].decode(), row["user_no"]) for row in cursor.fetchall())
    return found


def _parts(user_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(user_ids), IDS_A_STATEMENT):
        yield user_ids[start : start + IDS_A_STATEMENT]


def total(settings: Settings) -> int:
    """How many users have a number. Raises MySQLUnavailable."""
    with transaction(settings) as cursor:
        cursor.execute(sql.text("mysql/user_numbers/total.sql"))
        return cursor.fetchone()["users"]
