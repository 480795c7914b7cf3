"""The built-in tags as the registry: every file of sql/tags is live in the version that its header names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import sql
from stores import logs
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition, parse_definition
from tagging.problems import TagProblems

log = logs.get("api.registry")


class BuiltinTags:
    """Read once: the files do not change while a process runs. Compiled once too; a tag that does not compile is still listed."""

    @cached_property
    def _tags(self) -> dict[str, TagDefinition]:
        found = (parse_definition(path.read_text(encoding="utf-8"), str(path)) for path in sql.tag_files())
        return {tag.name: tag for tag in sorted(found, key=lambda tag: tag.name)}

    @cached_property
    def _compiled(self) -> dict[str, str | None]:
        return {name: self._compile(tag) for name, tag in self._tags.items()}

    @staticmethod
    def _compile(tag: TagDefinition) -> str | None:
        try:
            return compile_tag(tag).query
        except TagProblems as error:
            log.warning("tag_does_not_compile", tag=tag.name, problems=str(error))
            return None

    def tags(self) -> Sequence[TagDefinition]:
        """See `api.ports.Registry`."""
        return list(self._tags.values())

    def compiled_sql(self, name: str) -> str | None:
        """See `api.ports.Registry`."""
        return self._compiled.get(name)
