"""The shop's tables as MySQL describes them."""

from __future__ import annotations

import sql
from stores.mysql import transaction
from stores.settings import Settings
from tagging.source_check import TableColumn
from tagging.sources import Source


class SourceTables:
    """Reads the catalogue of the shop's database; every method raises MySQLUnavailable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = settings.mysql.shop_database

    def columns(self, table: str) -> list[TableColumn]:
        """A table's columns in order; none where there is no such table."""
        with transaction(self._settings, self._database) as cursor:
            cursor.execute(sql.text("mysql/shop/table_columns.sql"), {"database": self._database, "table": table})
            return [
                TableColumn(
                    row["name"], row["data_type"], bool(row["is_unsigned"]), bool(row["is_primary"]),
                    row["digits"], row["scale"], row["fraction"],
                )
                for row in cursor.fetchall()
            ]  # fmt: skip

    def any_row(self, source: Source) -> bool:
        """Whether a source's table holds a row."""
        with transaction(self._settings, self._database) as cursor:
            # A name cannot be bound; a source's holds nothing but a-z, 0-9 and _.
            cursor.execute(f"SELECT 1 FROM `{source.name}` LIMIT 1")
            return cursor.fetchone() is not None
