"""Many tags as one program: the windows that they share, and an insert for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tagging.compiler import CompiledTag
from tagging.sources import CATALOG, Catalog
from tagging.windows import view_select


@dataclass(frozen=True)
class Program:
    """`views`: (name, SELECT) in order of dependency; `inserts`: (tag, SELECT of user_id and value)."""

    views: tuple[tuple[str, str], ...]
    inserts: tuple[tuple[CompiledTag, str], ...]


def build_program(compiled_tags: Iterable[CompiledTag], catalog: Catalog = CATALOG) -> Program:
    """One view for each window that any of the tags reads, with the columns that they need together.

    The text depends on the set of tags alone, not on their order. Raises ValueError when two have the same name and version.
    """
    tags = sorted(compiled_tags, key=lambda tag: (tag.definition.name, tag.definition.version))
    names = [(tag.definition.name, tag.definition.version) for tag in tags]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the same tag twice: {', '.join(f'{name} version {version}' for name, version in twice)}")
    views = []
    for window in sorted({window for tag in tags for window in tag.windows}):
        columns = {column for tag in tags for column in tag.columns.get(window.view, ())}
        views.append((window.view, view_select(window, columns, catalog)))
    return Program(tuple(views), tuple((tag, tag.query) for tag in tags))
