"""Bring the registry's tables to the newest migration. Run by `python -m stores.registry.schema`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from stores.registry.engine import engine, naming_failures
from stores.settings import Settings, load

VERSION_TABLE = "registry_version"
LOCK = "tagstream.registry.schema"
WAIT_SECONDS = 60


def migrate(settings: Settings) -> None:
    """Apply the migrations that are missing; other tables of the database are left alone. Raises MySQLUnavailable.

    Processes that start together take turns: DDL has no transaction in MySQL.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with naming_failures(settings):
        chosen = engine(settings)
        try:
            with chosen.connect() as connection:
                got = connection.execute(
                    text("SELECT GET_LOCK(:name, :seconds)"), {"name": LOCK, "seconds": WAIT_SECONDS}
                )
                if got.scalar() != 1:
                    raise TimeoutError(f"waited {WAIT_SECONDS} s for another process to migrate the registry")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
        finally:
            # Closing the connection gives the lock back.
            chosen.dispose()


if __name__ == "__main__":
    migrate(load())
