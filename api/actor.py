"""Who sends a request. The one place that knows: what is written under a name asks here."""

from __future__ import annotations

from flask import request

from api.errors import invalid

HEADER = "X-Actor"
NOBODY_ELSE = "local"
LONGEST = 128


def actor() -> str:
    """The name of the person or program that sent this request. Raises ApiError for what is no name."""
    name = request.headers.get(HEADER, NOBODY_ELSE).strip()
    if not 0 < len(name) <= LONGEST or not name.isprintable():
        raise invalid(HEADER, "is no name", got=name, allowed=f"1 to {LONGEST} printable characters")
    return name
