"""A request of ClickHouse's HTTP interface, taken apart."""

from __future__ import annotations

import base64
import binascii
import errno
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from deploy.local.clickhouse.context import Context, Table
from deploy.local.clickhouse.encodings import unpacked
from deploy.local.clickhouse.errors import NOT_AUTHENTICATED, SYNTAX, UNSUPPORTED, ClickHouseError
from deploy.local.clickhouse.statement import data_start

PART_BYTES = 4 << 20
HEAD_BYTES = 1 << 18
LONGEST_TEXT_BYTES = 64 << 20
# These steer the transport, which is this server's own; the engine is not told.
_TRANSPORT = frozenset(
    {
        "query", "database", "default_format", "user", "password", "query_id", "session_id", "session_timeout", "session_check",
        "compress", "decompress", "enable_http_compression", "http_zlib_compression_level",
        "send_progress_in_http_headers", "http_headers_progress_interval_ms", "wait_end_of_query", "buffer_size", "quota_key",
        "role", "stacktrace", "close_session", "client_protocol_version", "cancel_http_readonly_queries_on_client_close",
        "network_compression_method", "readonly",
    }
)  # fmt: skip
_COMMA = re.compile(r",(?![^()]*\))")
_TABLE_PARTS = ("_structure", "_types", "_format")


@dataclass(frozen=True)
class Request:
    """One statement. `data` are the rows of an INSERT that follow it, where `text` ends in VALUES or FORMAT."""

    text: str
    data: Iterator[bytes] | None
    context: Context
    format: str
    user: str
    password: str
    accepts: str
    arguments: Mapping[str, str] = field(default_factory=dict)


class Body:
    """What the client sends after the headers. Raises ConnectionAbortedError where it ends before it should."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._source = environ["wsgi.input"]
        self._chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        self._left = 0 if self._chunked else int(environ.get("CONTENT_LENGTH") or 0)
        self._over = not self._chunked and not self._left

    def parts(self) -> Iterator[bytes]:
        """The rest of the body."""
        while not self._over:
            try:
                part = self._source.read(PART_BYTES if self._chunked else min(PART_BYTES, self._left))
            except ValueError as error:
                # What the server says of a chunk that is cut off.
                raise ConnectionAbortedError(errno.ECONNABORTED, str(error)) from error
            if self._chunked:
                self._over = not part
                if self._over:
                    # What follows the last chunk must not be taken for the next request.
                    list(self._source.read_trailer_lines())
            else:
                self._left -= len(part)
                self._over = self._left == 0
                if not part:
                    raise ConnectionAbortedError(errno.ECONNABORTED, f"{self._left} bytes of the body are missing")
            if part:
                yield part

    def drain(self) -> None:
        """Read the rest: an answer sent before the request is over would be lost."""
        for _ in self.parts():
            pass


def read(environ: Mapping[str, Any], body: Body) -> Request:
    """Take a WSGI request apart. Raises ClickHouseError when there is no statement or the body cannot be decoded."""
    arguments = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    for name in ("compress", "decompress"):
        if arguments.get(name) in ("1", "true"):
            raise ClickHouseError(UNSUPPORTED, f"{name}=1 is not supported: use Content-Encoding. (NOT_IMPLEMENTED)")
    tables: tuple[Table, ...] = ()
    if environ.get("CONTENT_TYPE", "").startswith("multipart/form-data"):
        tables = _read_form(environ, arguments, body)
        text, data = arguments.get("query", ""), None
    else:
        decoded = unpacked(body.parts(), environ.get("HTTP_CONTENT_ENCODING", ""))
        text, data = _split(arguments.get("query", "").encode(), decoded)
    if not text.strip():
        raise ClickHouseError(SYNTAX, "Syntax error: Empty query. (SYNTAX_ERROR)")
    user, password = _credentials(environ, arguments)
    names = tuple(table.name + part for table in tables for part in _TABLE_PARTS)
    context = Context(
        database=arguments.get("database") or environ.get("HTTP_X_CLICKHOUSE_DATABASE") or None,
        parameters={key[6:]: value for key, value in arguments.items() if key.startswith("param_")},
        settings={
            name: value
            for name, value in arguments.items()
            if name not in _TRANSPORT and name not in names and not name.startswith("param_")
        },
        session_id=arguments.get("session_id") or None,
        session_seconds=float(arguments.get("session_timeout") or 60),
        session_must_exist=arguments.get("session_check") == "1",
        read_only=environ["REQUEST_METHOD"] != "POST" or arguments.get("readonly", "0") != "0",
        tables=tables,
    )
    named = environ.get("HTTP_X_CLICKHOUSE_FORMAT") or arguments.get("default_format") or "TabSeparated"
    return Request(text, data, context, named, user, password, environ.get("HTTP_ACCEPT_ENCODING", ""), arguments)


def _split(begun: bytes, parts: Iterator[bytes]) -> tuple[str, Iterator[bytes] | None]:
    """The statement begins in the URL and goes on in the body; after an INSERT ... FORMAT the data follows it."""
    start = data_start(begun) if begun else None
    if start is not None:
        rest = begun[start:]
        return begun[:start].decode(), itertools.chain([rest + b"\n"] if rest.strip() else [], parts)
    head = begun + b"\n" if begun else b""
    for part in parts:
        head += part
        if len(head) >= HEAD_BYTES:
            break
    start = data_start(head[:HEAD_BYTES])
    if start is not None:
        rest = head[start:]
        return head[:start].decode("utf-8", "replace"), itertools.chain([rest] if rest else [], parts)
    for part in parts:
        head += part
        if len(head) > LONGEST_TEXT_BYTES:
            raise ClickHouseError(SYNTAX, f"Query is longer than {LONGEST_TEXT_BYTES} bytes. (QUERY_IS_TOO_LARGE)")
    return head.decode("utf-8", "surrogateescape"), None


def _read_form(environ: Mapping[str, Any], arguments: dict[str, str], body: Body) -> tuple[Table, ...]:
    """A form holds arguments too long for a URL as fields, and tables as files."""
    stream = _Stream(body)
    parser = FormDataParser(max_form_memory_size=LONGEST_TEXT_BYTES)
    kind, options = parse_options_header(environ["CONTENT_TYPE"])
    _, fields, files = parser.parse(stream, kind, None, options)
    arguments.update(fields.items())
    return tuple(
        Table(
            name=name,
            structure=arguments.get(f"{name}_structure") or _unnamed(arguments.get(f"{name}_types", "")),
            format=arguments.get(f"{name}_format", "TabSeparated"),
            data=file.read(),
        )
        for name, file in files.items()
    )


def _unnamed(types: str) -> str:
    return ", ".join(f"_{index} {name.strip()}" for index, name in enumerate(_COMMA.split(types), 1))


class _Stream:
    """A body as the file that the form parser reads."""

    def __init__(self, body: Body) -> None:
        self._parts = body.parts()
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._held) < size:
            part = next(self._parts, None)
            if part is None:
                break
            self._held += part
        if size < 0:
            size = len(self._held)
        found, self._held = self._held[:size], self._held[size:]
        return found


def _credentials(environ: Mapping[str, Any], arguments: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ClickHouseError(
                NOT_AUTHENTICATED, "Authorization: not a Basic credential. (AUTHENTICATION_FAILED)"
            ) from error
        return user, password
    if scheme:
        raise ClickHouseError(
            NOT_AUTHENTICATED, f"Authorization: {scheme} is not supported; allowed: Basic. (AUTHENTICATION_FAILED)"
        )
    user = environ.get("HTTP_X_CLICKHOUSE_USER") or arguments.get("user") or "default"
    return user, environ.get("HTTP_X_CLICKHOUSE_KEY") or arguments.get("password") or ""
