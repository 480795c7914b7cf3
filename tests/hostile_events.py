"""Messages that try a JSON reader: what a careless, old or hostile sender may put into the events topic."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

LOGGED_AT_MS = 1_780_000_000_000
AHEAD_MS = 5 * 60 * 1000

GOOD: dict[str, Any] = {
    "event_id": "e",
    "user_id": "u",
    "event_type": "cart",
    "item_id": "p",
    "properties": {"k": "v"},
    "occurred_at": LOGGED_AT_MS,
}

FIELDS = tuple(GOOD)

OVERLONG_PAIR = b"\xf0\x80\x80\x80"
"""The one sequence that Jackson reads differently in a name than in a value. Both are question marks to us."""

VALUES = (
    "null", "true", "false", "0", "-0", "1", "-1", "1.5", "-0.0", "1e3", "1E+3", "1e-3", "1e21", "123456789.5", "1e400", "0.1",
    "0.00012", "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551616",
    "12345678901234567890123", "-9223372036854775809", "1780000000000.9", "1.78e12", "1780000000000000000000",
    '""', '" "', '"x"', '"1780000000000"', '" 1780000000000 "', '"+1780000000000"', '"-5"', '"1_000"', '"0x10"', '"1e3"',
    '"1780000000000.0"', '"١٢٣"', '"１２３"', '"\U0001d7cf\U0001d7d0"', '"\\u00a01"', '"\\u0000"', '"\\t12\\n"',
    '"' + "x" * 128 + '"', '"' + "x" * 129 + '"', '"' + "é" * 128 + '"', '"' + "\U0001f600" * 128 + '"',
    '"' + "\U0001f600" * 129 + '"', '"' + "\\ud83d\\ude00" * 128 + '"', '"e\u0301"', '"\\ud800"', '"\\udc00\\ud800"', '"a\\ud83d"',
    "[]", "{}", "[1]", '["user_id","victim"]', '[["a"]]', '{"a":1}', '{"user_id":"victim"}', '{"a":{"b":[1,2,null,1.5,1e10]}}',
    '{"a":null}', '{"":""}', '{"a":"x","a":"y"}', '{"a":"\\u001f\\u007f\\"\\\\\\/\\b\\f\\n\\r\\t"}',
    '["\\u001f\\u00e9\\ud83d\\ude00"]',
    '{"a":true,"b":1.0,"c":12345678901234567890123,"d":[],"e":{}}', '{"a":{"x":1,"x":2}}', '{"k":"\\ud800"}',
    '"2026-09-21T14:18:20Z"', '"NaN"', "[null]", '{"b":2,"a":1}',
)  # fmt: skip


def messages() -> list[bytes]:
    """All of them, always the same."""
    return [*_whole_messages(), *_fields(), *_times(), *_broken(), *_large(), *_noise()]


def _good(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def _with(field: str, value: str) -> bytes:
    """The good event with one field's value as this JSON text."""
    parts = {name: json.dumps(held) for name, held in GOOD.items()} | {field: value}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}").encode("utf-8", "surrogatepass")


def _fields() -> Iterator[bytes]:
    for field in FIELDS:
        yield json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()
        for value in VALUES:
            yield _with(field, value)
    for name in ("EVENT_ID", "event_id ", "evenT_id"):
        yield json.dumps({name if key == "event_id" else key: value for key, value in GOOD.items()}).encode()
    good = _good()[1:-1]
    for field in FIELDS:
        for value in ('"again"', "null", "1", "[1,2]", '{"user_id":"victim"}'):
            yield b'{"%s":%s,' % (field.encode(), value.encode()) + good + b"}"
            yield b"{" + good + b',"%s":%s}' % (field.encode(), value.encode())
    yield _good(extra={"user_id": "victim"}, more=[["occurred_at", 1]], none=None)
    yield b'{"extra":{"event_id":"x"},' + good + b"}"
    yield good.replace(b"event_id", b"event\\u005fid").join([b"{", b"}"])
    yield b"{" + good + b',"user\\u005fid":"escaped twin"}'
    yield json.dumps(dict(reversed(GOOD.items()))).encode()


def _whole_messages() -> Iterator[bytes]:
    good = _good()
    yield from (good, json.dumps(GOOD, indent=2).encode(), b" \t\r\n" + good + b" \t\r\n")
    yield from (
        b"",
        b" ",
        b"null",
        b"true",
        b"1",
        b'"text"',
        b"[]",
        b"{}",
        b"[" + good + b"]",
        b"NaN",
        b"-",
        b"\x00",
        b"\n",
    )
    yield b"[" + good + b"," + _good(event_id="second", user_id="other") + b"]"
    yield b"[" + good + b",1,null,[" + good + b"]," + _good(event_id=None) + b"," + _good(event_id="third") + b"]"
    yield b'{"events":[' + good + b"]}"
    for tail in (b"}", b"]", b"x", b",", b" " + good, b"\x00", b"\xff", b"//", b"NaN", b"\xc3", b'"'):
        yield good + tail
    for head in (
        b"\xef\xbb\xbf",
        b"\xef\xbb",
        b"\x0c",
        b"\x0b",
        b"\xa0",
        b"\xc2\xa0",
        b"x",
        b",",
        b"/**/",
        b"\x1e",
        b"\x00",
    ):
        yield head + good
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig", "latin-1"):
        yield json.dumps({**GOOD, "user_id": "é"}, ensure_ascii=False).encode(encoding)
    for mark, encoding in ((b"\xfe\xff", "utf-16-be"), (b"\x00\x00\xfe\xff", "utf-32-be")):
        yield mark + good.decode().encode(encoding)
    yield good.decode().encode("utf-16-le") + b"\x00"
    yield b"\x00\x00\xff\xfe" + good
    yield from (b"{}"[:1], b'{"', b"\xff\xfe", b"\xfe\xff\x00", b"\x00{", b"{\x00", b"{\x00\x00\x00")


def _times() -> Iterator[bytes]:
    for at in (
        1, 999, LOGGED_AT_MS - 1, LOGGED_AT_MS + AHEAD_MS - 1, LOGGED_AT_MS + AHEAD_MS, LOGGED_AT_MS + AHEAD_MS + 1,
        253_402_300_799_999, 253_402_300_800_000, 8_640_000_000_000_000, 2**63 - 1, 2**63, LOGGED_AT_MS * 1000,
    ):  # fmt: skip
        yield _good(occurred_at=at)
        yield _good(occurred_at=str(at))
        yield _good(occurred_at=float(at))
    yield _with("occurred_at", f"{LOGGED_AT_MS + AHEAD_MS}.999")
    yield _with("occurred_at", "0.9")


def _broken() -> Iterator[bytes]:
    good = _good(user_id="name")
    for place in range(0, len(good), 5):
        yield good[:place]
    for raw in (
        b"\xff", b"\xc3", b"\xc3\x28", b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xed\xb0\x80", b"\xc0\x80", b"\xc1\xbf",
        b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\x80", b"\xe9",
        b"\xe9 ", b"caf\xe9", b"\x00", b"\x01", b"\x1f", b"\n", b"\t", b"\x7f", b"\xc2\x85", b"\xe2\x80\xa8", b"\\x41", b"\\u12",
        b"\\uZZZZ", b"\\", b"\\'", b"'", b'"', b"\xef\xbb\xbf", b"\xef\xbf\xbe", b"\\ud83d\xed\xb8\x80", b"\xf7\xbf\xbf\xbf",
    ):  # fmt: skip
        yield good.replace(b"name", raw)
        if raw != OVERLONG_PAIR:
            yield good.replace(b'"k"', b'"' + raw + b'"')
    yield from (
        b'{"event_id":"e",}', good.replace(b",", b",,"), good.replace(b":", b"="), good.replace(b'"', b"'"),
        good.replace(b'"name"', b"name"), good.replace(b'"name"', b"01"), good.replace(b'"name"', b"1."),
        good.replace(b'"name"', b".5"), good.replace(b'"name"', b"+1"), good.replace(b'"name"', b"NaN"),
        good.replace(b'"name"', b"Infinity"), good.replace(b'"name"', b"-Infinity"), good.replace(b'"name"', b"undefined"),
        good.replace(b'"name"', b"nul"), good.replace(b'"name"', b"True"), good.replace(b'"name"', b"1e"),
        good.replace(b'"name"', b"0x1"), good.replace(b'"name"', b"--1"), good.replace(b'"name"', b"[1,]"),
        good.replace(b'"name"', b"{1:2}"), good.replace(b'"name"', b'{"a"}'), good.replace(b'"name"', b"[1 2]"),
        good.replace(b'"name"', b"truefalse"), good.replace(b'"name"', b"1 "), good.replace(b'"name"', b"/* c */ 1"),
        good.replace(b'"name": ', b'"name":\x0c '), b"{" + good + b"}", good * 2,
    )  # fmt: skip


def _large() -> Iterator[bytes]:
    for depth in (100, 998, 999, 1000, 1001, 2000):
        yield _with("properties", '{"a":' + "[" * (depth - 2) + "]" * (depth - 2) + "}")
        yield b'{"extra":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"," + _good()[1:]
        yield b'{"extra":' + b'{"a":' * (depth - 1) + b"1" + b"}" * (depth - 1) + b"," + _good()[1:]
    for digits in (999, 1000, 1001, 5000):
        yield _with("properties", '{"a":' + "1" * digits + "}")
        yield _with("user_id", '["' + "9" * digits + '"]')
        yield _with("item_id", "0." + "1" * (digits - 2))
        yield b'{"extra":' + b"7" * digits + b"," + _good()[1:]
        yield b'{"extra":1e' + b"7" * (digits - 2) + b"," + _good()[1:]
        yield _with("occurred_at", '"' + "0" * digits + str(LOGGED_AT_MS) + '"')
    for length in (49_999, 50_000, 50_001):
        yield _good(properties={"n" * length: "v"})
        yield _good(**{"n" * length: 1})
        yield _good(properties={"é" * length: "v"})
    yield _good(properties={"k": "v" * 500_000})
    yield _good(properties={f"k{number}": str(number) for number in range(5_000)})
    yield _good(user_id="u" * 500_000)


def _noise() -> Iterator[bytes]:
    chance = random.Random(20260921)
    good = json.dumps(
        {**GOOD, "user_id": "é\U0001f600", "properties": {"a": [1, {"b": None}]}}, ensure_ascii=False
    ).encode()
    for _ in range(400):
        changed = bytearray(good)
        for _ in range(chance.choice((1, 1, 2, 4))):
            place = chance.randrange(len(changed))
            kind = chance.randrange(4)
            if kind == 0:
                changed[place] = chance.randrange(256)
            elif kind == 1:
                del changed[place : place + chance.randrange(1, 6)]
            elif kind == 2:
                changed[place:place] = bytes([chance.choice(b'{}[]:,"\\ 0123456789eE+-.tfn\x00\xef\xbb\xbf\xc3')])
            else:
                other = chance.randrange(len(changed))
                changed[place:place] = changed[other : other + chance.randrange(1, 12)]
            if not changed:
                break
        yield bytes(changed)
    for _ in range(100):
        yield bytes(chance.randrange(256) for _ in range(chance.randrange(1, 30)))
