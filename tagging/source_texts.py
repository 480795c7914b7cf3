"""A source table as a text (TOML): what it is called, its columns, key and time. `sources/*.toml` holds one each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from tagging.sources import IDENTIFIER, Source

TYPES = re.compile(r"STRING|INT|BIGINT|DECIMAL\((?P<digits>[0-9]{1,2}), ?(?P<scale>[0-9]{1,2})\)|TIMESTAMP_LTZ\(3\)")
ALLOWED_TYPES = "STRING, INT, BIGINT, DECIMAL(p, s), TIMESTAMP_LTZ(3)"
MOST_COLUMNS = 200
MOST_DIGITS = 38
"""Of Flink's DECIMAL."""
_KEYS = ("about", "key", "time_column", "lookups", "columns")


class SourceProblems(ValueError):
    """A source's text that cannot be used; `problems` says each with its place, what was found and what is allowed."""

    def __init__(self, name: str, problems: list[str]) -> None:
        super().__init__(f"source {name}: " + "; ".join(problems))
        self.name = name
        self.problems = problems


def parse_source(name: str, text: str) -> Source:
    """The source that a text describes. Raises SourceProblems with everything that is wrong."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceProblems(name, [f"is not TOML: {error}"]) from error
    problems = [f"{key}: no such key, a source has {', '.join(_KEYS)}" for key in found if key not in _KEYS]
    if not IDENTIFIER.fullmatch(name) or "__" in name:
        problems.append(f"{name!r} is no name: a-z, 0-9 and single _, from a letter on, 63 at most")
    columns, wrong = _columns(found.get("columns"))
    problems += wrong
    about, key, time_column = (_text(found, each, problems) for each in ("about", "key", "time_column"))
    lookups = found.get("lookups", [])
    if not isinstance(lookups, list) or not all(isinstance(each, str) for each in lookups):
        problems.append(f"lookups: a list of columns, got {lookups!r}")
        lookups = []
    if not key:
        problems.append("key: the column that is the table's primary key")
    named = {"key": [key], "time_column": [time_column], "lookups": lookups}
    for place, names in named.items():
        problems += [
            f"{place}: no column {each!r}; there are {', '.join(columns)}" for each in names if each and each not in columns
        ]  # fmt: skip
    if columns.get(key, "STRING") != "STRING":
        problems.append(f"key: {key} is declared {columns[key]}; a key is read as STRING, whole numbers too")
    if time_column in columns and not columns[time_column].startswith("TIMESTAMP_LTZ"):
        problems.append(
            f"time_column: {time_column} is {columns[time_column]}, and moves through windows as TIMESTAMP_LTZ(3)"
        )
    problems += [
        f"lookups: {each} is {columns[each]}; rows are found by STRING"
        for each in lookups
        if columns.get(each, "STRING") != "STRING"
    ]
    if columns.get("user_id", "STRING") != "STRING":
        problems.append(f"columns.user_id: is {columns['user_id']}; users are named by STRING, whole numbers too")
    if problems:
        raise SourceProblems(name, problems)
    return Source(name, columns, key, time_column or None, about, tuple(lookups))


def _text(found: Mapping[str, Any], key: str, problems: list[str]) -> str:
    value = found.get(key, "")
    if isinstance(value, str) and value.isprintable() and len(value) <= 500:
        return value
    problems.append(f"{key}: one line of text, got {value!r}")
    return ""


def _columns(found: object) -> tuple[dict[str, str], list[str]]:
    """The columns in one spelling of their types, and what is wrong with the others."""
    if not isinstance(found, dict) or not found:
        return {}, ['columns: a table of name = "type", one at least']
    problems = [f"columns: {len(found)} of them, {MOST_COLUMNS} at most"] if len(found) > MOST_COLUMNS else []
    columns: dict[str, str] = {}
    for name, kind in found.items():
        if not IDENTIFIER.fullmatch(name) or "__" in name:
            problems.append(f"columns.{name}: is no name: a-z, 0-9 and single _, from a letter on, 63 at most")
        elif not isinstance(kind, str) or not (match := TYPES.fullmatch(kind)):
            problems.append(f"columns.{name}: no type {kind!r}; there are {ALLOWED_TYPES}")
        elif match["digits"] and not int(match["scale"]) <= int(match["digits"]) in range(1, MOST_DIGITS + 1):
            problems.append(
                f"columns.{name}: {kind} has 1 to {MOST_DIGITS} digits, no more of them after the point than at all"
            )
        else:
            columns[name] = f"DECIMAL({match['digits']}, {match['scale']})" if match["digits"] else kind
    return columns, problems
