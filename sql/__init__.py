"""SQL text, read by name. Nothing here is built by code."""

from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent


@cache
def text(name: str) -> str:
    """The text of one SQL file, by its path below this folder, such as ``clickhouse/schema.sql``.

    Raises FileNotFoundError when there is no such file.
    """
    return (ROOT / name).read_text(encoding="utf-8")


def tag_files() -> tuple[Path, ...]:
    """The built-in tags' files, in order of name."""
    return tuple(sorted((ROOT / "tags").glob("*.sql")))


def model_files() -> tuple[Path, ...]:
    """The built-in models' files, in order of name."""
    return tuple(sorted((ROOT / "models").glob("*.toml")))
