"""What makes dozens of OpenAPI documents a minute affordable: what is drawn up of a model or a route is drawn up once a process.

Each test of the document makes an application of its own, and for each flask-openapi3 asks pydantic for the schema of every model
of every route, and builds every response.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import orjson
import pytest
from flask_openapi3 import blueprint, openapi, utils
from flask_openapi3.models import Operation
from pydantic import BaseModel


@pytest.fixture(scope="session", autouse=True)
def applications_are_drawn_up_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        schema = _schemas()
        patch.setattr(utils, "get_model_schema", schema)
        patch.setattr(openapi, "get_model_schema", schema)
        patch.setattr(blueprint, "get_responses", _responses())
        yield


def _schemas() -> Callable[..., dict[str, Any]]:
    draw_up = utils.get_model_schema

    @cache
    def drawn_up(model: type[BaseModel], mode: str) -> bytes:
        return pickle.dumps(draw_up(model, mode))

    def schema(model: type[BaseModel], mode: str = "validation") -> dict[str, Any]:
        """A copy of its own, since flask-openapi3 takes the definitions out of what it is given."""
        return pickle.loads(drawn_up(model, mode))

    return schema


def _responses() -> Callable[[dict[str, Any], dict[str, Any], Operation], None]:
    draw_up, known = utils.get_responses, {}

    def responses(wanted: dict[str, Any], schemas: dict[str, Any], operation: Operation) -> None:
        key = tuple((status, orjson.dumps(of) if isinstance(of, dict) else of) for status, of in wanted.items())
        if key not in known:
            drawn_up: dict[str, Any] = {}
            draw_up(wanted, drawn_up, operation)
            known[key] = drawn_up, operation.responses
        schemas.update(known[key][0])
        # What an application adds to a response of its own is not another one's.
        operation.responses = {status: of.model_copy() for status, of in known[key][1].items()}

    return responses
