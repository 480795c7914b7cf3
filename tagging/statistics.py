"""What sets a crowd apart: shares, the target group index (TGI), and how sure one can be of them. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
LEVEL = 0.05
"""Of significance: what a corrected p-value may be at most."""
LEAST_EXPECTED = 5
"""Below this expected count in any cell the chi-square approximation is not to be trusted (Cochran 1954)."""


@dataclass(frozen=True)
class Counts:
    """Users of a crowd, and of the base outside the crowd, that have a value; and how many users there are of each."""

    crowd_users: int
    crowd_total: int
    base_users: int
    base_total: int
    rest_users: int
    rest_total: int


@dataclass(frozen=True)
class Comparison:
    """A value in the crowd against the base. What cannot be said is None.

    `tgi` is 100 where the crowd is like the base; `low` and `high` bound it at 95 %. `p` is that of one comparison,
    `adjusted` that among all of them. `small`: too few users to test.
    """

    crowd_share: float
    base_share: float
    tgi: float | None
    low: float | None
    high: float | None
    p: float | None
    adjusted: float | None
    small: bool


def share(part: int, whole: int) -> float:
    """part / whole; 0 of nothing."""
    return part / whole if whole else 0.0


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927, JASA 22, 209-212): those p that a z-test does not reject.

    (0, 1) without trials.
    """
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    # At the ends the interval touches them exactly; rounding must not leave it short.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == trials else centre + half)


def least_expected(counts: Counts) -> float:
    """The smallest count that the 2x2 table of crowd and rest would have, were the value as frequent in both."""
    total = counts.crowd_total + counts.rest_total
    if total == 0:
        return 0.0
    having = counts.crowd_users + counts.rest_users
    return min(counts.crowd_total, counts.rest_total) * min(having, total - having) / total


def two_proportions(counts: Counts) -> float | None:
    """The two-sided p-value that crowd and rest have the value equally often; None where nothing differs to be tested.

    The pooled z-test of two proportions, whose square is Pearson's chi-square of the 2x2 table (Pearson 1900, Phil. Mag. 50).
    """
    total = counts.crowd_total + counts.rest_total
    having = counts.crowd_users + counts.rest_users
    if not counts.crowd_total or not counts.rest_total or having in (0, total):
        return None
    pooled = having / total
    error = math.sqrt(pooled * (1 - pooled) * (1 / counts.crowd_total + 1 / counts.rest_total))
    z = (counts.crowd_users / counts.crowd_total - counts.rest_users / counts.rest_total) / error
    return math.erfc(abs(z) / math.sqrt(2))


def significant(adjusted: float | None) -> bool:
    """Whether a corrected p-value is at most LEVEL; one that was not tested is not."""
    return adjusted is not None and adjusted <= LEVEL


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, in their order: those below q are false in a part q of all at most.

    The step-up procedure of Benjamini and Hochberg 1995 (JRSS B 57, 289-300): min over j >= i of p_(j) * m / j.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index], reverse=True)
    adjusted = [0.0] * len(p_values)
    smallest = 1.0
    for place, index in enumerate(order):
        smallest = min(smallest, p_values[index] * len(p_values) / (len(p_values) - place))
        adjusted[index] = smallest
    return adjusted


def compare(all_counts: Sequence[Counts]) -> list[Comparison]:
    """Each value's comparison, in order, corrected for as many as were tested.

    TGI = 100 * share in the crowd / share in the base. Its interval is the crowd's share's (Wilson) over the base's share,
    which is the yardstick and taken as known. Tested is the crowd against the base's users outside it, for the two must not
    overlap; values with an expected count below LEAST_EXPECTED are marked small and not tested.
    """
    small = [least_expected(counts) < LEAST_EXPECTED for counts in all_counts]
    p_values = [None if few else two_proportions(counts) for counts, few in zip(all_counts, small, strict=True)]
    tested = iter(benjamini_hochberg([p for p in p_values if p is not None]))
    found = []
    for counts, few, p in zip(all_counts, small, p_values, strict=True):
        base = share(counts.base_users, counts.base_total)
        crowd = share(counts.crowd_users, counts.crowd_total)
        low, high = wilson(counts.crowd_users, counts.crowd_total)
        known = base > 0 and counts.crowd_total > 0
        found.append(
            Comparison(
                crowd_share=crowd,
                base_share=base,
                tgi=100 * crowd / base if known else None,
                low=100 * low / base if known else None,
                high=100 * high / base if known else None,
                p=p,
                adjusted=None if p is None else next(tested),
                small=few,
            )
        )
    return found
