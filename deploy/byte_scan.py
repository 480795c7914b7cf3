"""Looks for the bytes of a text in all files below a folder. What is compressed may hide it: a find is certain, none is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 20


def holding(folder: Path, text: str) -> Iterator[Path]:
    """The files that hold the text, in order; what goes away meanwhile does not. Raises OSError for what can't be read."""
    wanted = text.encode()
    for place, folders, files in os.walk(folder, onerror=_unless_gone):
        folders.sort()
        for file in (Path(place, name) for name in sorted(files)):
            try:
                if file.is_file() and not file.is_symlink() and _holds(file, wanted):
                    yield file
            except FileNotFoundError:
                continue


def _unless_gone(error: OSError) -> None:
    # A store replaces whole folders while it is looked through.
    if not isinstance(error, FileNotFoundError):
        raise error


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
