"""What is wrong with a tag's text: every problem at once, each with its place and a way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to change. `line` and `column` count from 1; `suggestion` may be empty."""

    line: int
    column: int
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}" + (f" ({self.suggestion})" if self.suggestion else "")


class TagProblems(Exception):
    """A tag that cannot be accepted. `problems` is in order of place and never empty."""

    def __init__(self, problems: Iterable[Problem], origin: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        self.origin = origin
        super().__init__("\n".join(f"{origin}:{problem}" if origin else str(problem) for problem in self.problems))


def place(text: str, offset: int, first_line: int = 1) -> tuple[int, int]:
    """(line, column) of a character of a text whose first line has the number `first_line`."""
    before = text[: max(0, min(offset, len(text)))]
    return first_line + before.count("\n"), len(before) - (before.rfind("\n") + 1) + 1


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A suggestion by spelling; without a near name, what there is. Empty when nothing is known."""
    names = sorted(set(known))
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.6) or get_close_matches(name.upper(), names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    more = ", ..." if len(names) > 40 else ""
    return f"there is: {', '.join(names[:40])}{more}" if names else ""
