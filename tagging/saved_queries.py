"""A query that was saved under a title, who may see it, and why a change to it is refused."""

from __future__ import annotations

from dataclasses import dataclass

MOST_OF_ONE_OWNER = 200


@dataclass(frozen=True)
class QueryText:
    """What a person writes. `shared`: everyone may read and run it; else its owner alone."""

    title: str
    text: str
    shared: bool


@dataclass(frozen=True)
class SavedQuery(QueryText):
    """A query as it is kept. `revision` counts its changes from 1."""

    id: str
    owner: str
    revision: int
    created_at_ms: int
    updated_at_ms: int

    def visible_to(self, name: str) -> bool:
        """Whether somebody may read it."""
        return self.shared or self.owner == name


class QueryMissing(Exception):
    """There is no such query."""


class QueryChanged(Exception):
    """The query is no longer what the writer read. `revision` is the present one."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"the query is at revision {revision}")
        self.revision = revision


class TooManyQueries(Exception):
    """Its owner has no room for another query."""


def admit(found: SavedQuery | None, revision: int) -> SavedQuery:
    """The query that a writer who read `revision` may change. Raises the reason why not."""
    if found is None:
        raise QueryMissing
    if found.revision != revision:
        raise QueryChanged(found.revision)
    return found
