"""Merges of users in MySQL: the API writes them, and a job tells the log of what they change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.exc import ProgrammingError

from stores.identity_tables import IdentityCounterRow, IdentityRow, MergeRow
from stores.mysql import ANSWER_SECONDS, MySQLUnavailable
from stores.registry.engine import engine, lacks_table, naming_failures
from stores.registry.times import ms_of, time_of
from stores.settings import Settings
from tagging.identity import Identity, Merge, MergeMissing, MergeRefused, Person, merged, moved, unmerged
from tagging.people import KnownPeople, People

LOOK_SECONDS = 1.0


class IdentityTable:
    """The tables. Methods raise MySQLUnavailable, but for `person` and `canonicals`, which go by what was read last."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)
        self._lock = Lock()
        self._known = KnownPeople()
        self._read_at = float("-inf")

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def merge(self, merge: Merge) -> Merge:
        """Add one; the stored one of this id where there is one. Raises `tagging.identity.MergeRefused`."""
        if not self._settings.flink.merges:
            raise MergeRefused(
                "merges_off", "Users are not merged here; fix: set TAGSTREAM_FLINK__MERGES, and submit the jobs"
            )
        with naming_failures(self._settings), self._engine.begin() as connection:
            change = _lock_changes(connection, merge.merged_at_ms)
            held = connection.execute(select(MergeRow.__table__).where(MergeRow.id == merge.id)).first()
            if held is not None:
                return _merge(held)
            before = _parents(connection, merge.user_id, merge.into)
            after = merged(merge.user_id, merge.into, before)
            connection.execute(insert(MergeRow).values(**_values(merge)))
            _move(connection, moved(before, after), merge.id, change, merge.merged_at_ms)
        self._look_again()
        return merge

    def unmerge(self, user_id: str, id: str, who: str, at_ms: int) -> Merge:
        """Undo one; one that is undone stays as it is. Raises MergeMissing."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            change = _lock_changes(connection, at_ms)
            row = connection.execute(select(MergeRow.__table__).where(MergeRow.id == id)).first()
            if row is None or row.user_id != user_id.encode():
                raise MergeMissing(id)
            held = _merge(row)
            if not held.is_open:
                return held
            before = _parents(connection, user_id, held.into)
            undone = replace(held, undone_by=who, undone_at_ms=at_ms)
            values = {"undone_by": who, "undone_at": time_of(at_ms)}
            connection.execute(update(MergeRow).where(MergeRow.id == id).values(**values))
            _move(connection, moved(before, unmerged(user_id, before)), id, change, at_ms)
        self._look_again()
        return undone

    def merges(self, user_id: str) -> Sequence[Merge]:
        """All that any id of the person ever had a part in, the newest first."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            ids = _ids(connection, user_id)
            named = or_(MergeRow.user_id.in_(ids), MergeRow.into_id.in_(ids))
            query = select(MergeRow.__table__).where(named).order_by(MergeRow.number.desc())
            return [_merge(row) for row in connection.execute(query)]

    def person(self, user_id: str) -> Person:
        """Whom an id belongs to, as it was known within the last second; also while MySQL is away."""
        with self._lock:
            self._catch_up()
            return self._known.person(user_id)

    def canonicals(self, user_ids: Iterable[str]) -> Mapping[str, str]:
        """The canonical ids of those of these ids that are merged into another."""
        with self._lock:
            self._catch_up()
            return self._known.canonicals(user_ids)

    def people_at(self, at_ms: int) -> People:
        """Who was one person with whom at a time, epoch milliseconds.

        Where nothing changed since, no question is asked; otherwise all merges that held then are read.
        """
        with self._lock:
            self._catch_up()
            if self._known.newest_at_ms <= at_ms:
                return self
        at = time_of(at_ms)
        held = (MergeRow.merged_at <= at, or_(MergeRow.undone_at.is_(None), MergeRow.undone_at > at))
        with naming_failures(self._settings), self._engine.connect() as connection:
            found = connection.execute(select(MergeRow.user_id, MergeRow.into_id).where(*held))
            return KnownPeople.of({child.decode(): parent.decode() for child, parent in found})

    def why_not_erased(self, user_id: str) -> str:
        """What stands against erasing an id; empty for nothing."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            others = sorted({id.decode() for id in _ids(connection, user_id)} - {user_id})
            if others:
                return f"{user_id} is the same person as {', '.join(others)}: unmerge it, and erase each id"
            query = select(IdentityRow.user_id).where(IdentityRow.user_id == user_id.encode(), ~IdentityRow.published)
            waits = connection.execute(query).first()
        return f"the log was not told yet that {user_id} was unmerged" if waits else ""

    def unpublished(self, limit: int) -> Sequence[Identity]:
        """What the log was not told yet, the oldest change first."""
        query = select(IdentityRow.__table__).where(~IdentityRow.published).order_by(IdentityRow.change_no)
        with naming_failures(self._settings), self._engine.connect() as connection:
            return [_identity(row) for row in connection.execute(query.limit(limit))]

    def published(self, told: Iterable[Identity]) -> None:
        """Note that the log was told. An identity that has changed since is still to be told."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            for each in told:
                same = (IdentityRow.user_id == each.user_id.encode(), IdentityRow.change_no == each.change)
                connection.execute(update(IdentityRow).where(*same).values(published=True))

    def waiting(self) -> int:
        """How many the log was not told yet."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            query = select(func.count()).select_from(IdentityRow).where(~IdentityRow.published)
            return int(connection.execute(query).scalar_one())

    def _look_again(self) -> None:
        with self._lock:
            self._read_at = float("-inf")

    def _catch_up(self) -> None:
        if monotonic() - self._read_at <= LOOK_SECONDS:
            return
        query = select(IdentityRow.__table__).where(IdentityRow.change_no >= self._known.newest_change)
        # Reads go on without MySQL, and before it has the table.
        with suppress(MySQLUnavailable, ProgrammingError):
            try:
                with naming_failures(self._settings), self._engine.connect() as connection:
                    self._known.learn(_identity(row) for row in connection.execute(query))
            except ProgrammingError as error:
                if not lacks_table(error):
                    raise
        self._read_at = monotonic()


def _lock_changes(connection: Connection, at_ms: int) -> int:
    """Wait until nobody else changes identities; the number of the change that may be made then.

    Numbers are times where they can be, so that a database that was set back to a backup goes on above what the log has.
    """
    query = select(IdentityCounterRow.change_no).where(IdentityCounterRow.id == 1).with_for_update()
    change = max(int(connection.execute(query).scalar_one()) + 1, at_ms)
    connection.execute(update(IdentityCounterRow).where(IdentityCounterRow.id == 1).values(change_no=change))
    return change


def _ids(connection: Connection, *user_ids: str) -> set[bytes]:
    """All ids of the people of these ids."""
    named = {user_id.encode() for user_id in user_ids}
    query = select(IdentityRow.canonical).where(IdentityRow.user_id.in_(named))
    roots = {*connection.execute(query).scalars(), *named}
    query = select(IdentityRow.user_id).where(IdentityRow.canonical.in_(roots))
    return {*connection.execute(query).scalars(), *roots}


def _parents(connection: Connection, *user_ids: str) -> dict[str, str]:
    """The trees of these ids."""
    query = select(MergeRow.user_id, MergeRow.into_id).where(
        MergeRow.user_id.in_(_ids(connection, *user_ids)), MergeRow.undone_at.is_(None)
    )
    return {child.decode(): parent.decode() for child, parent in connection.execute(query)}


def _move(connection: Connection, ids: Mapping[str, str], merge_id: str, change: int, at_ms: int) -> None:
    """Write whom these ids belong to from now on, to be told to the log."""
    for user_id, canonical in ids.items():
        values = {
            "canonical": canonical.encode(),
            "merge_id": merge_id,
            "change_no": change,
            "changed_at": time_of(at_ms),
            "published": False,
        }
        statement = upsert(IdentityRow).values(user_id=user_id.encode(), **values)
        connection.execute(statement.on_duplicate_key_update(**values))


def _values(merge: Merge) -> dict[str, Any]:
    return {
        "id": merge.id,
        "user_id": merge.user_id.encode(),
        "into_id": merge.into.encode(),
        "reason": merge.reason,
        "merged_by": merge.merged_by,
        "merged_at": time_of(merge.merged_at_ms),
    }


def _merge(row: Row[Any]) -> Merge:
    return Merge(
        id=row.id,
        user_id=row.user_id.decode(),
        into=row.into_id.decode(),
        reason=row.reason,
        merged_by=row.merged_by,
        merged_at_ms=ms_of(row.merged_at),
        undone_by=row.undone_by,
        undone_at_ms=None if row.undone_at is None else ms_of(row.undone_at),
    )


def _identity(row: Row[Any]) -> Identity:
    return Identity(row.user_id.decode(), row.canonical.decode(), row.merge_id, row.change_no, ms_of(row.changed_at))
