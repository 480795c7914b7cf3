"""Values of tags that a tag reads, with hindsight: each worked out anew from the rows, as the tag that reads it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tagging.definition import TagDefinition
from tagging.explaining.explain import explain
from tagging.explaining.expressions import Unexplained
from tagging.explaining.rows import Found, Rows, TagValue, TooWide, Wanted
from tagging.sources import CATALOG, Catalog, Source
from tagging.tag_reads import TagRead

MOST_USERS = 20
"""Of one tag that is read: each is worked out by itself, and more would take longer than somebody waits."""

Place = tuple[str, int, str]
"""A tag, its version, and a user."""


class RecomputedRows:
    """Rows of the sources as they are, and of tags the values that these rows give when the newest tick is `tick_minute`.

    `definition` gives a version's; None for one that is not known. Each value is worked out once.
    """

    def __init__(
        self,
        rows: Rows,
        definition: Callable[[str, int], TagDefinition | None],
        tick_minute: int,
        catalog: Catalog = CATALOG,
    ) -> None:
        self._rows = rows
        self._definition = definition
        self._tick_minute = tick_minute
        self._catalog = catalog
        self._found: dict[Place, TagValue | None] = {}

    def read(self, source: Source, wanted: Wanted) -> Found:
        """See `tagging.explaining.rows.Rows`."""
        return self._rows.read(source, wanted)

    def values(self, tag: TagRead, users: frozenset[str]) -> Mapping[str, TagValue]:
        """See `tagging.explaining.rows.Rows`. Raises Unexplained and TagProblems as well."""
        if len(users) > MOST_USERS:
            raise TooWide(f"{len(users)} users' values of tag {tag.tag} concern the user, more than {MOST_USERS}")
        return {user: self._value(tag, user) for user in sorted(users)}

    def _value(self, tag: TagRead, user: str) -> TagValue:
        place = (tag.tag, tag.version, user)
        if place not in self._found:
            # Found again before it is known: the tags read each other, in rows that were written by hand.
            self._found[place] = None
            self._found[place] = self._explained(tag, user)
        found = self._found[place]
        if found is None:
            raise Unexplained(f"tag {tag.tag} v{tag.version} rests on its own value")
        return found

    def _explained(self, tag: TagRead, user: str) -> TagValue:
        definition = self._definition(tag.tag, tag.version)
        if definition is None:
            raise Unexplained(f"tag {tag.tag} v{tag.version} is not known any more")
        found = explain(definition, user, self, self._tick_minute, self._catalog)
        return TagValue(found.value, cut=tuple(found.cut))
