"""What makes hundreds of applications a minute affordable: a model's schema is drawn up once a process.

flask-openapi3 asks pydantic for the schema of every model of every route each time an application is made (0.17 s),
and most tests of the API make one of their own.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from flask_openapi3 import openapi, utils
from pydantic import BaseModel


@pytest.fixture(scope="session", autouse=True)
def schemas_are_drawn_up_once() -> Iterator[None]:
    draw_up = utils.get_model_schema

    @cache
    def drawn_up(model: type[BaseModel], mode: str) -> bytes:
        return pickle.dumps(draw_up(model, mode))

    def schema(model: type[BaseModel], mode: str = "validation") -> dict[str, Any]:
        """A copy of its own, since flask-openapi3 takes the definitions out of what it is given."""
        return pickle.loads(drawn_up(model, mode))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "get_model_schema", schema)
        patch.setattr(openapi, "get_model_schema", schema)
        yield
