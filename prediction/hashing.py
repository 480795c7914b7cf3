"""Raw features as coordinates of a learner's weights: hashed, so that nothing has to be fitted before the first example."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = str | int | float | bool | None
Features = Mapping[str, Value]
"""name -> value, None where there is none."""

MOST_FEATURES = 256
LONGEST_NAME = 128
LONGEST_VALUE = 1_000
_KNOWN = 1 << 16


class BadFeature(ValueError):
    """A feature that cannot be learned from. The text names it, what was got and what is allowed."""


@dataclass(frozen=True)
class Block:
    """Some examples' features as triples in order of `row`: which example, which coordinate, how much of it.

    Of one row and coordinate there is one triple.
    """

    rows: int
    row: NDArray[np.int64]
    place: NDArray[np.int64]
    amount: NDArray[np.float64]


def hashed(examples: Sequence[Features], bits: int) -> Block:
    """The features of some examples among 2^bits coordinates, and for each a constant that carries the bias.

    A string or boolean is 1 at the coordinate of its name and value, a number its signed logarithm at that of its name, none
    is 1 at a coordinate of its own (Weinberger et al. 2009, without signs). What meets at one coordinate is added.
    Raises BadFeature.
    """
    mask = (1 << bits) - 1
    keys: list[int] = []
    amounts: list[float] = []
    for row, features in enumerate(examples):
        for token, amount in tokens(features):
            keys.append(row << bits | coordinate(token) & mask)
            amounts.append(amount)
    found, inverse = np.unique(np.array(keys, dtype=np.int64), return_inverse=True)
    added = np.bincount(inverse, weights=np.array(amounts, dtype=float), minlength=len(found))
    return Block(len(examples), found >> bits, found & mask, added)


def tokens(features: Features) -> list[tuple[str, float]]:
    """The constant and each feature as (what is hashed, how much of it). Raises BadFeature."""
    if len(features) > MOST_FEATURES:
        raise BadFeature(f"features: got {len(features)}, allowed up to {MOST_FEATURES}")
    found = [("bias", 1.0)]
    for name, value in features.items():
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise BadFeature(f"a feature's name: got {_shown(name)}, allowed 1 to {LONGEST_NAME} characters")
        found.append(_token(name, value))
    return found


def _token(name: str, value: Any) -> tuple[str, float]:
    # The first character tells the kinds apart: no value of one feature is ever hashed as that of another kind.
    if value is None:
        return f"?{name}", 1.0
    if value is True or value is False:
        return f"!{name}\0{'true' if value else 'false'}", 1.0
    if isinstance(value, str):
        if len(value) > LONGEST_VALUE:
            raise BadFeature(f"feature {name}: got {len(value)} characters, allowed up to {LONGEST_VALUE}")
        return f"={name}\0{value}", 1.0
    if isinstance(value, (int, float)):
        number = _finite(name, value)
        return f"#{name}", math.copysign(math.log1p(abs(number)), number)
    raise BadFeature(f"feature {name}: got {_shown(value)}, allowed a string, number, boolean or none")


def _finite(name: str, value: int | float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadFeature(f"feature {name}: got {_shown(value)}, allowed a finite number; none where it is missing")
    return number


@lru_cache(maxsize=_KNOWN)
def coordinate(token: str) -> int:
    """A token's place among all 2^63; its lowest bits are its place among fewer."""
    digest = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _shown(value: Any) -> str:
    return repr(value)[:80]
