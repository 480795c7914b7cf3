"""Accounts from MySQL, with failures as the API's ports name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from api.ports import Unavailable
from stores.access.store import AccessTables
from stores.mysql import MySQLUnavailable


class MySQLAccess(AccessTables):
    """See `stores.access.ports.Access`."""

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction. Raises Unavailable."""
        try:
            with super().transaction() as connection:
                yield connection
        except MySQLUnavailable as error:
            raise Unavailable("mysql", str(error)) from error
