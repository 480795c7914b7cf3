"""Under which name a request writes. The one place that knows: what is written under a name asks here."""

from __future__ import annotations

from flask import request

from api.access.actor import current_actor
from api.errors import invalid

HEADER = "X-Actor"
LONGEST = 128


def actor() -> str:
    """The name of the person or program that sent this request.

    While access is open nobody signs in, and the header may tell people apart. Raises ApiError for what is no name.
    """
    signed_in = current_actor()
    if signed_in.kind != "local":
        return signed_in.name
    name = request.headers.get(HEADER, signed_in.name).strip()
    if not 0 < len(name) <= LONGEST or not name.isprintable():
        raise invalid(HEADER, "is no name", got=name, allowed=f"1 to {LONGEST} printable characters")
    return name
