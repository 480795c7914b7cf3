"""Names, strings and parameters as ClickHouse's SQL and HTTP interface write them."""

from __future__ import annotations

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\b": "\\b", "\f": "\\f"})


def name_text(name: str) -> str:
    """An identifier in quotes."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def string_text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def escaped(value: str) -> str:
    """A string as the value of a {name:String} parameter."""
    return value.translate(_ESCAPES)
