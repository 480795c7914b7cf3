"""The one shape of every error, and what is said for each kind. No stack trace and no credential leaves the process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, Request, Response, current_app, g, json, request
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from api.ports import Unavailable
from stores import logs

_GOT_CHARACTERS = 200
_CODES = {
    400: "bad_request",
    404: "route_not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    503: "unavailable",
}
_MESSAGES = {"missing": "is missing", "extra_forbidden": "is not known here; check the spelling"}
_LIMITS = frozenset({"min_length", "max_length", "ge", "gt", "le", "lt", "pattern", "expected"})
log = logs.get("api.errors")


class JsonRequest(Request):
    """A request that says what is wrong with its body when that is not JSON, or too large."""

    def get_data(self, *given: Any, **named: Any) -> Any:
        body = super().get_data(*given, **named)
        # A body that comes in chunks is cut at the limit without a word.
        if self.content_length is None and len(body) >= (self.max_content_length or float("inf")):
            raise RequestEntityTooLarge
        return body

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        if e is None:
            raise UnsupportedMediaType("Send the body as JSON, with Content-Type: application/json")
        raise ApiError(400, "malformed_json", f"The body is not JSON: {e}") from e


class Problem(BaseModel):
    """One thing that is wrong with a request, or one part of it that was not done."""

    path: str = Field(description="Where in the request, such as events[3].user_id; empty for the request as a whole")
    message: str
    got: Any = Field(None, description="What the request held there, shortened")
    allowed: Any = Field(None, description="What may stand there")


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs: snake_case, stable")
    message: str = Field(description="For people")
    problems: list[Problem]
    request_id: str = Field(description="Also in the header X-Request-Id and in the server's log")


class Error(BaseModel):
    """The answer to every request that failed."""

    error: ErrorBody


class ApiError(Exception):
    """An answer other than success. `status` is the HTTP status, the rest is the error's shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        problems: Iterable[Problem] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.problems = list(problems)
        self.headers = headers or {}


def invalid(path: str, message: str, got: Any = None, allowed: Any = None) -> ApiError:
    """The refusal of one input."""
    return refusal([Problem(path=path, message=message, got=shortened(got), allowed=allowed)])


def refusal(problems: list[Problem]) -> ApiError:
    """The refusal of a request with these problems."""
    count = f"{len(problems)} problems" if len(problems) != 1 else "1 problem"
    first = f"{problems[0].path}: {problems[0].message}".removeprefix(": ")
    return ApiError(422, "invalid_input", f"{count}, nothing was done; the first: {first}", problems)


def shortened(value: Any) -> Any:
    """A value fit for an error: long texts cut, collections only described."""
    if isinstance(value, str):
        return value if len(value) <= _GOT_CHARACTERS else value[:_GOT_CHARACTERS] + "…"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return value if value is None or isinstance(value, bool | int | float) else shortened(str(value))


def path_of(location: Iterable[int | str]) -> str:
    """("events", 3, "user_id") as events[3].user_id."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step != "[key]":
            path += f".{step}" if path else str(step)
    return path


def problems_of(error: ValidationError) -> list[Problem]:
    """Every problem that pydantic found."""
    return [
        Problem(
            path=path_of(found["loc"]),
            message=_MESSAGES.get(found["type"]) or found["msg"].removeprefix("Value error, "),
            got=None if found["type"] == "missing" or _secret(found["loc"]) else shortened(found["input"]),
            allowed=_allowed(found.get("ctx", {})),
        )
        for found in error.errors(include_url=False)
    ]


def _secret(location: Iterable[int | str]) -> bool:
    return any(word in str(step) for step in location for word in ("password", "secret"))


def _allowed(context: dict[str, Any]) -> Any:
    return {name: limit for name, limit in context.items() if name in _LIMITS} or None


def refuse(error: ValidationError) -> Response:
    """Called for input that does not fit its model. Always raises ApiError."""
    raise refusal(problems_of(error)) from error


def answer(error: ApiError) -> Response:
    """An error as a response."""
    g.error_code = error.code
    body = Error(
        error=ErrorBody(
            code=error.code, message=error.message, problems=error.problems, request_id=g.get("request_id", "")
        )
    )
    response = Response(json.dumps(body.model_dump(mode="json")), error.status, mimetype="application/json")
    response.headers.update(error.headers)
    return response


def _message(error: HTTPException) -> str:
    if isinstance(error, NotFound):
        return f"There is nothing at {shortened(request.path)}; /api/v1/openapi.json lists what there is"
    if isinstance(error, MethodNotAllowed):
        return f"{shortened(request.method)} is not taken here; allowed: {', '.join(sorted(error.valid_methods or ()))}"
    if isinstance(error, RequestEntityTooLarge):
        return f"The body is larger than {current_app.config['MAX_CONTENT_LENGTH']} bytes; send it in parts"
    return error.description or error.name


def register(app: Flask) -> None:
    """Answer every failure of `app` in the one shape."""

    @app.errorhandler(ApiError)
    def refused(error: ApiError) -> Response:
        return answer(error)

    @app.errorhandler(Unavailable)
    def unavailable(error: Unavailable) -> Response:
        log.warning("store_unavailable", store=error.store, reason=error.reason)
        return answer(ApiError(503, f"{error.store}_unavailable", f"{error}; try again", headers={"Retry-After": "5"}))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if error.response is not None or (error.code or 500) < 400:
            return error.get_response()
        status = error.code or 500
        kept = {name: text for name, text in error.get_headers() if name in ("Allow", "Retry-After")}
        return answer(ApiError(status, _CODES.get(status, "http_error"), _message(error), headers=kept))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("unexpected_error", exc_info=error)
        return answer(
            ApiError(500, "internal_error", "Something failed in the server; the log has it by this request id")
        )
