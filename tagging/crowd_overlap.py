"""How crowds lie over each other, from the users of each pair: Jaccard, shares, and lift against independence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tagging.statistics import Counts, compare, share

FEWEST_CROWDS = 2
MOST_CROWDS = 20


@dataclass(frozen=True)
class Overlap:
    """Two crowds, by their places. What cannot be said is None; a crowd with itself is compared, and never tested.

    `union` and `users`: those in one of them at least, and in both. `jaccard` is users / union. `share`: the part of the
    row's users that are in the column. `lift` is that over the column's part of the base: 1 where the two are independent;
    `low` and `high` bound it at 95 %, `adjusted` is its p-value among all pairs. `small`: too few users to test.
    """

    row: int
    column: int
    users: int
    union: int
    jaccard: float | None
    share: float | None
    lift: float | None
    low: float | None
    high: float | None
    adjusted: float | None
    small: bool


def overlaps(together: Sequence[Sequence[int]], base_users: int) -> list[Overlap]:
    """Every row with every column, row by row. `together` is symmetric: users of both crowds, on the diagonal of the one.

    All users are of the base. Lift = |A and B| * |base| / (|A| * |B|) is the target group index over 100, with that one's
    interval and test (see `tagging.statistics`).
    """
    places = [(row, column) for row in range(len(together)) for column in range(len(together))]
    counts = {place: _counts(together, base_users, *place) for place in places}
    # A pair comes twice, which changes no adjusted p-value: rank and number are doubled alike.
    pairs = [place for place in places if place[0] != place[1]]
    tested = dict(zip(pairs, compare([counts[place] for place in pairs]), strict=True))
    found = []
    for row, column in places:
        users, of_row, of_column = together[row][column], together[row][row], together[column][column]
        union = of_row + of_column - users
        comparison = tested.get((row, column)) or compare([counts[row, column]])[0]
        apart = row != column
        index, low, high = comparison.tgi, comparison.low, comparison.high
        found.append(
            Overlap(
                row=row,
                column=column,
                users=users,
                union=union,
                jaccard=share(users, union) if union else None,
                share=share(users, of_row) if of_row else None,
                lift=None if index is None else index / 100,
                low=low / 100 if apart and low is not None else None,
                high=high / 100 if apart and high is not None else None,
                adjusted=comparison.adjusted if apart else None,
                small=apart and comparison.small,
            )
        )
    return found


def _counts(together: Sequence[Sequence[int]], base_users: int, row: int, column: int) -> Counts:
    """The row as the crowd, being in the column as the value."""
    users, of_row, of_column = together[row][column], together[row][row], together[column][column]
    return Counts(
        crowd_users=users,
        crowd_total=of_row,
        base_users=of_column,
        base_total=base_users,
        rest_users=of_column - users,
        rest_total=base_users - of_row,
    )
