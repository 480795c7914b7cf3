"""The words of a form in SQL: columns, numbers and texts; and what of them can be written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from sqlglot import exp

from tagging.kinds import Kind, kind_of_type
from tagging.problems import did_you_mean
from tagging.reading import DIGITS, LITERAL_LENGTH
from tagging.sources import CATALOG

LONGEST_TEXT = LITERAL_LENGTH
PROPERTY = re.compile(r"properties\.([A-Za-z0-9_.-]{1,64})")
"""An event's property as a form names it."""
_WRITABLE = frozenset({Kind.STRING, Kind.INTEGER, Kind.DECIMAL})
Scalar = int | float | str
P = TypeVar("P")


class _Columns(Mapping[str, Kind]):
    """A source's columns that a form may name; an event's properties are texts under any name."""

    def __init__(self, source: str) -> None:
        found = {name: kind_of_type(flink_type) for name, flink_type in CATALOG[source].columns.items()}
        self._open = Kind.MAP in found.values()
        self._named = MappingProxyType({name: kind for name, kind in found.items() if kind in _WRITABLE})

    def __getitem__(self, name: str) -> Kind:
        if self._open and PROPERTY.fullmatch(name):
            return Kind.STRING
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)


@cache
def columns_of(source: str) -> Mapping[str, Kind]:
    """The columns of a source that a form may name, with their kinds."""
    return _Columns(source)


def choice(
    path: str, name: str, columns: Mapping[str, Kind], problem: Callable[[str, str, object, object], P]
) -> Iterator[P]:
    """A problem when the name is none of these columns."""
    if name not in columns:
        said = "is missing" if not name else "is no column for this"
        yield problem(path, said, name or None, did_you_mean(name, columns) if name else sorted(columns))


def column_of(name: str) -> exp.Expr:
    """A column as SQL names it."""
    found = PROPERTY.fullmatch(name)
    if not found:
        return exp.column(name)
    return exp.Bracket(this=exp.column("properties"), expressions=[exp.Literal.string(found[1])])


def is_filled(value: exp.Expr) -> exp.Expr:
    """The condition that there is a value."""
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


def is_number(value: object) -> bool:
    """Whether this can be written as a plain number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, float) and value - value != 0:
        return False
    return len(re.sub(r"[-.]", "", number(value))) <= DIGITS


def number(value: int | float) -> str:
    """A number in digits, without an exponent."""
    return str(value) if isinstance(value, int) else format(Decimal(repr(value)), "f").removesuffix(".0")


def literal(value: Scalar) -> exp.Expr:
    """A text or a number as SQL."""
    if isinstance(value, str):
        return exp.Literal.string(value)
    digits = exp.Literal.number(number(abs(value)))
    return exp.Neg(this=digits) if value < 0 else digits


def plain_text(text: str) -> bool:
    """Whether this is one line of printable characters that SQL takes as one text."""
    return 0 < len(text) <= LONGEST_TEXT and text.isprintable()
