"""The engine's types, as far as they decide a value: how many digits a decimal keeps, and what a cast does to it.

Values are plain Python: str, int, Decimal, bool, dict, a time as epoch milliseconds, a date as days since 1970; None is NULL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, NamedTuple

from tagging.kinds import Kind, kind_of_type

MOST_DIGITS = 38
LEAST_PLACES = 6
EXACT = Context(prec=120)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
_WHOLE = re.compile(r"([+-]?[0-9]+)(\.[0-9]*)?")
_TRUE, _FALSE = ("t", "true", "y", "yes", "1"), ("f", "false", "n", "no", "0")


class Type(NamedTuple):
    """`digits` and `places` of a number; those of a whole number are the digits that it can have, and 0."""

    kind: Kind
    digits: int = 0
    places: int = 0


STRING, BOOLEAN, TIME, DATE = Type(Kind.STRING), Type(Kind.BOOLEAN), Type(Kind.TIME), Type(Kind.DATE)
INT, BIGINT = Type(Kind.INTEGER, 10), Type(Kind.INTEGER, 19)
NULL = Type(Kind.NULL)


def type_of(flink_type: str) -> Type:
    """The type of a Flink type's text, such as DECIMAL(12, 2)."""
    kind = kind_of_type(flink_type)
    if kind is Kind.INTEGER:
        return INT if flink_type == "INT" else BIGINT
    sizes = [int(size) for size in re.findall(r"[0-9]+", flink_type)] if kind is Kind.DECIMAL else []
    return Type(kind, *(sizes or [10, 0])[:2]) if kind is Kind.DECIMAL else Type(kind)


def bounded(digits: int, places: int) -> Type:
    """A decimal that would need so many digits: beyond 38, decimals are given up before whole digits, down to 6."""
    if digits <= MOST_DIGITS:
        return Type(Kind.DECIMAL, digits, places)
    return Type(Kind.DECIMAL, MOST_DIGITS, max(MOST_DIGITS - (digits - places), min(places, LEAST_PLACES)))


def sum_type(one: Type, other: Type) -> Type:
    """Of + and -."""
    places = max(one.places, other.places)
    return bounded(max(one.digits - one.places, other.digits - other.places) + places + 1, places)


def product_type(one: Type, other: Type) -> Type:
    """Of *."""
    return bounded(one.digits + other.digits + 1, one.places + other.places)


def quotient_type(one: Type, other: Type) -> Type:
    """Of /."""
    places = max(LEAST_PLACES, one.places + other.digits + 1)
    return bounded(one.digits - one.places + other.places + places, places)


def common_type(types: Iterable[Type]) -> Type:
    """What values of all these types have in common. They are of one kind, or numbers."""
    known = [found for found in types if found.kind is not Kind.NULL]
    if not known:
        return NULL
    if all(found.kind is not Kind.DECIMAL for found in known):
        return max(known, key=lambda found: found.digits)
    places = max(found.places for found in known)
    whole = max(found.digits - found.places for found in known)
    return Type(Kind.DECIMAL, min(MOST_DIGITS, whole + places), places)


def as_decimal(value: Decimal | int, wanted: Type) -> Decimal | None:
    """A number with so many decimals, ties away from zero; None when it has too many digits."""
    try:
        found = EXACT.create_decimal(value).quantize(Decimal(1).scaleb(-wanted.places), ROUND_HALF_UP, EXACT)
    except InvalidOperation:
        return None
    return found if abs(found) < Decimal(10) ** (wanted.digits - wanted.places) else None


def cast(value: Any, held: Type, wanted: Type) -> Any:
    """A value of one type as another; None when it has no such value."""
    if value is None or held == wanted:
        return value
    if wanted.kind is Kind.STRING:
        return text(value, held)
    if wanted.kind is Kind.DECIMAL:
        try:
            return as_decimal(Decimal(value.strip()) if isinstance(value, str) else value, wanted)
        except InvalidOperation:
            return None
    if wanted.kind is Kind.INTEGER:
        return _integer(value, wanted)
    if wanted.kind is Kind.BOOLEAN:
        if isinstance(value, str):
            said = value.strip().lower()
            return True if said in _TRUE else False if said in _FALSE else None
        return bool(value)
    return _moment(value, held, wanted)


def _integer(value: Any, wanted: Type) -> int | None:
    if isinstance(value, str):
        found = _WHOLE.fullmatch(value.strip())
        if not found:
            return None
        value = int(found[1])
    number = int(Decimal(value).to_integral_value(ROUND_DOWN, EXACT))
    limit = 2**31 if wanted.digits == INT.digits else 2**63
    return number if -limit <= number < limit else None


def _moment(value: Any, held: Type, wanted: Type) -> int | None:
    if isinstance(value, str):
        try:
            said = datetime.fromisoformat(value.strip()).replace(tzinfo=UTC)
        except ValueError:
            return None
        value, held = (said - _EPOCH) // timedelta(milliseconds=1), TIME
    if held.kind is wanted.kind:
        return value
    return value // 86_400_000 if wanted.kind is Kind.DATE else value * 86_400_000


def moment(value: int, held: Type) -> datetime:
    """A time or a date as Python's own."""
    return _EPOCH + (timedelta(days=value) if held.kind is Kind.DATE else timedelta(milliseconds=value))


def text(value: Any, held: Type) -> str | None:
    """A value as the engine writes it."""
    if value is None or isinstance(value, str):
        return value
    if held.kind is Kind.BOOLEAN:
        return "TRUE" if value else "FALSE"
    if held.kind is Kind.DATE:
        return str(_EPOCH_DAY + timedelta(days=value))
    if held.kind is Kind.TIME:
        return moment(value, held).strftime("%Y-%m-%d %H:%M:%S") + f".{value % 1000:03d}"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
