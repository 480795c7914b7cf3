"""A statement as the engine reads it, and where the data of an INSERT begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_INSERT_FORMAT = re.compile(r" FORMAT (\w+)$")
_FORMAT = re.compile(r" FORMAT (\w+)(?: SETTINGS [^()]*)?$")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|\#[!\ ][^\n]*|/\*.*?\*/)
    | (?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<word>[A-Za-z_\x80-\xff][\w$\x80-\xff]*)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Statement:
    """`canonical` is the engine's spelling of it, without the data of an INSERT."""

    canonical: str

    @property
    def plain(self) -> str:
        """`canonical` with nothing in its strings, nor in the names that need quotes."""
        return _QUOTED.sub(lambda found: found[0][0] * 2, self.canonical)

    @property
    def kind(self) -> str:
        """The first word, such as SELECT."""
        return self.canonical.partition(" ")[0].lstrip("(")

    @property
    def format(self) -> str | None:
        """The format that a FORMAT clause at the end names."""
        found = _FORMAT.search(self.plain)
        return found[1] if found else None

    @property
    def takes_data(self) -> bool:
        """Whether it is an INSERT whose rows come as data, and not from a SELECT."""
        return self.kind == "INSERT" and not self._selects and self.format is not None

    @property
    def selects_from_data(self) -> bool:
        """Whether it is an INSERT ... SELECT ... FROM input(...)."""
        return self.kind == "INSERT" and self._selects and "input(" in self.plain

    @property
    def insert_target(self) -> str:
        """An INSERT that takes data, without its FORMAT clause."""
        return _INSERT_FORMAT.sub("", self.canonical)

    @property
    def _selects(self) -> bool:
        return bool(re.search(r"\b(?:SELECT|WITH)\b", self.plain))


def data_start(head: bytes) -> int | None:
    """Where the data begins in a text that starts with `INSERT ... VALUES` or `INSERT ... FORMAT x`; None for any other text.

    What is cut off is not run as SQL, so that a mistake here can only spoil rows, never what is allowed.
    """
    # Latin-1 keeps the places of the bytes.
    tokens = _tokens(head.decode("latin-1"))
    if next(tokens, ("", 0))[0] != "INSERT":
        return None
    # The table's name may be any word.
    word = "INTO"
    while word in ("INTO", "TABLE", "FUNCTION"):
        word, _ = next(tokens, ("", 0))
    depth = 0
    before = word
    for word, end in tokens:
        named = before == "."
        before = word
        if word in ("(", ")"):
            depth += 1 if word == "(" else -1
        elif depth or named:
            continue
        elif word == "VALUES":
            return end
        elif word in ("SELECT", "WITH"):
            return None
        elif word == "FORMAT":
            _, end = next(tokens, ("", len(head)))
            return _past_line(head, end)
    return None


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    for found in _TOKEN.finditer(text):
        if found["space"] is None:
            yield ("'" if found["quoted"] else found[0].upper()), found.end()


def _past_line(head: bytes, end: int) -> int:
    # As the engine's own parser has it: blanks, then at most one end of line.
    while head[end : end + 1] in (b" ", b"\t", b"\f", b";") and end < len(head):
        end += 1
    if head[end : end + 1] == b"\r":
        end += 1
    if head[end : end + 1] == b"\n":
        end += 1
    return end
