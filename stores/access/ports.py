"""What is asked of the store of accounts. Times are epoch milliseconds; a change and its line are written together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tagging.accounts import Deed, DeedFilter, Key, Session, User

Change = Callable[[User, Sequence[User]], User]
"""From a user, and all users while nobody else can change them, to the changed one; raises what stands against it."""


class Access(Protocol):
    """Users, API keys, sessions, and the audit log."""

    def users(self) -> Sequence[User]:
        """All, in order of name."""

    def user(self, name: str) -> User | None:
        """One."""

    def add_user(self, user: User, deed: Deed) -> None:
        """Raises AccessRefused for a name, or a subject, that is there already."""

    def change_user(self, name: str, change: Change, deed: Deed) -> User:
        """Change one. Another password, and disabling, end the user's sessions. Raises AccessRefused."""

    def signed_in(self, name: str, session: Session, deed: Deed) -> None:
        """Keep a new session of a user; sessions that have expired are removed."""

    def session(self, token_hash: str, at_ms: int) -> tuple[Session, User] | None:
        """A session that has not expired, and its user as it is now."""

    def end_session(self, token_hash: str) -> None:
        """Sign one browser out."""

    def all_keys(self) -> Sequence[Key]:
        """All, the newest first, the revoked ones too."""

    def key(self, prefix: str) -> Key | None:
        """One."""

    def add_key(self, key: Key, deed: Deed) -> None:
        """Keep a new key."""

    def revoke_key(self, prefix: str, at_ms: int, deed: Deed) -> None:
        """From now on it opens nothing. Raises AccessRefused for one that is not there or was revoked before."""

    def touch_key(self, prefix: str, at_ms: int) -> None:
        """It was used."""

    def begin(self, deed: Deed) -> int:
        """Write a line before the change that it records; its id."""

    def finish(self, line: int, outcome: int, detail: str) -> None:
        """Say how the change ended."""

    def deeds(self, wanted: DeedFilter, before: int | None, limit: int) -> Sequence[Deed]:
        """At most `limit` lines with ids below `before`, the newest first."""
