"""Snapshots: a crowd's members kept as they are at one moment, listed, paged through and compared. A job makes them."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field, StringConstraints

from api import cursor
from api.access.actor import changes, require_sight_of_versions, sees_versions
from api.access.declared import requires
from api.actor import actor
from api.crowd_book import Book, Sentence
from api.crowd_models import CrowdMember, CrowdPath, Name, PageQuery, RuleJson
from api.documented import Iso, documented, noun
from api.errors import ApiError, invalid
from api.ports import Stores
from api.preconditions import fingerprint, idempotency_key
from api.times import Clock, iso, iso_or_none
from api.wire import reply
from stores.snapshot_users import Kept
from stores.snapshots import Snapshot, State, TooManySnapshots
from tagging import bound_rules
from tagging.access import Role

POLL_SECONDS = "1"
SnapshotId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32,64}$")]
_NO_CONTENT = {"description": "Removed"}


class SnapshotPath(BaseModel):
    """Which snapshot of which crowd."""

    name: Name
    id: SnapshotId


class SnapshotAnswer(BaseModel):
    """A snapshot. What it is as of, and its users, are null until it is done."""

    id: str
    crowd: str
    state: Literal["asked", "running", "done", "failed"]
    revision: int = Field(description="Of the crowd, whose rule may have been changed since")
    rule: RuleJson
    sentence: Sentence = Field(description="The rule in words, with the crowds that it named written out")
    versions: dict[str, int] = Field(description="The version of each tag that its values are of")
    who: str
    asked_at: Iso
    as_of: Iso | None = Field(description="When the bitmaps that it was made of were published")
    tick: int | None = Field(
        description="The clock's newest minute then, since 1970; null where the clock never ticked"
    )
    generation: int | None
    users: int | None = Field(description="null until it is done, and where it is masked")
    masked: bool = Field(description="Whom it has, and how many, is not for the role of whoever asks")
    cause: str = Field(description="Why it failed; empty otherwise")


class SnapshotList(BaseModel):
    """A crowd's snapshots, the newest first."""

    items: list[SnapshotAnswer]


class SnapshotMembers(BaseModel):
    """A page of a snapshot's users in order of their numbers."""

    items: list[CrowdMember]
    users: int = Field(description="All of them")
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


class CompareQuery(PageQuery):
    """The other snapshot, and which users to list."""

    since: SnapshotId = Field(description="A snapshot of the same crowd; the users joined and left after it")
    group: Literal["joined", "left", "stayed"] = "joined"


class Comparison(BaseModel):
    """Two snapshots of a crowd, and a page of the users who joined, left or stayed."""

    joined: int
    left: int
    stayed: int
    same_rule: bool = Field(description="Whether both have the same rule over the same tag versions")
    group: Literal["joined", "left", "stayed"]
    items: list[CrowdMember]
    next: str | None = Field(description="Pass it as `cursor` for the page after; null on the last page")


class CrowdSnapshots:
    """What the routes answer."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._times = stores.crowd_times
        self._clock = clock

    def ask(self, name: str) -> Response:
        """Ask for a snapshot of a crowd as it is."""
        book = Book.open(self._stores)
        bound = bound_rules.bind(book.rule_of(name), book.versions)
        saved = book.find(name)
        who, key = actor(), idempotency_key()
        id = fingerprint("snapshot", name, who, key) if key else uuid.uuid4().hex
        wanted = Snapshot(id, name, saved.revision, saved.rule, bound.text(), who, self._clock())
        try:
            found = self._times.snapshots.ask(wanted)
        except TooManySnapshots as error:
            raise ApiError(409, "too_many_snapshots", f"{error}; remove one first") from error
        return self.answer(book, found)

    def answer(self, book: Book, snapshot: Snapshot) -> Response:
        """202 while there is nothing to see yet, 200 when it is done or has failed."""
        waits = snapshot.state in (State.ASKED, State.RUNNING)
        response = reply(self._told(book, snapshot), 202 if waits else 200)
        if waits:
            response.headers["Location"] = f"/api/v1/crowds/{snapshot.crowd}/snapshots/{snapshot.id}"
            response.headers["Retry-After"] = POLL_SECONDS
        return response

    def list(self, name: str) -> SnapshotList:
        """All of a crowd; also of one that is no more."""
        book = Book.open(self._stores)
        found = self._times.snapshots.of(name)
        if not found:
            book.find(name)
        return SnapshotList(items=[self._told(book, snapshot) for snapshot in found])

    def find(self, path: SnapshotPath) -> Snapshot:
        """One of them. Raises ApiError."""
        found = self._times.snapshots.read(path.id)
        if found is None or found.crowd != path.name:
            message = f"The crowd {path.name} has no such snapshot; GET /api/v1/crowds/{path.name}/snapshots lists them"
            raise ApiError(404, "snapshot_not_found", message)
        return found

    def remove(self, path: SnapshotPath) -> None:
        """Have a snapshot removed."""
        found = self.find(path)
        saved = self._stores.crowds.all().get(path.name)
        if not (changes(found.who) or (saved is not None and changes(saved.owner))):
            message = f"The snapshot is {found.who}'s: who made it, and whoever may change the crowd, remove it"
            raise ApiError(403, "not_owner", message)
        self._times.snapshots.give_up(found.id)

    def members(self, path: SnapshotPath, query: PageQuery) -> SnapshotMembers:
        """A page of a snapshot's users."""
        kept, users = self._seen(self.find(path))
        found = self._times.users.members(kept, cursor.decode_number(query.cursor), query.limit + 1)
        items, after = _page(found, query.limit)
        return SnapshotMembers(items=items, users=users, next=after)

    def compare(self, path: SnapshotPath, query: CompareQuery) -> Comparison:
        """This snapshot against an earlier one."""
        later, earlier = self.find(path), self.find(SnapshotPath(name=path.name, id=query.since))
        (kept, _), (before, _) = self._seen(later), self._seen(earlier)
        if before[1] > kept[1]:
            raise invalid("since", "is the later of the two", query.since, "a snapshot that was made before this one")
        counts = self._times.users.compare(before, kept)
        after = cursor.decode_number(query.cursor)
        items, more = _page(self._times.users.compared(before, kept, query.group, after, query.limit + 1), query.limit)
        return Comparison(**counts, same_rule=earlier.bound == later.bound, group=query.group, items=items, next=more)

    def _told(self, book: Book, snapshot: Snapshot) -> SnapshotAnswer:
        bound, taken = bound_rules.read(snapshot.bound), snapshot.taken
        is_seen = sees_versions(self._stores.registry, bound.versions.items())
        return SnapshotAnswer(
            id=snapshot.id,
            crowd=snapshot.crowd,
            state=snapshot.state.value,
            revision=snapshot.revision,
            rule=dict(snapshot.rule),
            sentence=book.sentence(bound.rule),
            versions=dict(bound.versions),
            who=snapshot.who,
            asked_at=iso(snapshot.asked_at_ms),
            as_of=iso_or_none(taken and taken.as_of_ms),
            tick=taken and taken.tick,
            generation=taken and taken.generation,
            users=taken.users if taken and is_seen else None,
            masked=not is_seen,
            cause=snapshot.cause,
        )

    def _seen(self, snapshot: Snapshot) -> tuple[Kept, int]:
        """Where a snapshot's users are, and how many. Raises ApiError, for who may not see them as well."""
        require_sight_of_versions(self._stores.registry, bound_rules.read(snapshot.bound).versions.items())
        if snapshot.taken is None:
            message = f"The snapshot {snapshot.id} is {snapshot.state}; only one that is done has users"
            raise ApiError(409, "snapshot_not_done", message)
        return (snapshot.id, snapshot.taken.generation), snapshot.taken.users


def _page(found: Any, limit: int) -> tuple[list[CrowdMember], str | None]:
    items = [CrowdMember(user_no=user_no, user_id=user_id) for user_no, user_id in found[:limit]]
    return items, cursor.encode(items[-1].user_no) if len(found) > limit else None


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of snapshots."""
    routes = noun("crowds")
    routes.name = "crowd_snapshots"
    snapshots = CrowdSnapshots(stores, clock)

    @routes.post("/<name>/snapshots", responses=documented({202: SnapshotAnswer, 200: SnapshotAnswer}, 404, 409, 503))
    @requires(Role.EDITOR)
    def ask_snapshot(path: CrowdPath) -> Response:
        """Keep a crowd's members as they are; poll where Location says. Takes an Idempotency-Key"""
        return snapshots.ask(path.name)

    @routes.get("/<name>/snapshots", responses=documented({200: SnapshotList}, 404, 503))
    @requires(Role.VIEWER)
    def list_snapshots(path: CrowdPath) -> Response:
        """A crowd's snapshots, the newest first; they outlive the crowd"""
        return reply(snapshots.list(path.name))

    @routes.get("/<name>/snapshots/<id>", responses=documented({200: SnapshotAnswer, 202: SnapshotAnswer}, 404, 503))
    @requires(Role.VIEWER)
    def read_snapshot(path: SnapshotPath) -> Response:
        """One snapshot; 202 while it is under way"""
        return snapshots.answer(Book.open(stores), snapshots.find(path))

    @routes.get("/<name>/snapshots/<id>/members", responses=documented({200: SnapshotMembers}, 404, 409, 503))
    @requires(Role.VIEWER)
    def list_snapshot_members(path: SnapshotPath, query: PageQuery) -> Response:
        """The users of a snapshot, page by page"""
        return reply(snapshots.members(path, query))

    @routes.get("/<name>/snapshots/<id>/changes", responses=documented({200: Comparison}, 404, 409, 503))
    @requires(Role.VIEWER)
    def compare_snapshots(path: SnapshotPath, query: CompareQuery) -> Response:
        """Who joined, left and stayed since an earlier snapshot of the same crowd"""
        return reply(snapshots.compare(path, query))

    @routes.delete("/<name>/snapshots/<id>", responses=documented({204: _NO_CONTENT}, 404, 503))
    @requires(Role.EDITOR)
    def remove_snapshot(path: SnapshotPath) -> Response:
        """Remove a snapshot; who made it may, and whoever may change the crowd"""
        snapshots.remove(path)
        return Response(status=204)

    return routes
