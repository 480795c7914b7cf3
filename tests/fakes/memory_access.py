"""Accounts in memory. They pass the contract suite of the real ones (tests/contract/test_access_store.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stores.access.ports import Change
from tagging.accounts import AccessRefused, Deed, DeedFilter, Key, Session, User, missing
from tests.fakes.breakable import Breakable


class MemoryAccess(Breakable):
    """Users by name, keys by prefix, sessions by hash."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self._users: dict[str, User] = {}
        self._keys: dict[str, Key] = {}
        self._sessions: dict[str, Session] = {}
        self._deeds: list[Deed] = []

    def users(self) -> Sequence[User]:
        self.ask()
        return [self._users[name] for name in sorted(self._users)]

    def user(self, name: str) -> User | None:
        self.ask()
        return self._users.get(name)

    def add_user(self, user: User, deed: Deed) -> None:
        self.ask()
        subjects = {known.subject for known in self._users.values()} - {None}
        if user.name in self._users or user.subject in subjects:
            message = f"there is a user {user.name} already, or somebody else with this subject"
            raise AccessRefused("user_exists", message)
        self._users[user.name] = user
        self.begin(deed)

    def change_user(self, name: str, change: Change, deed: Deed) -> User:
        before = self.user(name)
        if before is None:
            raise missing("user", name)
        after = change(before, self.users())
        self._users[name] = after
        if after.disabled or after.password_hash != before.password_hash:
            self._sessions = {key: session for key, session in self._sessions.items() if session.user != name}
        self.begin(deed)
        return after

    def signed_in(self, name: str, session: Session, deed: Deed) -> None:
        self.ask()
        now = session.created_at_ms
        self._sessions = {key: known for key, known in self._sessions.items() if known.expires_at_ms > now}
        self._sessions[session.token_hash] = session
        self._users[name] = replace(self._users[name], last_login_at_ms=now)
        self.begin(deed)

    def session(self, token_hash: str, at_ms: int) -> tuple[Session, User] | None:
        self.ask()
        found = self._sessions.get(token_hash)
        return (found, self._users[found.user]) if found and found.expires_at_ms > at_ms else None

    def end_session(self, token_hash: str) -> None:
        self.ask()
        self._sessions.pop(token_hash, None)

    def all_keys(self) -> Sequence[Key]:
        self.ask()
        return sorted(self._keys.values(), key=lambda key: (-key.created_at_ms, key.prefix))

    def key(self, prefix: str) -> Key | None:
        self.ask()
        return self._keys.get(prefix)

    def add_key(self, key: Key, deed: Deed) -> None:
        self.ask()
        self._keys[key.prefix] = key
        self.begin(deed)

    def revoke_key(self, prefix: str, at_ms: int, deed: Deed) -> None:
        found = self.key(prefix)
        if found is None or found.revoked_at_ms is not None:
            raise missing("key", prefix)
        self._keys[prefix] = replace(found, revoked_at_ms=at_ms)
        self.begin(deed)

    def touch_key(self, prefix: str, at_ms: int) -> None:
        self.ask()
        self._keys[prefix] = replace(self._keys[prefix], last_used_at_ms=at_ms)

    def begin(self, deed: Deed) -> int:
        self.ask()
        self._deeds.append(replace(deed, id=len(self._deeds) + 1))
        return len(self._deeds)

    def finish(self, line: int, outcome: int, detail: str) -> None:
        self.ask()
        self._deeds[line - 1] = replace(self._deeds[line - 1], outcome=outcome, detail=detail)

    def deeds(self, wanted: DeedFilter, before: int | None, limit: int) -> Sequence[Deed]:
        self.ask()
        return [
            deed
            for deed in reversed(self._deeds)
            if (before is None or deed.id < before)
            and wanted.actor in (None, deed.actor)
            and deed.what.startswith(wanted.what or "")
            and wanted.subject in (None, deed.subject)
            and (wanted.from_ms is None or deed.at_ms >= wanted.from_ms)
            and (wanted.until_ms is None or deed.at_ms < wanted.until_ms)
        ][:limit]
