"""Cursors: where a page ended, as opaque text. A client passes it back and never looks inside."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

import orjson
from pydantic import StringConstraints

from api.errors import invalid

Cursor = Annotated[str, StringConstraints(max_length=1000)]


def encode(position: str | int) -> str:
    """The cursor of a page whose last item is at `position`."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def _decode(cursor: str) -> str | int | None:
    try:
        return orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        return None


def decode_text(cursor: str | None) -> str:
    """The position in an order of text; "" for no cursor. Raises ApiError when this API did not make the cursor."""
    if cursor is None:
        return ""
    position = _decode(cursor)
    if not isinstance(position, str):
        raise _refused(cursor)
    return position


def decode_number(cursor: str | None) -> int:
    """The position in an order of numbers from 1 on; 0 for no cursor. Raises ApiError when this API did not make the cursor."""
    if cursor is None:
        return 0
    position = _decode(cursor)
    if type(position) is not int or not 0 < position < 2**32:
        raise _refused(cursor)
    return position


def _refused(cursor: str):
    return invalid("cursor", "is not a cursor of this list", got=cursor, allowed="the `next` of the page before")
