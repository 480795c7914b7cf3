"""What a request says about what it rests on: the revision that was read, and whether it may have come before."""

from __future__ import annotations

import hashlib
import re

from flask import request

from api.errors import ApiError, invalid

ETAG = re.compile(r'"([1-9][0-9]{0,8})"')
LONGEST_KEY = 200
KEY = re.compile(r"[!-~]{1,200}")


def revision_read(noun: str) -> int:
    """The revision in If-Match, which a change must name. Raises ApiError."""
    given = request.headers.get("If-Match")
    if given is None:
        raise ApiError(428, "if_match_missing", f"Send If-Match with the ETag of the {noun} as it was read")
    found = ETAG.fullmatch(given)
    if not found:
        raise invalid("If-Match", f"is no ETag of a {noun}", got=given, allowed='one revision in quotes, such as "3"')
    return int(found[1])


def idempotency_key() -> str | None:
    """The request's Idempotency-Key, if it has one. Raises ApiError."""
    given = request.headers.get("Idempotency-Key")
    if given is not None and not KEY.fullmatch(given):
        allowed = f"1 to {LONGEST_KEY} ASCII characters without spaces"
        raise invalid("Idempotency-Key", "is no key", got=given, allowed=allowed)
    return given


def require_json() -> None:
    """Refuse a body that is no JSON: the library would take it for an empty one. Raises ApiError."""
    if request.method in ("POST", "PUT"):
        request.get_json()


def fingerprint(*parts: str) -> str:
    """Of what a request asks: the same for the same parts alone."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
