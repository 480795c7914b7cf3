"""The built-in tags, compiled: the definitions in sql/tags that run as one job."""

from __future__ import annotations

from functools import cache

import sql
from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import parse_definition

JOB_NAME = "tags"
"""Name of the built-in tags' Flink job, and part of its consumer groups."""


def builtin_tags(*names: str) -> tuple[CompiledTag, ...]:
    """All built-in tags, or the named ones, in order of name.

    Raises LookupError for a name that there is no file for, TagProblems for a definition that does not compile.
    """
    found = {path.stem: path for path in sql.tag_files()}
    if unknown := sorted(set(names) - set(found)):
        raise LookupError(f"no built-in tag {', '.join(unknown)}; there are {', '.join(found)}")
    return tuple(
        _compiled(path.read_text(encoding="utf-8"), str(path))
        for name, path in found.items()
        if not names or name in names
    )


@cache
def _compiled(text: str, origin: str) -> CompiledTag:
    """Files are few, and a text compiles to the same however often it is asked for."""
    return compile_tag(parse_definition(text, origin))
