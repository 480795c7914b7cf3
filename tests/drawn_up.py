"""What makes hundreds of applications a minute affordable: what is drawn up of a model, a route or a command is drawn up once.

Most tests of the API make an application of their own. For each, werkzeug reads every rule and flask-openapi3 every annotation; for
each document flask-openapi3 asks pydantic for the schema of every model, and builds every response. Each run of a command makes
typer read all that there are.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from copy import copy
from functools import cache
from typing import Any, get_type_hints

import orjson
import pytest
import typer.testing
from flask_openapi3 import blueprint, openapi, utils
from flask_openapi3.models import Operation
from pydantic import BaseModel
from werkzeug.routing import Rule


@pytest.fixture(scope="session", autouse=True)
def applications_are_drawn_up_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        schema = _schemas()
        patch.setattr(utils, "get_model_schema", schema)
        patch.setattr(openapi, "get_model_schema", schema)
        patch.setattr(blueprint, "get_responses", _responses())
        patch.setattr(utils, "get_type_hints", _hints())
        patch.setattr(Rule, "compile", _rules())
        patch.setattr(typer.testing, "_get_command", cache(typer.testing._get_command))
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


def _hints() -> Callable[[Callable[..., Any]], dict[str, Any]]:
    known: dict[Any, dict[str, Any]] = {}

    def hints(function: Callable[..., Any]) -> dict[str, Any]:
        """A function that is made anew means the same by the same words, of which it finds the meaning where it was written."""
        said = function.__annotations__
        if not all(isinstance(each, str) for each in said.values()):
            return get_type_hints(function)
        code = function.__code__
        if code not in known:
            known[code] = get_type_hints(function)
        return known[code]

    return hints


def _rules() -> Callable[[Rule], None]:
    compile_rule, known = Rule.compile, {}
    kept = ("_parts", "_trace", "_converters", "arguments")

    def compiled(self: Rule) -> None:
        converters = self.map.converters
        key = type(self), self.rule, self.subdomain, self.host, str(self.defaults), self.merge_slashes
        key += (self.map.host_matching, tuple(converters.items()))
        if key not in known:
            compile_rule(self)
            known[key] = {name: copy(getattr(self, name)) for name in kept}
            return
        for name, value in known[key].items():
            setattr(self, name, copy(value))
        self._build = self._compile_builder(False).__get__(self, None)
        self._build_unknown = self._compile_builder(True).__get__(self, None)

    return compiled
