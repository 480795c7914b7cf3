"""Whether a source's description fits the table that it describes: column by column, as the binlog's messages carry them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tagging.sources import Source

_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_TEXTS = ("varchar", "char", "tinytext", "text", "mediumtext", "longtext", "enum")
_MILLISECONDS = 3


@dataclass(frozen=True)
class TableColumn:
    """A column as MySQL's information_schema has it. `digits`, `scale`: of a decimal; `fraction`: digits of a time's seconds."""

    name: str
    data_type: str
    unsigned: bool = False
    primary: bool = False
    digits: int | None = None
    scale: int | None = None
    fraction: int | None = None


def misfits(source: Source, table: Sequence[TableColumn]) -> list[str]:
    """Everything by which the table is not what the source says; empty when rows will be read as they are."""
    if not table:
        return [f"there is no table {source.name}, or nobody may read it with these credentials"]
    columns = {column.name: column for column in table}
    missing = [name for name in source.columns if name not in columns]
    found = [f"{name}: the table has no such column; it has {', '.join(columns)}" for name in missing]
    keys = [column.name for column in table if column.primary]
    if keys != [source.key]:
        found.append(f"key: {source.key}, and the table's primary key is {', '.join(keys) or 'missing'}")
    for name, kind in source.columns.items():
        if name in columns:
            found += _misfit(columns[name], kind)
    return found


def _misfit(column: TableColumn, kind: str) -> Iterable[str]:
    fit = list(_fitting(column))
    if not fit:
        yield f"{column.name}: {_written(column)} cannot be read; leave the column out" + _instead(column)
    elif kind.startswith("DECIMAL") and "DECIMAL" in fit:
        digits, scale = (int(part) for part in kind[len("DECIMAL(") : -1].split(", "))
        needs_digits, needs_scale = column.digits or 0, column.scale or 0
        # A value that does not fit would become NULL in Flink, and nobody would be told.
        if scale < needs_scale or digits - scale < needs_digits - needs_scale:
            yield f"{column.name}: {kind} does not hold {_written(column)}"
    elif kind not in fit:
        yield f"{column.name}: is declared {kind}, and {_written(column)} is read as {' or '.join(fit)}"


def _fitting(column: TableColumn) -> Iterable[str]:
    """The types that a column's values are carried as without a loss."""
    if column.data_type in _INTEGERS:
        wide = column.data_type == "bigint" or (column.data_type == "int" and column.unsigned)
        if not wide:
            yield "INT"
        # Beyond 2^63 the connector's long overflows.
        if not (column.data_type == "bigint" and column.unsigned):
            yield "BIGINT"
            yield "STRING"
    elif column.data_type in _TEXTS:
        yield "STRING"
    elif column.data_type == "decimal":
        yield "DECIMAL"
    elif column.data_type == "datetime" and (column.fraction or 0) <= _MILLISECONDS:
        yield "TIMESTAMP_LTZ(3)"


def _written(column: TableColumn) -> str:
    if column.data_type == "decimal":
        return f"DECIMAL({column.digits}, {column.scale})"
    if column.fraction:
        return f"{column.data_type.upper()}({column.fraction})"
    return column.data_type.upper() + (" UNSIGNED" if column.unsigned else "")


def _instead(column: TableColumn) -> str:
    if column.data_type in ("datetime", "timestamp"):
        return ", or make it a DATETIME(3) in UTC"
    if column.data_type in ("float", "double"):
        return ", or make it a DECIMAL: there is no floating point in tags"
    return ""
