"""The rows of whole people: whoever a row names is named by the canonical id, and rows are found under every id of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tagging.explaining.rows import Found, Rows, SourceRow, TagValue, Wanted
from tagging.people import People
from tagging.sources import Source
from tagging.tag_reads import TagRead


class PersonRows:
    """See `tagging.explaining.rows.Rows`: other rows as they are, with the ids of people in place of those that were logged."""

    def __init__(self, rows: Rows, people: People) -> None:
        self._rows = rows
        self._people = people

    def read(self, source: Source, wanted: Wanted) -> Found:
        """See `Rows`."""
        asked = {
            column: self._all_ids(values) if column in source.user_columns and column != source.own else values
            for column, values in wanted.items()
        }
        found = self._rows.read(source, asked)
        named = {row.values[column] for row in found.rows for column in source.user_columns}
        canonicals = self._people.canonicals(name for name in named if name is not None)
        if not canonicals:
            return found
        kept = [row for row in found.rows if source.own is None or row.values[source.own] not in canonicals]
        return replace(found, rows=tuple(_of_people(row, source, canonicals) for row in kept))

    def values(self, tag: TagRead, users: frozenset[str]) -> Mapping[str, TagValue]:
        """See `Rows`: what a tag says of users it says of canonical ids already."""
        return self._rows.values(tag, users)

    def _all_ids(self, values: frozenset[str | None]) -> frozenset[str | None]:
        people = [self._people.person(value) for value in values if value is not None]
        # Rows of an id that is merged into another are the other's.
        return frozenset({*values, *(id for person in people if person.canonical in values for id in person.ids)})


def _of_people(row: SourceRow, source: Source, canonicals: Mapping[str, str]) -> SourceRow:
    named = {column: canonicals.get(row.values[column], row.values[column]) for column in source.user_columns}
    return replace(row, values={**row.values, **named})
