"""A deployment's own source tables: a folder with one TOML file each, in the catalogue from the start of every process."""

from __future__ import annotations

from pathlib import Path

from tagging.source_texts import SourceProblems, parse_source
from tagging.sources import Source, declare


def read_own(folder: Path) -> dict[str, Source]:
    """The sources of a folder's files, by name in order; none where there is no folder. Raises SourceProblems."""
    found = {}
    for file in sorted(folder.glob("*.toml")):
        try:
            found[file.stem] = parse_source(file.stem, file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SourceProblems(file.stem, [f"{file} cannot be read: {error}"]) from error
    return found


def declare_own(folder: Path) -> None:
    """Add a folder's sources to the catalogue. Raises SourceProblems."""
    for name, source in read_own(folder).items():
        try:
            declare(source)
        except ValueError as error:
            raise SourceProblems(name, [str(error)]) from error
