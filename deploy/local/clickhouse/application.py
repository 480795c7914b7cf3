"""The WSGI application: a request in, a statement run, its result or ClickHouse's error out."""

from __future__ import annotations

import errno
import hmac
import itertools
import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from deploy.local.clickhouse.context import Progress
from deploy.local.clickhouse.encodings import accepted, packed
from deploy.local.clickhouse.engine import STREAMED, Engine
from deploy.local.clickhouse.errors import NOT_AUTHENTICATED, SYNTAX, UNKNOWN, UNSUPPORTED, ClickHouseError
from deploy.local.clickhouse.request import Body, Request, read
from deploy.local.clickhouse.spool import Spool
from deploy.local.clickhouse.statement import Statement
from stores import logs

Headers = list[tuple[str, str]]
StartResponse = Callable[[str, Headers], Any]

SMALL_BYTES = 1024
"""Results up to this size are sent as they are, whatever the client accepts."""
_TEXT = "text/plain; charset=UTF-8"
_TYPES = {
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
    "tabseparated": "text/tab-separated-values; charset=UTF-8",
}
_BINARY = frozenset(
    {"native", "rowbinary", "rowbinarywithnames", "rowbinarywithnamesandtypes", "parquet", "arrow", "arrowstream"}
)
log = logs.get("clickhouse")


class Application:
    """ClickHouse's HTTP interface. `password` is that of the user `default`; empty lets anybody on this host in."""

    def __init__(self, engine: Engine, password: str = "") -> None:
        self._engine = engine
        self._password = password

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        path, method = environ.get("PATH_INFO", "/"), environ["REQUEST_METHOD"]
        body = Body(environ)
        if path in ("/ping", "/replicas_status") or (
            path == "/" and method in ("GET", "HEAD") and not environ["QUERY_STRING"]
        ):
            body.drain()
            return _send("200 OK", [("Content-Type", _TEXT)], b"Ok.\n", method, start_response)
        query_id = str(uuid.uuid4())
        headers: Headers = [
            ("X-ClickHouse-Server-Display-Name", "tagstream-local"),
            ("X-ClickHouse-Timezone", self._engine.timezone),
        ]
        try:
            if path != "/":
                raise ClickHouseError(UNKNOWN, f"There is no handle {path}; allowed: /, /ping, /replicas_status")
            if method not in ("GET", "POST", "HEAD"):
                raise ClickHouseError(UNSUPPORTED, f"Method {method} is not supported; allowed: GET, POST, HEAD")
            request = read(environ, body)
            query_id = request.arguments.get("query_id") or query_id
            headers.append(("X-ClickHouse-Query-Id", _header_text(query_id)))
            self._authenticate(request)
            return self._answer(request, method, headers, start_response)
        except ClickHouseError as error:
            body.drain()
            return self._fail(error, 404 if path != "/" else error.status, headers, method, start_response)
        except OSError:
            # The client is gone, or too slow: the server closes the connection.
            raise
        except Exception as error:
            log.exception("request_failed", query_id=query_id)
            body.drain()
            said = ClickHouseError(UNKNOWN, f"{type(error).__name__}: {error}. (UNKNOWN_EXCEPTION)")
            return self._fail(said, 500, headers, method, start_response)

    def _authenticate(self, request: Request) -> None:
        if request.user != "default" or not hmac.compare_digest(request.password.encode(), self._password.encode()):
            raise ClickHouseError(
                NOT_AUTHENTICATED,
                f"{request.user}: Authentication failed: password is incorrect, or there is no user with such name. "
                "(AUTHENTICATION_FAILED)",
            )

    def _answer(
        self, request: Request, method: str, headers: Headers, start_response: StartResponse
    ) -> Iterable[bytes]:
        started, progress = time.monotonic_ns(), Progress()
        statement = self._engine.statement(request.text)
        self._engine.check(statement, request.text, request.context)
        if request.data is not None and not statement.takes_data:
            raise ClickHouseError(SYNTAX, f"Syntax error: data follow {statement.canonical!r}. (SYNTAX_ERROR)")
        if statement.takes_data:
            self._engine.insert(statement, request.data or iter(()), request.context, progress)
            return _send("200 OK", [*headers, _summary(progress, started)], b"", method, start_response)
        form = statement.format or request.format
        reads = self._engine.is_read(request.text)
        if not (reads and form.lower() in STREAMED and statement.kind in ("SELECT", "WITH")):
            result = self._run(request, statement, form, progress)
            if reads or result:
                headers = headers + _about(form)
            headers = [*headers, _summary(progress, started)]
            return self._whole([result], len(result), request, headers, method, start_response)
        headers = headers + _about(form)
        parts = self._engine.stream(request.text, form, request.context, progress)
        if request.arguments.get("wait_end_of_query") == "1":
            spool = Spool(parts)
            headers.append(_summary(progress, started))
            return self._whole(spool, spool.size, request, headers, method, start_response)
        # Nothing is promised before there is a part: an error until then has a status of its own.
        begun = list(itertools.islice(parts, 2))
        headers.append(_summary(progress, started))
        if len(begun) < 2:
            return self._whole(begun, sum(map(len, begun)), request, headers, method, start_response)
        tag = secrets.token_hex(8)
        headers.append(("X-ClickHouse-Exception-Tag", tag))
        coding = _coding(request)
        start_response("200 OK", headers + _encoded(coding))
        return packed(_watched(itertools.chain(begun, parts), parts, tag), coding)

    def _run(self, request: Request, statement: Statement, form: str, progress: Progress) -> bytes:
        # SET is for the session: settings of this request must not be taken back over it.
        context = replace(request.context, settings={}) if statement.kind == "SET" else request.context
        return self._engine.run(request.text, form, context, progress)

    def _whole(
        self,
        parts: Iterable[bytes],
        size: int,
        request: Request,
        headers: Headers,
        method: str,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        coding = _coding(request) if size > SMALL_BYTES else None
        if method == "HEAD":
            parts = ()
        if coding is None:
            start_response("200 OK", [*headers, ("Content-Length", str(size))])
            return parts
        start_response("200 OK", headers + _encoded(coding))
        return packed(iter(parts), coding)

    def _fail(
        self, error: ClickHouseError, status: int, headers: Headers, method: str, start_response: StartResponse
    ) -> Iterable[bytes]:
        version = "" if "(version " in error.text else f" (version {self._engine.version})"
        headers = [*headers, ("X-ClickHouse-Exception-Code", str(error.code)), ("Content-Type", _TEXT)]
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", 'Basic realm="ClickHouse server HTTP API"'))
        line = f"{status} {HTTPStatus(status).phrase}"
        return _send(line, headers, f"{error.text}{version}\n".encode("utf-8", "replace"), method, start_response)


def _send(line: str, headers: Headers, body: bytes, method: str, start_response: StartResponse) -> list[bytes]:
    start_response(line, [*headers, ("Content-Length", str(len(body)))])
    return [] if method == "HEAD" else [body]


def _coding(request: Request) -> str | None:
    return None if request.arguments.get("enable_http_compression") == "0" else accepted(request.accepts)


def _encoded(coding: str | None) -> Headers:
    return [("Content-Encoding", coding)] if coding else []


def _about(form: str) -> Headers:
    binary = "application/octet-stream" if form.lower() in _BINARY else _TEXT
    return [("X-ClickHouse-Format", _header_text(form)), ("Content-Type", _TYPES.get(form.lower(), binary))]


def _header_text(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii() and letter.isprintable())


def _summary(progress: Progress, started: int) -> tuple[str, str]:
    numbers = {**vars(progress), "elapsed_ns": time.monotonic_ns() - started}
    return "X-ClickHouse-Summary", json.dumps({name: str(number) for name, number in numbers.items()})


def _watched(all_parts: Iterator[bytes], source: Iterator[bytes], tag: str) -> Iterator[bytes]:
    """An error on the way is written behind the rows, between marks that a client looks for, and the connection broken."""
    try:
        yield from all_parts
    except ClickHouseError as error:
        text, mark = error.text.encode("utf-8", "replace") + b"\n", tag.encode()
        yield b"\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n" % (mark, text, len(text), mark)
        raise ConnectionAbortedError(errno.ECONNABORTED, "the result ends with an error") from error
    finally:
        # Also when the client goes away: the statement must not run on.
        getattr(source, "close", lambda: None)()
