"""What proves who somebody is: passwords by Argon2id, tokens and keys as random texts of which the hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

KEY_MARK = "tgs"
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """A salted hash with its own parameters in it."""
    return _hasher.hash(password)


def password_fits(password: str, password_hash: str) -> bool:
    """Whether it is the password. Without a hash it takes as long and is wrong: the time tells nobody who exists."""
    try:
        return _hasher.verify(password_hash or _nobody(), password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the library would hash with stronger parameters by now."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def new_token() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256: enough for what is random and long, which nobody can guess from its hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(token: str) -> str:
    """What a page of the session's own origin can know, and another origin cannot: bound to the session by a hash."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def new_key() -> tuple[str, str]:
    """(prefix, the whole key). The prefix names the key in lists and logs."""
    prefix = secrets.token_hex(4)
    return prefix, f"{KEY_MARK}_{prefix}_{new_token()}"


def prefix_of(key: str) -> str | None:
    """A key's prefix, or None for what is no key."""
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if mark == KEY_MARK and len(prefix) == 8 and secret else None


def same(given: str, wanted: str) -> bool:
    """Compared in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(), wanted.encode())
