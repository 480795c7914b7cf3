"""Tags and their versions in MySQL: a read is one query, a write one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Row, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

import sql
from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, lacks_table, naming_failures
from stores.registry.models import AuditRow, TagRow, VersionRow
from stores.registry.requests import Asked, earlier, remember
from stores.registry.times import ms_of, time_of
from stores.settings import Settings
from tagging.lifecycle import Red, Status, Tag, TagVersion
from tagging.parity_history import red_reason


class Conflict(Exception):
    """The tag was written by somebody else since it was read: read it again. Or a version's text was to change."""


@dataclass(frozen=True)
class Entry:
    """One line of the audit trail. `version` is None for what concerns the whole tag."""

    tag: str
    version: int | None
    who: str
    what: str
    at_ms: int


@dataclass(frozen=True)
class Pointer:
    """A tag and its live version, which readers ask the stores for; None and "" where none is live.

    `others`: number and text of each other version that may hold values, and of the newest, in order. They say who may see them.
    """

    tag: str
    version: int | None
    text: str
    others: tuple[tuple[int, str], ...] = ()


MAY_HOLD_VALUES = (Status.BUILDING, Status.READY, Status.RETIRED)
"""A retired version does until it is cleaned."""


class Tags(Protocol):
    """What is asked of the registry."""

    def tags(self) -> Sequence[Tag]:
        """All tags with all versions, in order of name."""

    def tag(self, name: str) -> Tag | None:
        """One tag, or None."""

    def pointers(self) -> Sequence[Pointer]:
        """Every tag's live version, in order of name: a consistent cut over all tags."""

    def save(self, tag: Tag, entries: Sequence[Entry], asked: Asked | None = None) -> Tag:
        """Write a changed tag and what was done to it, all or nothing; returns it with its new revision.

        Raises Conflict when its revision is not the stored one, or a text that is stored would change, AskedTwice
        when the request that asks for it was `asked` before, and `tagging.lifecycle.Red` when readers would come to see
        a version whose newest parity run found a difference.
        """

    def asked(self, who: str, key: str) -> Asked | None:
        """The request of this person that used this key, if one did in the last day."""

    def audit(self, tag: str, limit: int = 100) -> Sequence[Entry]:
        """What was done to a tag, the newest first."""


class TagRegistry:
    """See `Tags`. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def tags(self) -> Sequence[Tag]:
        """See `Tags`."""
        return _tags(self._read(_ALL))

    def tag(self, name: str) -> Tag | None:
        """See `Tags`."""
        return next(iter(_tags(self._read(_ALL.where(TagRow.name == name)))), None)

    def pointers(self) -> Sequence[Pointer]:
        """See `Tags`."""
        return _pointers(self._read(_POINTERS))

    def audit(self, tag: str, limit: int = 100) -> Sequence[Entry]:
        """See `Tags`."""
        query = select(AuditRow.__table__).where(AuditRow.tag == tag).order_by(AuditRow.id.desc()).limit(limit)
        return [Entry(row.tag, row.version, row.who, row.what, ms_of(row.done_at)) for row in self._read(query)]

    def save(self, tag: Tag, entries: Sequence[Entry], asked: Asked | None = None) -> Tag:
        """See `Tags`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            if asked:
                remember(connection, asked)
            _refuse_red(connection, tag)
            revision = _claim(connection, tag)
            _write_versions(connection, tag)
            if entries:
                connection.execute(insert(AuditRow), [_audit_values(entry) for entry in entries])
        return Tag(tag.name, tag.owner, tag.dimension, tag.versions, revision)

    def asked(self, who: str, key: str) -> Asked | None:
        """See `Tags`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            return earlier(connection, who, key)

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with naming_failures(self._settings), self._engine.connect() as connection:
            return connection.execute(query).all()


_ALL = (
    select(TagRow.name, TagRow.owner, TagRow.dimension, TagRow.revision, *VersionRow.__table__.columns)
    .outerjoin(VersionRow, VersionRow.tag == TagRow.name)
    .order_by(TagRow.name, VersionRow.version)
)
_WITHOUT_TEXT = [column for column in VersionRow.__table__.columns if column.name != "text"]
_NEWEST = select(VersionRow.tag, func.max(VersionRow.version).label("version")).group_by(VersionRow.tag).subquery()
_POINTERS = (
    select(TagRow.name, TagRow.live_version, VersionRow.version, VersionRow.text)
    .outerjoin(_NEWEST, _NEWEST.c.tag == TagRow.name)
    .outerjoin(
        VersionRow,
        (VersionRow.tag == TagRow.name)
        & or_(
            VersionRow.version == TagRow.live_version,
            VersionRow.version == _NEWEST.c.version,
            VersionRow.status.in_(MAY_HOLD_VALUES) & VersionRow.cleaned.is_(False),
        ),
    )
    .order_by(TagRow.name, VersionRow.version)
)


def _refuse_red(connection: Connection, tag: Tag) -> None:
    """In the transaction that moves the pointer: so that no way to publish can forget it."""
    if tag.live is None or tag.revision == 0:
        return
    seen = connection.scalar(select(TagRow.live_version).where(TagRow.name == tag.name))
    if seen == tag.live.version:
        return
    values = {"tag": tag.name, "version": tag.live.version}
    try:
        row = connection.exec_driver_sql(sql.text("mysql/parity/wrong_of_version.sql"), values).first()
    except ProgrammingError as error:
        # A database from before there was a history: nothing has been compared in it.
        if not lacks_table(error):
            raise
        return
    if row is not None and row.wrong:
        where = f"version {tag.live.version} of tag {tag.name}"
        allowed = "a version whose newest run found no difference; ask for a new run with POST /api/v1/parity/runs"
        raise Red("show readers", where, red_reason(row.run_id, int(row.wrong)), allowed)


def _claim(connection: Connection, tag: Tag) -> int:
    """Take the tag's row for this transaction, if it is still as it was read."""
    values = {
        "owner": tag.owner,
        "dimension": tag.dimension,
        "live_version": tag.live.version if tag.live else None,
        "revision": tag.revision + 1,
    }
    if tag.revision == 0:
        try:
            connection.execute(insert(TagRow).values(name=tag.name, **values))
        except IntegrityError as error:
            raise Conflict(f"tag {tag.name} is there already: read it, then write") from error
    else:
        found = update(TagRow).where(TagRow.name == tag.name, TagRow.revision == tag.revision).values(**values)
        if connection.execute(found).rowcount != 1:
            raise Conflict(f"tag {tag.name} was written since revision {tag.revision} was read: read it again")
    return tag.revision + 1


def _write_versions(connection: Connection, tag: Tag) -> None:
    """Those that are new or changed: a tag may have very many that stay as they are."""
    query = select(*_WITHOUT_TEXT).where(VersionRow.tag == tag.name)
    stored = {row.version: row for row in connection.execute(query)}
    for version in tag.versions:
        values = {
            "status": version.status.value,
            "cause": version.cause,
            "created_by": version.created_by,
            "approved_by": version.approved_by,
            "job": version.job,
            "cleaned": version.cleaned,
            "changed_at": time_of(version.changed_at_ms),
        }
        held = stored.get(version.version)
        if held is None:
            row = insert(VersionRow).values(tag=tag.name, version=version.version, text=version.text, **values)
            connection.execute(row)
        elif held.checksum != version.checksum:
            raise Conflict(f"version {version.version} of tag {tag.name} has another text: add a version")
        elif any(getattr(held, name) != value for name, value in values.items()):
            key = (VersionRow.tag == tag.name, VersionRow.version == version.version)
            connection.execute(update(VersionRow).where(*key).values(**values))


def _audit_values(entry: Entry) -> dict[str, Any]:
    return {
        "tag": entry.tag,
        "version": entry.version,
        "who": entry.who,
        "what": entry.what,
        "done_at": time_of(entry.at_ms),
    }


def _pointers(rows: Sequence[Row[Any]]) -> list[Pointer]:
    live: dict[str, int | None] = {row.name: row.live_version for row in rows}
    texts: dict[str, dict[int, str]] = {}
    for row in rows:
        of_tag = texts.setdefault(row.name, {})
        if row.version is not None:
            of_tag[row.version] = row.text
    return [pointer(name, live[name], of_tag) for name, of_tag in texts.items()]


def pointer(tag: str, live: int | None, texts: Mapping[int, str]) -> Pointer:
    """A tag's pointer, from the texts of those of its versions that count. A live version that is not among them is none."""
    found = live if live in texts else None
    others = tuple((number, text) for number, text in sorted(texts.items()) if number != found)
    return Pointer(tag, found, "" if found is None else texts[found], others)


def _tags(rows: Sequence[Row[Any]]) -> list[Tag]:
    heads: dict[str, Row[Any]] = {}
    versions: dict[str, list[TagVersion]] = {}
    for row in rows:
        heads.setdefault(row.name, row)
        of_tag = versions.setdefault(row.name, [])
        if row.version is not None:
            of_tag.append(_version(row))
    return [Tag(name, head.owner, head.dimension, tuple(versions[name]), head.revision) for name, head in heads.items()]


def _version(row: Row[Any]) -> TagVersion:
    # Anybody may write a row: one with a status that there is not must not keep all other tags from being read.
    known = row.status in list(Status)
    return TagVersion(
        version=row.version,
        text=row.text,
        created_by=row.created_by,
        changed_at_ms=ms_of(row.changed_at),
        status=Status(row.status) if known else Status.FAILED,
        cause=row.cause if known else f"status {row.status!r} in the registry; allowed: {', '.join(Status)}",
        approved_by=row.approved_by,
        job=row.job,
        cleaned=bool(row.cleaned),
    )
