"""Tag changes: what one message of a tag topic says about one user."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from tagging.events import MAX_ID_LENGTH
from tagging.names import parse_tag_topic

_tag_of = lru_cache(maxsize=4096)(parse_tag_topic)
_SCALARS = (str, int, float, bool, type(None))


class TagChange(NamedTuple):
    """A user's new value of a tag version; `value` None is "no value". `changed_at_ms`: when the log took it, epoch ms."""

    tag: str
    version: int
    user_id: str
    value: str | int | float | bool | None
    offset: int
    changed_at_ms: int


class NotAChange(ValueError):
    """A message of a tag topic that says nothing we understand. The text says what was found and what was expected."""


def decode(topic: str, key: bytes | None, value: bytes | None, offset: int, timestamp_ms: int) -> TagChange:
    """The change in one message. A tombstone and a value null both mean "no value". Raises NotAChange."""
    try:
        tag, version = _tag_of(topic)
    except ValueError as error:
        raise NotAChange(str(error)) from error
    if not key:
        raise NotAChange("the key is empty; expected the user_id")
    try:
        user_id = key.decode()
    except UnicodeDecodeError as error:
        raise NotAChange(f"the key {key[:80]!r} is not UTF-8; expected the user_id") from error
    if len(user_id) > MAX_ID_LENGTH:
        raise NotAChange(f"the key has {len(user_id)} characters; a user_id has at most {MAX_ID_LENGTH}")
    return TagChange(tag, version, user_id, None if value is None else _value(value, user_id), offset, timestamp_ms)


def _value(message: bytes, user_id: str) -> Any:
    try:
        found = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise NotAChange(f"the value is not JSON: {error}") from error
    if type(found) is not dict or "value" not in found:
        raise NotAChange('the value is not {"user_id": ..., "value": ...}')
    if found.get("user_id") != user_id:
        raise NotAChange(f"the key says user {user_id!r}, the value says {found.get('user_id')!r}")
    if type(found["value"]) not in _SCALARS:
        raise NotAChange(f"a tag's value is a text, a number, true, false or null; got {type(found['value']).__name__}")
    return found["value"]
