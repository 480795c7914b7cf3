"""How answers travel: JSON by orjson, compressed where the client takes it, with headers that keep browsers strict."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
from flask import Flask, Response, request
from flask.json.provider import JSONProvider
from pydantic import BaseModel

_COMPRESS_FROM_BYTES = 1_000
_COMPRESSED_TYPES = ("application/json", "application/javascript", "text/", "image/svg+xml")
_LEVEL = 5

PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""For the dashboard: its own files alone. Charts set style attributes in their tooltips; no script is ever inline."""

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class StrictJson(JSONProvider):
    """JSON as the standard says: no NaN, no lone surrogate, UTF-8 alone. Raises ValueError for anything else."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return Response(orjson.dumps(self._prepare_response_obj(args, kwargs)), mimetype="application/json")


def _compress(response: Response) -> None:
    if not (response.mimetype or "").startswith(_COMPRESSED_TYPES):
        return
    response.vary.add("Accept-Encoding")
    if (
        response.is_streamed
        or response.status_code not in (200, 202, 422)
        or "Content-Encoding" in response.headers
        or request.accept_encodings.quality("gzip") <= 0
    ):
        return
    body = response.get_data()
    if len(body) < _COMPRESS_FROM_BYTES:
        return
    # The time in gzip's own header is left out: the same answer is the same bytes.
    response.set_data(gzip.compress(body, _LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)


def register(app: Flask) -> None:
    """Make every answer of `app` travel so."""
    app.json = StrictJson(app)

    @app.after_request
    def finish(response: Response) -> Response:
        for name, text in _HEADERS.items():
            response.headers.setdefault(name, text)
        response.headers.setdefault("Content-Security-Policy", DATA_POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        _compress(response)
        return response


def reply(model: BaseModel, status: int = 200) -> Response:
    """A model as a response."""
    return Response(model.model_dump_json(), status, mimetype="application/json")
