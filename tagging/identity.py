"""Who is the same person as whom: merges of user ids, the trees that they make, and the id that stands for everybody in one.

A merge says that one id is the same person as another, its parent. Each id has at most one parent, so that the ids of a person
are a tree; its root is the person's `canonical` id, which tags, bitmaps and profiles know the person by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

MOST_IDS = 32
"""Of one person: who has more is as a rule a shared device, and every read of the person looks for all of them."""

Parents = Mapping[str, str]
"""user_id -> the id that it was merged into. Ids that were not merged are left out."""


@dataclass(frozen=True)
class Merge:
    """One merge: `user_id` is the same person as `into`. Undone ones stay, with who undid them. Times are epoch milliseconds."""

    id: str
    user_id: str
    into: str
    reason: str
    merged_by: str
    merged_at_ms: int
    undone_by: str | None = None
    undone_at_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it holds now."""
        return self.undone_at_ms is None

    def held_at(self, at_ms: int) -> bool:
        """Whether it held at a time."""
        return self.merged_at_ms <= at_ms and (self.undone_at_ms is None or at_ms < self.undone_at_ms)


@dataclass(frozen=True)
class Person:
    """All ids of one person, in order; an id that nothing was merged with is a person of one."""

    canonical: str
    ids: tuple[str, ...]

    @property
    def is_merged(self) -> bool:
        """Whether there is more than one id."""
        return len(self.ids) > 1


@dataclass(frozen=True)
class Identity:
    """To which person an id belongs since a change. Of two of the same id the one with the higher `change` counts."""

    user_id: str
    canonical: str
    merge_id: str
    change: int
    at_ms: int


class MergeRefused(ValueError):
    """A merge that would not make a tree. `code` says which rule stands against it, the text how to go on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotAnIdentity(ValueError):
    """A message that says of no id to whom it belongs."""


class MergeMissing(Exception):
    """There is no such merge of this user."""


def canonical(user_id: str, parents: Parents) -> str:
    """The root of an id's tree. Raises ValueError where the parents go round in a circle."""
    found, passed = user_id, {user_id}
    while (parent := parents.get(found)) is not None:
        if parent in passed:
            raise ValueError(f"identities go round in a circle at {parent!r}")
        passed.add(parent)
        found = parent
    return found


def person(user_id: str, parents: Parents) -> Person:
    """Everybody in the tree of an id."""
    root = canonical(user_id, parents)
    return Person(root, tuple(sorted({root, *(each for each in parents if canonical(each, parents) == root)})))


def merged(user_id: str, into: str, parents: Parents) -> dict[str, str]:
    """The parents after a merge. `parents` holds the trees of both. Raises MergeRefused."""
    if user_id == into:
        raise MergeRefused("merge_into_itself", "An id is not merged into itself")
    if user_id in parents:
        raise MergeRefused(
            "already_merged", f"{user_id} is merged into {parents[user_id]} already; unmerge it first, or merge {parents[user_id]}"
        )  # fmt: skip
    root = canonical(into, parents)
    if root == user_id:
        raise MergeRefused(
            "merge_cycle", f"{into} is merged into {user_id}: they are one person already, known as {user_id}"
        )
    number = len(person(user_id, parents).ids) + len(person(into, parents).ids)
    if number > MOST_IDS:
        raise MergeRefused("too_many_ids", f"The person would have {number} ids, {MOST_IDS} at most are allowed")
    return {**parents, user_id: into}


def unmerged(user_id: str, parents: Parents) -> dict[str, str]:
    """The parents without an id's own: what was merged into it stays with it."""
    return {child: parent for child, parent in parents.items() if child != user_id}


def moved(before: Parents, after: Parents) -> dict[str, str]:
    """The ids whose canonical id changed, and what it is now."""
    ids = {*before, *before.values(), *after, *after.values()}
    return {each: now for each in sorted(ids) if (now := canonical(each, after)) != canonical(each, before)}


def identity_message(identity: Identity) -> bytes:
    """The value of a message of the topic `identities`; its key is the user_id.

    An id that is by itself again has itself: there is no tombstone.
    """
    return orjson.dumps(
        {
            "user_id": identity.user_id,
            "canonical": identity.canonical,
            "merge": identity.merge_id,
            "change": identity.change,
            "at": identity.at_ms,
        }
    )


def read_identity(value: bytes) -> Identity:
    """The identity of a message. Raises NotAnIdentity."""
    try:
        found: dict[str, Any] = orjson.loads(value)
        user_id, canonical_id, merge_id = found["user_id"], found["canonical"], found["merge"]
        change, at_ms = found["change"], found["at"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise NotAnIdentity(f"not an identity: {value[:80]!r}") from error
    texts, numbers = (user_id, canonical_id, merge_id), (change, at_ms)
    if not all(isinstance(each, str) and each for each in texts) or not all(type(each) is int for each in numbers):
        raise NotAnIdentity(f"not an identity: {value[:80]!r}")
    return Identity(user_id, canonical_id, merge_id, change, at_ms)
