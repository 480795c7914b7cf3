"""What each function of tags gives for one row. NULL in, NULL out, but for COALESCE and NULLIF."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from tagging.explaining.types import (
    BIGINT,
    EXACT,
    STRING,
    Type,
    as_decimal,
    bounded,
    cast,
    common_type,
    moment,
)
from tagging.kinds import Kind

Call = Callable[[Sequence[Any]], Any]

_UNIT_MS = {"SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_PATTERN = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def _strict(call: Callable[..., Any]) -> Call:
    return lambda values: None if any(value is None for value in values) else call(*values)


_TEXTS: Mapping[str, Callable[..., Any]] = {
    "UPPER": str.upper,
    "LOWER": str.lower,
    "TRIM": lambda text: text.strip(" "),
    "LTRIM": lambda text: text.lstrip(" "),
    "RTRIM": lambda text: text.rstrip(" "),
    "CHAR_LENGTH": len,
    "LEFT": lambda text, count: text[:count],
    "RIGHT": lambda text, count: text[-count:],
    "SUBSTRING": lambda text, begin, count=None: text[begin - 1 : None if count is None else begin - 1 + count],
    "SPLIT_INDEX": lambda text, mark, place: (text.split(mark)[place : place + 1] or [None])[0] if text else None,
    "CONCAT": lambda *texts: "".join(texts),
}
_PARTS: Mapping[str, Callable[[Any], int]] = {
    "YEAR": lambda at: at.year,
    "QUARTER": lambda at: (at.month + 2) // 3,
    "MONTH": lambda at: at.month,
    "WEEK": lambda at: at.isocalendar().week,
    "DAYOFMONTH": lambda at: at.day,
    "DAY": lambda at: at.day,
    "DAYOFWEEK": lambda at: at.isoweekday() % 7 + 1,
    "HOUR": lambda at: at.hour,
    "MINUTE": lambda at: at.minute,
}


def part_of_time(name: str, held: Type) -> Call:
    """YEAR, EXTRACT(YEAR FROM ...) and the like."""
    read = _PARTS[name]
    return _strict(lambda value: read(moment(value, held)))


def _of_numbers(name: str, types: Sequence[Type], places: int) -> tuple[Type, Call]:
    held = types[0]
    if name == "MOD":
        return types[1], lambda values: None if None in values or not values[1] else _remainder(*values)
    if held.kind is Kind.INTEGER:
        whole = {"ABS": abs, "SIGN": lambda n: (n > 0) - (n < 0)}.get(name, lambda n, *_: n)
        return held, _strict(whole)
    if name in ("ABS", "SIGN"):
        signed = abs if name == "ABS" else lambda n: as_decimal((n > 0) - (n < 0), held)
        return held, _strict(signed)
    kept = min(places, held.places) if name == "ROUND" else 0
    result = bounded(held.digits - held.places + kept + 1, kept)
    if name == "ROUND":
        return result, _strict(lambda n, *_: as_decimal(n, result))
    way = ROUND_CEILING if name == "CEIL" else ROUND_FLOOR
    return result, _strict(lambda n: n.to_integral_value(way, EXACT))


def _remainder(dividend: int, divisor: int) -> int:
    """The engine's: with the sign of the dividend."""
    return int(EXACT.remainder(Decimal(dividend), Decimal(divisor)))


def _of_several(name: str, types: Sequence[Type]) -> tuple[Type, Call]:
    if name == "NULLIF":
        return types[0], lambda values: None if values[0] is not None and values[0] == values[1] else values[0]
    together = common_type(types)

    def alike(values: Sequence[Any]) -> list[Any]:
        return [cast(value, held, together) for value, held in zip(values, types, strict=True)]

    if name == "COALESCE":
        return together, lambda values: next((value for value in alike(values) if value is not None), None)
    choose = max if name == "GREATEST" else min
    return together, lambda values: None if None in values else choose(alike(values))


def _date_format(pattern: str) -> Callable[[Any], str]:
    for name, directive in _PATTERN.items():
        pattern = pattern.replace(name, directive)
    return lambda at: at.strftime(pattern)


def function(name: str, types: Sequence[Type], literals: Sequence[str]) -> tuple[Type, Call]:
    """The type of a call's result and what gives it. `literals`: the arguments that are written out, as text.

    Raises KeyError for a function that tags don't have.
    """
    if name in _TEXTS:
        return BIGINT if name == "CHAR_LENGTH" else STRING, _strict(_TEXTS[name])
    if name in _PARTS:
        return BIGINT, part_of_time(name, types[0])
    if name in ("ABS", "SIGN", "CEIL", "FLOOR", "ROUND", "MOD"):
        return _of_numbers(name, types, int(literals[0]) if literals and name == "ROUND" else 0)
    if name in ("COALESCE", "NULLIF", "GREATEST", "LEAST"):
        return _of_several(name, types)
    if name == "DATE_FORMAT":
        write = _date_format(literals[0])
        return STRING, _strict(lambda value, _pattern: write(moment(value, types[0])))
    if name == "TIMESTAMPDIFF":
        unit = _UNIT_MS[literals[0]]
        return BIGINT, _strict(lambda _unit, begin, end: _units(begin, types[1], end, types[2], unit))
    raise KeyError(name)


def _units(begin: int, begin_type: Type, end: int, end_type: Type, unit: int) -> int:
    between = (moment(end, end_type) - moment(begin, begin_type)).total_seconds() * 1000
    return int(between / unit)
