"""The kinds of value that a tag's expressions have: coarser than the engine's types, and enough to refuse what would fail."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """UNKNOWN stands for what has been refused already: nothing more is said about it. There is no floating point."""

    STRING = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TIME = "time"
    DATE = "date"
    MAP = "map"
    INTERVAL = "interval"
    NULL = "null"
    UNKNOWN = "unknown"


NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
TIMES = frozenset({Kind.TIME, Kind.DATE})
ORDERED = NUMBERS | TIMES | {Kind.STRING}
SCALARS = ORDERED | {Kind.BOOLEAN}

_BY_TYPE = {
    "STRING": Kind.STRING,
    "INT": Kind.INTEGER,
    "BIGINT": Kind.INTEGER,
    "DECIMAL": Kind.DECIMAL,
    "BOOLEAN": Kind.BOOLEAN,
    "TIMESTAMP_LTZ": Kind.TIME,
    "DATE": Kind.DATE,
    "MAP": Kind.MAP,
}

_ACCEPTED = {
    "string": SCALARS - TIMES,
    "integer": frozenset({Kind.INTEGER}),
    "decimal": NUMBERS,
    "boolean": frozenset({Kind.BOOLEAN}),
}


def kind_of_type(flink_type: str) -> Kind:
    """The kind of a catalogue column's type, such as DECIMAL(12, 2)."""
    return _BY_TYPE[flink_type.split("(")[0].split("<")[0]]


def common(kinds: list[Kind]) -> Kind | None:
    """The kind that values of all these kinds have together; None when there is none."""
    known = {kind for kind in kinds if kind is not Kind.NULL}
    if Kind.UNKNOWN in known:
        return Kind.UNKNOWN
    if len(known) <= 1:
        return next(iter(known), Kind.NULL)
    return Kind.DECIMAL if known == NUMBERS else None


def comparable(left: Kind, right: Kind) -> bool:
    """Whether values of two kinds can be compared without a hidden cast."""
    return common([left, right]) is not None and Kind.MAP not in (left, right)


def accepted(kind: Kind, value_type: str) -> bool:
    """Whether a value of this kind can be the value of a tag of this type."""
    return kind in (Kind.UNKNOWN, Kind.NULL) or kind in _ACCEPTED[value_type]
