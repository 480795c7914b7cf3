"""Looks for the bytes of a text in all files below a folder. What is compressed may hide it: a find is certain, none is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 20


def holding(folder: Path, text: str) -> Iterator[Path]:
    """The files that hold the text, in order; files that go away meanwhile do not. Raises OSError for one that can't be read."""
    wanted = text.encode()
    for file in sorted(folder.rglob("*")):
        try:
            if file.is_file() and not file.is_symlink() and _holds(file, wanted):
                yield file
        except FileNotFoundError:
            continue


def _holds(file: Path, wanted: bytes) -> bool:
    before = b""
    with file.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            # The text may lie across chunks.
            held = before + chunk
            if wanted in held:
                return True
            before = held[max(0, len(held) - len(wanted) + 1) :]
    return False
