"""JSON bytes as Flink's reader (Jackson) reads them, which is more lenient than the standard.

The same bytes must mean the same event in the stream and in the events sink, bad ones included. Jackson takes what follows
the first value for nothing, raw control characters, UTF-16 and UTF-32, surrogates and overlong forms in UTF-8. This is the
slow way, for the few messages that a strict parser refuses.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

MAX_DEPTH = 1_000
MAX_NAME_BYTES = 50_000
MAX_DIGITS = 1_000

_WHITESPACE = " \t\r\n"


class NotJson(ValueError):
    """Bytes in which the reader finds no JSON value. The text says why."""


def read(message: bytes) -> Any:
    """The first JSON value in a message. Raises NotJson."""
    text = _text(message)
    start = len(text) - len(text.lstrip(_WHITESPACE))
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError as error:
        raise NotJson("nested too deeply") from error
    except ValueError as error:
        raise NotJson(str(error)) from error
    check_limits(text[start:end])
    return value


class Double(float):
    """A number written with a fraction or an exponent. A plain float would be one from a parser that rounds long integers."""


def _constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=Double, strict=False)

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?|[\[{]|[\]}]|-?[0-9][0-9.eE+-]*', re.DOTALL)


def check_limits(text: str) -> None:
    """Refuse well-formed JSON that passes the reader's limits on depth, names and numbers. Raises NotJson."""
    depth = 0
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson(f"nested deeper than {MAX_DEPTH}")
        elif first in "]}":
            depth -= 1
        elif first == '"':
            if token[1] is not None and len(token[0]) * 4 > MAX_NAME_BYTES and _name_bytes(token[0]) > MAX_NAME_BYTES:
                raise NotJson(f"a name longer than {MAX_NAME_BYTES} bytes")
        elif len(token[0]) > MAX_DIGITS and sum(map(str.isdigit, token[0])) > MAX_DIGITS:
            raise NotJson(f"a number of more than {MAX_DIGITS} digits")


def _name_bytes(token: str) -> int:
    return len(_DECODER.raw_decode(token)[0].encode("utf-8", "surrogatepass"))


def _text(message: bytes) -> str:
    """The characters of a message, by the byte order mark or the zero bytes that its encoding leaves in the first four."""
    head = message[:4]
    if len(head) == 4:
        if head in (b"\x00\x00\xff\xfe", b"\xfe\xff\x00\x00"):
            raise NotJson("bytes in an order that no encoding has")
        if head == b"\x00\x00\xfe\xff":
            return _decoded(message[4:], "utf-32-be")
        if head == b"\xff\xfe\x00\x00":
            return _decoded(message[4:], "utf-32-le")
    if head[:2] == b"\xfe\xff":
        return _decoded(message[2:], "utf-16-be")
    if head[:2] == b"\xff\xfe":
        return _decoded(message[2:], "utf-16-le")
    if head[:3] == b"\xef\xbb\xbf":
        return _utf8(message[3:])
    if len(head) == 4:
        if head[:3] == b"\x00\x00\x00":
            return _decoded(message, "utf-32-be")
        if head[1:] == b"\x00\x00\x00":
            return _decoded(message, "utf-32-le")
        if (head[0] == 0 and head[2:] == b"\x00\x00") or (head[:2] == b"\x00\x00" and head[3] == 0):
            raise NotJson("bytes in an order that no encoding has")
    if len(head) >= 2:
        if head[0] == 0:
            return _decoded(message, "utf-16-be")
        if head[1] == 0:
            return _decoded(message, "utf-16-le")
    return _utf8(message)


def _decoded(message: bytes, encoding: str) -> str:
    if encoding.startswith("utf-32"):
        message = message[: len(message) // 4 * 4]
    return message.decode(encoding, "replace")


def _utf8(message: bytes) -> str:
    """UTF-8 by the shape of its bytes alone: surrogates and overlong forms pass. The text ends where a character is broken."""
    try:
        return message.decode()
    except UnicodeDecodeError:
        pass
    units: list[int] = []
    place, length = 0, len(message)
    while place < length:
        first = message[place]
        if first < 0x80:
            more, point = 0, first
        elif first & 0xE0 == 0xC0:
            more, point = 1, first & 0x1F
        elif first & 0xF0 == 0xE0:
            more, point = 2, first & 0x0F
        elif first & 0xF8 == 0xF0:
            more, point = 3, first & 0x07
        else:
            break
        rest = message[place + 1 : place + 1 + more]
        if len(rest) < more or any(byte & 0xC0 != 0x80 for byte in rest):
            break
        for byte in rest:
            point = point << 6 | byte & 0x3F
        if more == 3:
            high = point - 0x10000
            units += ((0xD800 | high >> 10) & 0xFFFF, 0xDC00 | high & 0x3FF)
        else:
            units.append(point)
        place += 1 + more
    return b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le", "surrogatepass")
