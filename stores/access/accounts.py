"""What is done with accounts, by the API and by hand: each change with who made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stores.access import credentials
from stores.access.ports import Access
from tagging.access import USER_NAME, Role, password_problem
from tagging.accounts import AccessRefused, Deed, Key, Session, User, keep_an_admin

DAY_MS = 86_400_000
TOUCHED_EVERY_MS = 60_000
"""A key's last use is written at most so often: a write at every request would cost more than it tells."""


@dataclass(frozen=True)
class By:
    """Who does it, and from where."""

    name: str
    role: str = ""
    request_id: str = ""
    client: str = ""


class Accounts:
    """Raises AccessRefused for what is not done, and what the store raises."""

    def __init__(self, store: Access, clock: Callable[[], int]) -> None:
        self.store = store
        self._clock = clock

    def add_user(self, by: By, name: str, role: Role, password: str) -> User:
        """Add a person who signs in with a password."""
        _check_name(name)
        _check_role(role)
        _check_password(name, password)
        user = User(name, role, credentials.hash_password(password), created_at_ms=self._clock())
        self.store.add_user(user, self._deed(by, "users.add", name, f"role {role}"))
        return user

    def change_user(
        self,
        by: By,
        name: str,
        role: Role | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> User:
        """Give a user another role or password, shut the user out, or let one in again: all of it or nothing."""
        if role is not None:
            _check_role(role)
        if password is not None:
            _check_password(name, password)
        hashed = None if password is None else credentials.hash_password(password)

        def change(user: User, users: Sequence[User]) -> User:
            changed = replace(
                user,
                role=role or user.role,
                disabled=user.disabled if disabled is None else disabled,
                password_hash=hashed or user.password_hash,
            )
            keep_an_admin(users, changed)
            return changed

        done = [f"role {role}"] if role else []
        done += [] if disabled is None else ["disabled" if disabled else "enabled"]
        done += [] if password is None else ["another password"]
        return self.store.change_user(name, change, self._deed(by, "users.change", name, ", ".join(done)))

    def login(self, by: By, name: str, password: str) -> User | None:
        """The user whose name and password these are; None without saying what is wrong."""
        user = self.store.user(name) if USER_NAME.fullmatch(name) else None
        fits = credentials.password_fits(password, user.password_hash if user else "")
        if user is None or not fits or user.disabled:
            self.store.begin(replace(self._deed(by, "session.refused", name), outcome=401))
            return None
        if credentials.is_outdated(user.password_hash):
            hashed = credentials.hash_password(password)
            deed = self._deed(by, "users.rehash", name)
            user = self.store.change_user(name, lambda known, users: replace(known, password_hash=hashed), deed)
        return user

    def login_by_subject(self, by: By, subject: str, name: str, role: Role) -> User:
        """The user of an identity provider's subject, added at the first sign-in.

        A name that somebody else has is refused: whoever names themselves so at the provider is not that person.
        """
        user = next((known for known in self.store.users() if known.subject == subject), None)
        if user is None:
            _check_name(name)
            user = User(name, role, subject=subject, created_at_ms=self._clock())
            self.store.add_user(user, self._deed(by, "users.add", name, f"role {role}, by the identity provider"))
        if user.disabled:
            raise AccessRefused("user_disabled", f"the user {user.name} is disabled")
        return user

    def open_session(self, by: By, user: User, hours: float) -> tuple[str, Session]:
        """(token, session) of a user who has just signed in."""
        token = credentials.new_token()
        now = self._clock()
        session = Session(credentials.digest(token), user.name, now, now + int(hours * 3_600_000))
        self.store.signed_in(user.name, session, self._deed(by, "session.open", user.name))
        return token, session

    def close_session(self, by: By, token: str) -> None:
        """Sign one browser out."""
        self.store.end_session(credentials.digest(token))
        self.store.begin(self._deed(by, "session.close", by.name))

    def user_of(self, token: str) -> tuple[Session, User] | None:
        """Whose session a token is of."""
        found = self.store.session(credentials.digest(token), self._clock())
        return found if found and not found[1].disabled else None

    def add_key(self, by: By, name: str, role: Role, days: float | None) -> tuple[Key, str]:
        """(key, the whole key): nobody can read the latter again."""
        _check_name(name)
        prefix, whole = credentials.new_key()
        now = self._clock()
        expires = None if days is None else now + int(days * DAY_MS)
        key = Key(prefix, name, role, credentials.digest(whole), by.name, now, expires)
        self.store.add_key(key, self._deed(by, "keys.add", prefix, f"{name}, role {role}"))
        return key, whole

    def revoke_key(self, by: By, prefix: str) -> None:
        """Make a key open nothing."""
        self.store.revoke_key(prefix, self._clock(), self._deed(by, "keys.revoke", prefix))

    def key_of(self, whole: str) -> Key | None:
        """The key that a text is, if it opens anything now."""
        prefix = credentials.prefix_of(whole)
        key = self.store.key(prefix) if prefix else None
        now = self._clock()
        if key is None or not credentials.same(credentials.digest(whole), key.secret_hash) or not key.valid(now):
            return None
        if now - (key.last_used_at_ms or 0) >= TOUCHED_EVERY_MS:
            self.store.touch_key(key.prefix, now)
        return key

    def _deed(self, by: By, what: str, subject: str, detail: str = "") -> Deed:
        # The length of a name that somebody tried is theirs to choose.
        subject = subject[:100]
        return Deed(
            self._clock(),
            by.name,
            by.role,
            what,
            subject,
            detail,
            request_id=by.request_id,
            client=by.client,
            outcome=200,
        )


def _check_name(name: str) -> None:
    if not USER_NAME.fullmatch(name):
        allowed = "2 to 63 of a-z, 0-9 . _ @ and -, from a letter on"
        raise AccessRefused("name_not_allowed", f"{name[:80]!r} is not a name; allowed: {allowed}")


def _check_role(role: Role) -> None:
    if role is Role.SERVICE:
        raise AccessRefused("role_not_allowed", "a person is no service: give the service an API key")


def _check_password(name: str, password: str) -> None:
    problem = password_problem(name, password)
    if problem:
        raise AccessRefused("password_not_allowed", problem)
