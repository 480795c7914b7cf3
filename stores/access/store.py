"""Accounts in MySQL: each method is one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from stores.access.models import DeedRow, KeyRow, SessionRow, UserRow
from stores.access.ports import Change
from stores.access.times import ms, ms_or_none, utc, utc_or_none
from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, naming_failures
from stores.settings import Settings
from tagging.access import Role
from tagging.accounts import AccessRefused, Deed, DeedFilter, Key, Session, User, missing

_USERS = UserRow.__table__
_KEYS = KeyRow.__table__
_SESSIONS = SessionRow.__table__
_DEEDS = DeedRow.__table__


class AccessTables:
    """See `stores.access.ports.Access`. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction, committed at the end."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            yield connection

    def users(self) -> Sequence[User]:
        """See `Access`."""
        with self.transaction() as connection:
            return _users(connection)

    def user(self, name: str) -> User | None:
        """See `Access`."""
        with self.transaction() as connection:
            row = connection.execute(select(_USERS).where(_USERS.c.name == name)).one_or_none()
        return row and _user(row)

    def add_user(self, user: User, deed: Deed) -> None:
        """See `Access`."""
        values = {**_values(user), "name": user.name, "created_at": utc(user.created_at_ms)}
        with self.transaction() as connection:
            try:
                connection.execute(insert(UserRow).values(**values))
            except IntegrityError as error:
                message = f"there is a user {user.name} already, or somebody else with this subject"
                raise AccessRefused("user_exists", message) from error
            _write(connection, deed)

    def change_user(self, name: str, change: Change, deed: Deed) -> User:
        """See `Access`."""
        with self.transaction() as connection:
            users = _users(connection, lock=True)
            before = next((user for user in users if user.name == name), None)
            if before is None:
                raise missing("user", name)
            after = change(before, users)
            connection.execute(update(UserRow).where(_USERS.c.name == name).values(**_values(after)))
            if after.disabled or after.password_hash != before.password_hash:
                connection.execute(delete(SessionRow).where(_SESSIONS.c.user == name))
            _write(connection, deed)
            return after

    def signed_in(self, name: str, session: Session, deed: Deed) -> None:
        """See `Access`."""
        now = utc(session.created_at_ms)
        values = {"token_hash": session.token_hash, "user": session.user, "created_at": now}
        with self.transaction() as connection:
            connection.execute(delete(SessionRow).where(_SESSIONS.c.expires_at <= now))
            connection.execute(insert(SessionRow).values(**values, expires_at=utc(session.expires_at_ms)))
            connection.execute(update(UserRow).where(_USERS.c.name == name).values(last_login_at=now))
            _write(connection, deed)

    def session(self, token_hash: str, at_ms: int) -> tuple[Session, User] | None:
        """See `Access`."""
        query = (
            select(_USERS, _SESSIONS.c.created_at.label("began_at"), _SESSIONS.c.expires_at)
            .join(_SESSIONS, _SESSIONS.c.user == _USERS.c.name)
            .where(_SESSIONS.c.token_hash == token_hash, _SESSIONS.c.expires_at > utc(at_ms))
        )
        with self.transaction() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Session(token_hash, row.name, ms(row.began_at), ms(row.expires_at)), _user(row)

    def end_session(self, token_hash: str) -> None:
        """See `Access`."""
        with self.transaction() as connection:
            connection.execute(delete(SessionRow).where(_SESSIONS.c.token_hash == token_hash))

    def all_keys(self) -> Sequence[Key]:
        """See `Access`."""
        query = select(_KEYS).order_by(_KEYS.c.created_at.desc(), _KEYS.c.prefix)
        with self.transaction() as connection:
            return [_key(row) for row in connection.execute(query)]

    def key(self, prefix: str) -> Key | None:
        """See `Access`."""
        with self.transaction() as connection:
            row = connection.execute(select(_KEYS).where(_KEYS.c.prefix == prefix)).one_or_none()
        return row and _key(row)

    def add_key(self, key: Key, deed: Deed) -> None:
        """See `Access`."""
        values = {
            "prefix": key.prefix,
            "name": key.name,
            "role": key.role.value,
            "secret_hash": key.secret_hash,
            "created_by": key.created_by,
            "created_at": utc(key.created_at_ms),
            "expires_at": utc_or_none(key.expires_at_ms),
        }
        with self.transaction() as connection:
            connection.execute(insert(KeyRow).values(**values))
            _write(connection, deed)

    def revoke_key(self, prefix: str, at_ms: int, deed: Deed) -> None:
        """See `Access`."""
        found = update(KeyRow).where(_KEYS.c.prefix == prefix, _KEYS.c.revoked_at.is_(None))
        with self.transaction() as connection:
            if connection.execute(found.values(revoked_at=utc(at_ms))).rowcount != 1:
                raise missing("key", prefix)
            _write(connection, deed)

    def touch_key(self, prefix: str, at_ms: int) -> None:
        """See `Access`."""
        with self.transaction() as connection:
            connection.execute(update(KeyRow).where(_KEYS.c.prefix == prefix).values(last_used_at=utc(at_ms)))

    def begin(self, deed: Deed) -> int:
        """See `Access`."""
        with self.transaction() as connection:
            return _write(connection, deed)

    def finish(self, line: int, outcome: int, detail: str) -> None:
        """See `Access`."""
        with self.transaction() as connection:
            connection.execute(update(DeedRow).where(_DEEDS.c.id == line).values(outcome=outcome, detail=detail[:1000]))

    def deeds(self, wanted: DeedFilter, before: int | None, limit: int) -> Sequence[Deed]:
        """See `Access`."""
        query = select(_DEEDS).order_by(_DEEDS.c.id.desc()).limit(limit)
        conditions = [
            (before, lambda: _DEEDS.c.id < before),
            (wanted.actor, lambda: _DEEDS.c.actor == wanted.actor),
            (wanted.what, lambda: _DEEDS.c.what.startswith(wanted.what or "", autoescape=True)),
            (wanted.subject, lambda: _DEEDS.c.subject == wanted.subject),
            (wanted.from_ms, lambda: _DEEDS.c.at >= utc(wanted.from_ms or 0)),
            (wanted.until_ms, lambda: _DEEDS.c.at < utc(wanted.until_ms or 0)),
        ]
        for given, condition in conditions:
            if given is not None:
                query = query.where(condition())
        with self.transaction() as connection:
            return [_deed(row) for row in connection.execute(query)]


def _users(connection: Connection, lock: bool = False) -> list[User]:
    query = select(_USERS).order_by(_USERS.c.name)
    return [_user(row) for row in connection.execute(query.with_for_update() if lock else query)]


def _values(user: User) -> dict[str, Any]:
    return {
        "role": user.role.value,
        "password_hash": user.password_hash,
        "subject": user.subject,
        "disabled": user.disabled,
    }


def _user(row: Row[Any]) -> User:
    return User(
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        subject=row.subject,
        disabled=bool(row.disabled),
        created_at_ms=ms(row.created_at),
        last_login_at_ms=ms_or_none(row.last_login_at),
    )


def _key(row: Row[Any]) -> Key:
    return Key(
        prefix=row.prefix,
        name=row.name,
        role=Role(row.role),
        secret_hash=row.secret_hash,
        created_by=row.created_by,
        created_at_ms=ms(row.created_at),
        expires_at_ms=ms_or_none(row.expires_at),
        last_used_at_ms=ms_or_none(row.last_used_at),
        revoked_at_ms=ms_or_none(row.revoked_at),
    )


def _write(connection: Connection, deed: Deed) -> int:
    values = {
        "at": utc(deed.at_ms),
        "actor": deed.actor[:128],
        "role": deed.role,
        "what": deed.what[:100],
        "subject": deed.subject[:300],
        "detail": deed.detail[:1000],
        "outcome": deed.outcome,
        "request_id": deed.request_id,
        "client": deed.client[:64],
    }
    return connection.execute(insert(DeedRow).values(**values)).inserted_primary_key[0]


def _deed(row: Row[Any]) -> Deed:
    return Deed(
        at_ms=ms(row.at),
        actor=row.actor,
        role=row.role,
        what=row.what,
        subject=row.subject,
        detail=row.detail,
        outcome=row.outcome,
        request_id=row.request_id,
        client=row.client,
        id=row.id,
    )
