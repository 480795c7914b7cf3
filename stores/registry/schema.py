"""Bring the registry's tables to the newest migration. Run by `python -m stores.registry.schema`."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from stores.registry.engine import engine, naming_failures
from stores.settings import Settings, load

VERSION_TABLE = "registry_version"
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = "tagstream.registry.schema"
WAIT_SECONDS = 60


def migrate(settings: Settings) -> None:
    """Apply the migrations that are missing; other tables of the database are left alone. Raises MySQLUnavailable.

    Processes that start together take turns: DDL has no transaction in MySQL.
    """
    with naming_failures(settings):
        chosen = engine(settings)
        try:
            with chosen.connect() as connection:
                if _is_newest(connection):
                    return
                got = connection.execute(
                    text("SELECT GET_LOCK(:name, :seconds)"), {"name": LOCK, "seconds": WAIT_SECONDS}
                )
                if got.scalar() != 1:
                    raise TimeoutError(f"waited {WAIT_SECONDS} s for another process to migrate the registry")
                _upgrade(connection)
                connection.commit()
        finally:
            # Closing the connection gives the lock back.
            chosen.dispose()


def newest_revision() -> str:
    """The revision of the migration whose file's name is the last."""
    newest = max((MIGRATIONS / "versions").glob("[0-9]*.py"), key=lambda path: path.name)
    return re.search(r'^revision = "(.+)"$', newest.read_text(encoding="utf-8"), re.MULTILINE)[1]


def _is_newest(connection: Connection) -> bool:
    """Whether nothing is missing, as nearly every process finds at its start."""
    try:
        held = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()
    except ProgrammingError:
        # There is no such table yet.
        connection.rollback()
        return False
    return held == [newest_revision()]


def _upgrade(connection: Connection) -> None:
    # Its import takes a quarter of a second of every process's start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


if __name__ == "__main__":
    migrate(load())
