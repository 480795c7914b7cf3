"""SQL typed or piped in, run statement by statement on a MySQL server. MariaDB's own client needs libraries that Debian lacks."""

from __future__ import annotations

from collections.abc import Iterator

from pymysql.constants import CLIENT
from pymysql.cursors import Cursor
from rich.markup import escape
from rich.table import Table

from stores.mysql import connect
from stores.settings import Settings


def answers(statements: str, settings: Settings, database: str) -> Iterator[Table]:
    """The rows of every statement that gives any, in order; what the others change is committed with each.

    Raises pymysql.MySQLError with the server's word of the first that fails, MySQLUnavailable.
    """
    # A person at a shell may wait for a statement.
    patient = {"read_timeout": None, "write_timeout": None}
    several = {"cursorclass": Cursor, "autocommit": True, "client_flag": CLIENT.MULTI_STATEMENTS}
    connection = connect(settings, database, **patient, **several)
    with connection, connection.cursor() as cursor:
        cursor.execute(statements)
        more = True
        while more:
            if cursor.description:
                table = Table(*(escape(column[0]) for column in cursor.description))
                for row in cursor.fetchall():
                    table.add_row(*("NULL" if value is None else escape(str(value)) for value in row))
                yield table
            more = bool(cursor.nextset())
