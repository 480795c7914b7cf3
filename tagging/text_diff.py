"""What differs between two texts, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal


@dataclass(frozen=True)
class DiffLine:
    """A line of the older text (`before`: its number), of the newer one (`after`), or of both."""

    kind: Literal["same", "removed", "added"]
    before: int | None
    after: int | None
    text: str


def diff_lines(before: str, after: str) -> Iterator[DiffLine]:
    """Every line of both texts once, what was removed before what was added in its place."""
    old, new = before.splitlines(), after.splitlines()
    for kind, i, j, m, n in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (DiffLine("same", i + place + 1, m + place + 1, line) for place, line in enumerate(old[i:j]))
            continue
        yield from (DiffLine("removed", i + place + 1, None, line) for place, line in enumerate(old[i:j]))
        yield from (DiffLine("added", None, m + place + 1, line) for place, line in enumerate(new[m:n]))
