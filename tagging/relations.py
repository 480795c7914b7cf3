"""What a part of FROM offers: named columns, what is unique in it, and which rows a rank has put in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from tagging.kinds import Kind

Keys = frozenset[frozenset[str]]
"""Sets of columns, each of which is unique by itself. Empty: nothing is known to be unique."""

MOST_KEYS = 16


@dataclass(frozen=True)
class Rank:
    """A ROW_NUMBER() column. `settled`: columns that rows with the same place in the order have in common.

    `total`: no two rows have the same place. `partition`: the columns that it counts in, where they are selected.
    `chooses`: there can be several rows to choose from.
    """

    column: str
    window: exp.Window
    partition: frozenset[str] | None
    settled: frozenset[str]
    total: bool
    chooses: bool


@dataclass
class Relation:
    """One part of FROM, under its alias. `view`: the source or window that it reads. `open`: refused, so has any column."""

    name: str
    columns: dict[str, Kind]
    keys: Keys = frozenset()
    view: str | None = None
    rank: Rank | None = None
    open: bool = False
    used: set[str] = field(default_factory=set)

    def qualified_keys(self) -> Keys:
        """The keys with this relation's name before each column."""
        return frozenset(frozenset(f"{self.name}.{column}" for column in key) for key in self.keys)


OPEN = Relation("", {}, open=True)


def smallest(keys: Iterable[frozenset[str]]) -> Keys:
    """Keys without those that hold another one."""
    kept: list[frozenset[str]] = []
    for key in sorted(set(keys), key=lambda found: (len(found), sorted(found))):
        if not any(other <= key for other in kept):
            kept.append(key)
    return frozenset(kept[:MOST_KEYS])


def joined(left: Keys, right: Keys, equal: Iterable[tuple[str, str]], outer: bool) -> Keys:
    """Keys of a join. `equal`: pairs of columns (left, right) that it makes equal. `outer`: LEFT JOIN."""
    pairs = list(equal)
    left_columns, right_columns = {a for a, _ in pairs}, {b for _, b in pairs}
    found = {a | b for a in left for b in right}
    if any(key <= right_columns for key in right):
        found |= left
    if not outer and any(key <= left_columns for key in left):
        found |= right
    return smallest(found)


def projected(keys: Keys, names: dict[str, str]) -> Keys:
    """Keys after a SELECT. `names`: column below -> its name above; a key with a column left out is none any more."""
    return smallest(
        frozenset(names[column] for column in key) for key in keys if all(column in names for column in key)
    )
