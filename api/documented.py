"""How routes are documented: by noun, with every status that can come, failures in the one shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from flask_openapi3.utils import parse_parameters
from pydantic import BaseModel, WithJsonSchema

from api.errors import Error
from api.headers import add_headers
from api.links import add_links, operations_of

Iso = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time as `api.times.iso` writes it."""
ValueType = Literal["string", "integer", "decimal", "boolean"]
"""The types that a tag's values can be of."""
Value = bool | int | float | str
"""A tag's value."""

_ERROR = {"$ref": f"#/components/schemas/{Error.__name__}"}
_ALWAYS = (422, 500)
_MEANING = {
    400: "The body is not JSON",
    401: "Nobody is signed in, or what was sent to prove it is wrong",
    403: "Whoever asks may not do this",
    404: "There is no such thing",
    409: "What is stored stands against it",
    412: "It was changed since it was read",
    413: "The body is too large",
    415: "The body is not sent as JSON",
    428: "Say in If-Match which revision was read",
    422: "Some input is wrong; every problem is listed",
    429: "Too many requests; Retry-After says when to come again",
    500: "Something failed in the server",
    503: "A store does not answer; try again",
}


def documented(success: dict[int, type[BaseModel] | dict[str, Any]], *failures: int) -> dict[int, Any]:
    """The responses of a route: its successes, the failures named, and those that any route can have."""
    return {**success, **failing(*sorted({*_ALWAYS, *failures} - set(success)))}


def failing(*statuses: int) -> dict[int, Any]:
    """The responses of these failures."""
    return {
        status: {"description": _MEANING[status], "content": {"application/json": {"schema": _ERROR}}}
        for status in statuses
    }


def operation_id(*, name: str, path: str, method: str) -> str:
    """A client's method is named like the function that answers."""
    return name


class Routes(APIBlueprint):
    """Routes that are described when somebody asks for the document, not when a process starts: that takes half a second."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._undescribed: list[tuple[str, Callable[..., Any], dict[str, Any]]] = []

    def _collect_openapi_info(self, rule: str, func: Callable[..., Any], **given: Any) -> tuple[Any, ...]:
        self._undescribed.append((rule, func, given))
        return parse_parameters(func, doc_ui=False)

    def describe(self, app: OpenAPI) -> None:
        """Add what the document says of these routes, once."""
        for rule, func, given in self._undescribed:
            super()._collect_openapi_info(rule, func, **given)
        self._undescribed.clear()
        for tag in self.tags:
            if tag.name not in app.tag_names:
                app.tags.append(tag)
                app.tag_names.append(tag.name)
        app.paths.update(self.paths)
        app.components_schemas.update(self.components_schemas)


def noun(name: str) -> APIBlueprint:
    """The routes of one noun, below /api/v1/<noun>."""
    return Routes(
        name,
        __name__,
        url_prefix=f"/api/v1/{name}",
        abp_tags=[Tag(name=name)],
        operation_id_callback=operation_id,
    )


def document(app: OpenAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of every route. For one call: the library keeps what it gives, and here it is added to."""
    for routes in app.blueprints.values():
        if isinstance(routes, Routes):
            routes.describe(app)
    found = app.api_doc
    for operations in found["paths"].values():
        for operation in operations.values():
            # The library joins the lines of a docstring for HTML; a document is read by programs.
            operation["description"] = operation.get("description", "").replace("<br/>", "\n").strip()
    # The library writes null for what an open API does not have; OpenAPI wants an object, or nothing.
    found["components"] = {name: part for name, part in found["components"].items() if part is not None}
    add_headers(operations_of(found))
    return add_links(found)
