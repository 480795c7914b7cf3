"""Which behaviour events are valid. The one rule for the events sink and the API, equal to what the Flink table `events` reads.

Flink's reader makes text of any scalar, object or list where a text is wanted, and a number of a text where a number is
wanted. What it accepts is accepted here, with the same value; what it skips or filters is refused here, with the reason.
"""

from __future__ import annotations

import json
import math
import re
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from tagging import lenient_json
from tagging.lenient_json import Double, NotJson, check_limits

MAX_ID_LENGTH = 128
"""Of event_id, user_id and event_type, in characters."""

AHEAD_MS = 5 * 60 * 1000
"""How far an event may claim to have occurred after the log took it in."""

_MAX_LONG = 2**63 - 1
_SMALL_MESSAGE = 900


class Reason(StrEnum):
    """Why an event is a dead letter."""

    MALFORMED = "malformed"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    FUTURE = "future"
    TOO_LARGE = "too_large"


class Event(NamedTuple):
    """A valid event. `occurred_at_ms`: epoch ms. A property without a value is left out."""

    event_id: str
    user_id: str
    event_type: str
    item_id: str | None
    properties: dict[str, str]
    occurred_at_ms: int


class Refused(NamedTuple):
    """Why a message is no valid event; `detail` names the field and what was found."""

    reason: Reason
    detail: str


def read_events(message: bytes | None, logged_at_ms: int) -> tuple[list[Event], Refused | None]:
    """The valid events of one message of the events topic, and why the message, or a part of it, is refused.

    A message is one event, or a list of events. `logged_at_ms`: the log's own timestamp. Never raises.
    """
    try:
        if not message:
            raise NotJson("empty")
        try:
            # The fast parser knows most messages; it refuses or rounds what the reader would not.
            found = orjson.loads(message)
            if len(message) > _SMALL_MESSAGE:
                check_limits(message.decode())
            return _judged(found, logged_at_ms)
        except (orjson.JSONDecodeError, _Rounded):
            return _judged(lenient_json.read(message), logged_at_ms)
    except NotJson as error:
        return [], Refused(Reason.MALFORMED, str(error))


def read_event(message: bytes | None, logged_at_ms: int) -> Event | Refused:
    """A message that should be one event, as that event, or why it is none. Never raises."""
    events, refused = read_events(message, logged_at_ms)
    if refused is None and len(events) > 1:
        return Refused(Reason.MALFORMED, f"a list of {len(events)} events where one was expected")
    return refused or events[0]


def _judged(found: Any, logged_at_ms: int) -> tuple[list[Event], Refused | None]:
    if type(found) is not list:
        event = _event(found, logged_at_ms)
        return ([event], None) if type(event) is Event else ([], event)
    events: list[Event] = []
    refused = None if found else Refused(Reason.MALFORMED, "an empty list")
    for place, part in enumerate(found):
        event = _event(part, logged_at_ms)
        if type(event) is Event:
            events.append(event)
        elif refused is None:
            refused = Refused(event.reason, f"event {place} of the list: {event.detail}")
    return events, refused


class _Rounded(Exception):
    """A number of which the fast parser has not kept every digit."""


def _event(found: Any, logged_at_ms: int) -> Event | Refused:
    if type(found) is not dict:
        return Refused(Reason.MALFORMED, f"not an object: {_shortened(found)}")
    texts = []
    for name in ("event_id", "user_id", "event_type"):
        text = _text(found.get(name))
        if not text:
            return Refused(Reason.MISSING_FIELD, f"{name}: {'missing' if text is None else 'empty'}")
        if len(text) > MAX_ID_LENGTH:
            return Refused(Reason.TOO_LARGE, f"{name}: {len(text)} characters; allowed: {MAX_ID_LENGTH}")
        texts.append(text)
    given = found.get("occurred_at")
    if given is None:
        return Refused(Reason.MISSING_FIELD, "occurred_at: missing")
    occurred_at_ms = given if type(given) is int else _whole_number(given)
    if occurred_at_ms is None or not 0 < occurred_at_ms <= _MAX_LONG:
        return Refused(
            Reason.WRONG_TYPE, f"occurred_at: {_shortened(given)}; allowed: whole milliseconds since 1970, more than 0"
        )
    if occurred_at_ms > logged_at_ms + AHEAD_MS:
        ahead = (occurred_at_ms - logged_at_ms) / 1000
        return Refused(Reason.FUTURE, f"occurred_at: {ahead:.3f} s ahead of the log; allowed: {AHEAD_MS // 1000} s")
    properties = found.get("properties")
    return Event(*texts, _text(found.get("item_id")), _map(properties) if properties else {}, occurred_at_ms)


def _text(value: Any) -> str | None:
    """The reader's text of a value: itself, a scalar's JSON text, a list's or object's compact JSON."""
    if value is None:
        return None
    if type(value) is str:
        return value if value.isascii() else _characters(value)
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if type(value) is Double:
        return _java_double(value)
    if type(value) is float:
        raise _Rounded
    return _characters(_compact(value))


def _characters(text: str) -> str:
    """The text as it can be stored: a surrogate without its other half becomes a question mark."""
    try:
        text.encode()
    except UnicodeEncodeError:
        paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return paired.encode("utf-8", "replace").decode()
    return text


def _whole_number(value: Any) -> int | None:
    """The reader's whole number of a value that is not one: a fraction's whole part, the number that a text spells."""
    if isinstance(value, float):
        return int(value) if -(2.0**63) <= value <= 2.0**63 else None
    if type(value) is str:
        trimmed = value.strip(_TRIMMED)
        spelled = _WHOLE.fullmatch(trimmed)
        # More digits than a long has; also more than Python would read.
        return int(spelled[1] + (spelled[2] or "0")) if spelled and len(spelled[2]) < 100 else None
    return None


_TRIMMED = "".join(map(chr, range(0x21)))
_WHOLE = re.compile(r"([+-]?)(?=.)0*((?:(?![\U00010000-\U0010ffff])\d)*)")


def _map(properties: Any) -> dict[str, str]:
    """A map of texts. What is not an object has no entries."""
    if type(properties) is not dict:
        return {}
    return {
        _text(name): text  # type: ignore[misc]
        for name, value in properties.items()
        if (text := _text(value)) is not None
    }


def _compact(value: Any) -> str:
    """JSON without spaces. Keeps its own stack: a message may nest deeper than Python likes to call."""
    written: list[str] = []
    left = [value]
    while left:
        item = left.pop()
        if type(item) is _Written:
            written.append(item)
        elif type(item) is dict:
            left.append(_CLOSE_OBJECT)
            for place, (name, held) in zip(range(len(item), 0, -1), reversed(item.items()), strict=True):
                left += (held, _Written(f"{',' if place > 1 else '{'}{_quoted(name)}:"))
            if not item:
                written.append("{")
        elif type(item) is list:
            left.append(_CLOSE_LIST)
            for place, held in zip(range(len(item), 0, -1), reversed(item), strict=True):
                left += (held, _Written("," if place > 1 else "["))
            if not item:
                written.append("[")
        elif type(item) is str:
            written.append(_quoted(item))
        else:
            written.append(_text(item) or "null")
    return "".join(written)


class _Written(str):
    """Text that needs no more quoting."""

    __slots__ = ()


_CLOSE_OBJECT = _Written("}")
_CLOSE_LIST = _Written("]")
_CONTROL = re.compile(r"\\u00([01][0-9a-f])")


def _quoted(text: str) -> str:
    return _CONTROL.sub(lambda found: "\\u00" + found[1].upper(), json.dumps(text, ensure_ascii=False))


def _java_double(value: float) -> str:
    """A double in Java's notation: 1.0, 1.5E10, 1.0E-5. Java before 19 writes some, like 1.9E22, with digits too many."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, exponent = f"{value!r}".split("e") if "e" in repr(value) else (repr(value), "0")
    sign, digits = ("-", digits[1:]) if digits[0] == "-" else ("", digits)
    whole, _, fraction = digits.partition(".")
    if whole != "0":
        power = int(exponent) + len(whole) - 1
        figures = whole + fraction
    else:
        figures = fraction.lstrip("0")
        power = int(exponent) - 1 - (len(fraction) - len(figures))
    figures = figures.rstrip("0") or "0"
    return f"{sign}{figures[0]}.{figures[1:] or '0'}E{power}"


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
