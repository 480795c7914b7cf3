"""The live tags: as the registry in MySQL says, and a built-in tag that it does not know in the version of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from types import MappingProxyType

from pymysql.constants import ER
from sqlalchemy.exc import ProgrammingError

import sql
from api.ports import Unavailable
from stores import logs
from stores.mysql import MySQLUnavailable
from stores.registry.pointed import pointed
from stores.registry.store import Pointer, Tags
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition, parse_definition
from tagging.problems import TagProblems
from tagging.sight import Sight, sight

ANSWER_SECONDS = 5.0
KEPT_VERSIONS = 2_000
log = logs.get("api.registry")


class BuiltinTags:
    """Read once: the files do not change while a process runs."""

    @cached_property
    def by_name(self) -> Mapping[str, TagDefinition]:
        """The files' tags in order of name."""
        found = (parse_definition(path.read_text(encoding="utf-8"), str(path)) for path in sql.tag_files())
        return MappingProxyType({tag.name: tag for tag in sorted(found, key=lambda tag: tag.name)})

    def tags(self) -> Sequence[TagDefinition]:
        """See `api.ports.Registry`."""
        return list(self.by_name.values())

    def compiled_sql(self, tag: TagDefinition) -> str | None:
        """See `api.ports.Registry`."""
        return _compiled(tag)


class RegisteredTags:
    """Asked at every request, so that a switch is seen at once. A version's text never changes: it is read into a tag once.

    While MySQL is away the tags stay as they were last read: the pointer can't have moved.
    """

    def __init__(self, registry: Tags, builtin: BuiltinTags) -> None:
        self._registry = registry
        self._builtin = builtin
        self._last: Sequence[Pointer] | None = None
        self._seen: tuple[Sequence[Pointer], Sight | None] = ((), None)

    def tags(self) -> Sequence[TagDefinition]:
        """See `api.ports.Registry`."""
        return self._sight().live

    def version(self, name: str, number: int) -> TagDefinition | None:
        """See `api.ports.Registry`."""
        found = self._sight().definition(name, number)
        return found or self._cleaned(name, number)

    def compiled_sql(self, tag: TagDefinition) -> str | None:
        """See `api.ports.Registry`."""
        return _compiled(tag)

    def _sight(self) -> Sight:
        pointers, (seen, found) = self._pointers(), self._seen
        if found is None or pointers != seen:
            found = pointed(pointers, self._builtin.tags())
            # In one assignment: other threads read it.
            self._seen = (pointers, found)
        return found

    def _cleaned(self, name: str, number: int) -> TagDefinition | None:
        """A version that is no longer among the pointers: something that was made of it may have been kept."""
        try:
            return sight(self._registry.tags(), self._builtin.tags()).definition(name, number)
        except MySQLUnavailable as error:
            raise Unavailable("mysql", str(error)) from error
        except ProgrammingError as error:
            if not _is_unmade(error):
                raise
            return None

    def _pointers(self) -> Sequence[Pointer]:
        try:
            self._last = self._registry.pointers()
        except MySQLUnavailable as error:
            if self._last is None:
                raise Unavailable("mysql", str(error)) from error
            log.warning("tags_as_last_read", reason=str(error))
        except ProgrammingError as error:
            if not _is_unmade(error):
                raise
            self._last = ()
        return self._last


def _is_unmade(error: ProgrammingError) -> bool:
    """Whether nobody has migrated this database yet: then nothing is registered."""
    return error.orig is not None and error.orig.args[0] == ER.NO_SUCH_TABLE


@lru_cache(KEPT_VERSIONS)
def _compiled(tag: TagDefinition) -> str | None:
    try:
        return compile_tag(tag).query
    except TagProblems as error:
        log.warning("tag_does_not_compile", tag=tag.name, problems=str(error))
        return None
