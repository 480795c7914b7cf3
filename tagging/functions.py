"""The functions that a tag may call, and what to say about those that it may not. What is in neither table is refused too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tagging.kinds import NUMBERS, ORDERED, SCALARS, TIMES, Kind


class Form(StrEnum):
    """An argument that must be written out, for the engine fails at run time, or runs away, on some values of it."""

    UNIT = "one of SECOND, MINUTE, HOUR, DAY"
    COUNT = "a whole number written out, from 1 to 256"
    PLACES = "a whole number written out, from 0 to 18"
    SHORT_TEXT = "a text written out"
    TIME_PATTERN = "a pattern written out, of yyyy MM dd HH mm ss and - : . / or blank"


@dataclass(frozen=True)
class Function:
    """`parameters`: for each argument the kinds it may have, or the form it must have; the last `optional` can be left out.

    `more`: the last parameter can be repeated. `result`: a kind, or None for the common kind of the arguments.
    """

    parameters: tuple[frozenset[Kind] | Form, ...]
    result: Kind | None
    optional: int = 0
    more: bool = False
    aggregate: bool = False

    @property
    def fewest(self) -> int:
        """How many arguments there must be."""
        return len(self.parameters) - self.optional

    @property
    def most(self) -> int:
        """How many arguments there can be."""
        return 20 if self.more else len(self.parameters)


_TEXT = frozenset({Kind.STRING})
_INTEGER = frozenset({Kind.INTEGER})
_DECIMAL = frozenset({Kind.DECIMAL})


def _of_text(*more: Form, result: Kind = Kind.STRING, optional: int = 0) -> Function:
    return Function((_TEXT, *more), result, optional)


def _aggregate(kinds: frozenset[Kind], result: Kind | None) -> Function:
    return Function((kinds,), result, aggregate=True)


FUNCTIONS: Mapping[str, Function] = {
    "COUNT": _aggregate(SCALARS, Kind.INTEGER),
    "SUM": _aggregate(NUMBERS, None),
    "AVG": _aggregate(_DECIMAL, Kind.DECIMAL),
    "MIN": _aggregate(ORDERED, None),
    "MAX": _aggregate(ORDERED, None),
    "UPPER": _of_text(),
    "LOWER": _of_text(),
    "TRIM": _of_text(),
    "LTRIM": _of_text(),
    "RTRIM": _of_text(),
    "CHAR_LENGTH": _of_text(result=Kind.INTEGER),
    "LEFT": _of_text(Form.COUNT),
    "RIGHT": _of_text(Form.COUNT),
    "SUBSTRING": _of_text(Form.COUNT, Form.COUNT, optional=1),
    "SPLIT_INDEX": _of_text(Form.SHORT_TEXT, Form.PLACES),
    "CONCAT": Function((_TEXT, _TEXT), Kind.STRING, more=True),
    "ABS": Function((NUMBERS,), None),
    "SIGN": Function((NUMBERS,), None),
    "CEIL": Function((NUMBERS,), None),
    "FLOOR": Function((NUMBERS,), None),
    "ROUND": Function((NUMBERS, Form.PLACES), None, optional=1),
    "MOD": Function((_INTEGER, _INTEGER), Kind.INTEGER),
    "GREATEST": Function((ORDERED, ORDERED), None, more=True),
    "LEAST": Function((ORDERED, ORDERED), None, more=True),
    "COALESCE": Function((SCALARS, SCALARS), None, more=True),
    "NULLIF": Function((SCALARS, SCALARS), None),
    "YEAR": Function((TIMES,), Kind.INTEGER),
    "QUARTER": Function((TIMES,), Kind.INTEGER),
    "MONTH": Function((TIMES,), Kind.INTEGER),
    "WEEK": Function((TIMES,), Kind.INTEGER),
    "DAYOFMONTH": Function((TIMES,), Kind.INTEGER),
    "DAYOFWEEK": Function((TIMES,), Kind.INTEGER),
    "HOUR": Function((frozenset({Kind.TIME}),), Kind.INTEGER),
    "TIMESTAMPDIFF": Function((Form.UNIT, TIMES, TIMES), Kind.INTEGER),
    "DATE_FORMAT": Function((frozenset({Kind.TIME}), Form.TIME_PATTERN), Kind.STRING),
}
"""Name -> what it takes and gives. Engine and tag use the same names."""

RANKING = "ROW_NUMBER"

UNITS = ("SECOND", "MINUTE", "HOUR", "DAY")
"""Units of a fixed length."""

EXTRACTED = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE")
"""What EXTRACT(... FROM time) can give."""


def _same(names: str, message: str, suggestion: str) -> dict[str, tuple[str, str]]:
    return {name: (message, suggestion) for name in names.split()}


REFUSED: Mapping[str, tuple[str, str]] = {
    **_same(
        "NOW CURRENT_TIMESTAMP CURRENT_DATE CURRENT_TIME LOCALTIME LOCALTIMESTAMP CURRENT_ROW_TIMESTAMP PROCTIME "
        "UNIX_TIMESTAMP CURRENT_WATERMARK SYSDATE GETDATE TODAY",
        "is not the same at every run",
        "use a window, such as LAST(events, INTERVAL '30' DAY): now is its newest minute",
    ),
    **_same(
        "RAND RAND_INTEGER RANDOM UUID", "is not the same at every run", "use a column of the row, such as event_id"
    ),
    **_same(
        "FIRST_VALUE LAST_VALUE FIRST ANY_VALUE LISTAGG STRING_AGG GROUP_CONCAT COLLECT ARRAY_AGG JSON_ARRAYAGG "
        "JSON_OBJECTAGG",
        "depends on the order in which rows arrive",
        "use MIN or MAX, or ROW_NUMBER() OVER (PARTITION BY ... ORDER BY ...) with WHERE rn = 1 around it",
    ),
    **_same(
        "RANK DENSE_RANK NTILE LAG LEAD CUME_DIST PERCENT_RANK NTH_VALUE",
        "cannot be kept up to date in a stream",
        "use ROW_NUMBER() with an order that has no ties",
    ),
    **_same(
        "STDDEV STDDEV_POP STDDEV_SAMP VARIANCE VAR_POP VAR_SAMP SQRT LN LOG LOG2 LOG10 EXP POWER SIN COS TAN ASIN ACOS "
        "ATAN ATAN2 DEGREES RADIANS PI E APPROX_COUNT_DISTINCT PERCENTILE PERCENTILE_CONT",
        "gives floating point or an estimate, which depends on the order of the rows",
        "use DECIMAL arithmetic and COUNT, SUM, AVG, MIN, MAX",
    ),
    **_same(
        "TUMBLE HOP CUMULATE SESSION TUMBLE_START TUMBLE_END HOP_START HOP_END DESCRIPTOR MATCH_RECOGNIZE",
        "is not part of tags",
        "use a sliding window: FROM LAST(events, INTERVAL '7' DAY)",
    ),
    **_same(
        "REGEXP REGEXP_EXTRACT REGEXP_REPLACE REGEXP_LIKE REGEXP_COUNT", "can take unlimited time", "use LIKE 'prefix%'"
    ),
    **_same("LPAD RPAD REPEAT SPACE REPLACE OVERLAY TRANSLATE", "can make a text of any length", "use CASE"),
    **_same("LAST", "stands in FROM and nowhere else", "write FROM LAST(events, INTERVAL '7' DAY)"),
    **_same("TAG", "stands in FROM and nowhere else", "write FROM TAG(lifecycle), and join it ON user_id"),
    **_same("IFNULL NVL ISNULL", "is not part of tags", "use COALESCE(a, b)"),
    **_same("LENGTH LEN CHARACTER_LENGTH", "is not part of tags", "use CHAR_LENGTH(text)"),
    **_same("SUBSTR MID", "is not part of tags", "use SUBSTRING(text, from, length)"),
    **_same("CEILING", "is not part of tags", "use CEIL(number)"),
    **_same("COUNT_IF COUNTIF", "is not part of tags", "use COUNT(*) FILTER (WHERE condition)"),
    **_same("DATEDIFF TIMEDIFF", "is not part of tags", "use TIMESTAMPDIFF(DAY, from, to)"),
    **_same("DATE_TRUNC TRUNC TO_DATE DATE", "is not part of tags", "use CAST(time AS DATE)"),
    **_same("TO_CHAR STRFTIME FORMAT", "is not part of tags", "use DATE_FORMAT(time, 'yyyy-MM')"),
}
"""Name -> (what is wrong with it, what to use)."""
