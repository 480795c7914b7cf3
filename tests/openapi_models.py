"""Requests for every documented answer about models: (operation, status, path, method, request, what to do before)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.api_stores import World
from tests.small_model import add_model

MODELS, LIVE, PREDICTIONS = "/api/v1/models", "/api/v1/models/buys/live", "/api/v1/predictions"
ASK: dict[str, Any] = {"model": "buys", "user_ids": ["u1", "nobody"], "reasons": True}
Before = Callable[[World], None]


def _then(change: Before) -> Before:
    def before(world: World) -> None:
        add_model(world.models)
        change(world)

    return before


def _nothing(world: World) -> None:
    """The model is there, and nothing is wrong."""


def _down(world: World) -> None:
    world.models.fail()


def _breaks(world: World) -> None:
    for method in ("models", "model"):
        setattr(world.models, method, lambda *given: 1 / 0)


def _retired(world: World) -> None:
    add_model(world.models, tier_version=2)


def _requests(operation: str, path: str, method: str, body: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What every request with a body can be answered."""
    return [
        (operation, 200, path, method, {"json": body}, _then(_nothing)),
        (operation, 400, path, method, {"data": "{", "content_type": "application/json"}, _then(_nothing)),
        (operation, 413, path, method, {"json": body | {"x": "x" * 3_000_000}}, _then(_nothing)),
        (operation, 415, path, method, {"data": "x", "content_type": "text/plain"}, _then(_nothing)),
        (operation, 422, path, method, {"json": body | {"x": 1}}, _then(_nothing)),
        (operation, 500, path, method, {"json": body}, _then(_breaks)),
        (operation, 503, path, method, {"json": body}, _then(_down)),
    ]


MODEL_REQUESTS = [
    ("list_models", 200, MODELS, "GET", {}, _then(_nothing)),
    ("list_models", 500, MODELS, "GET", {}, _then(_breaks)),
    ("list_models", 503, MODELS, "GET", {}, _then(_down)),
    ("read_model", 200, f"{MODELS}/buys", "GET", {}, _then(_nothing)),
    ("read_model", 404, f"{MODELS}/nobody", "GET", {}, _then(_nothing)),
    ("read_model", 422, f"{MODELS}/NO", "GET", {}, _then(_nothing)),
    ("read_model", 500, f"{MODELS}/buys", "GET", {}, _then(_breaks)),
    ("read_model", 503, f"{MODELS}/buys", "GET", {}, _then(_down)),
    ("read_learning", 200, f"{MODELS}/buys/learning", "GET", {}, _then(_nothing)),
    ("read_learning", 404, f"{MODELS}/nobody/learning", "GET", {}, _then(_nothing)),
    ("read_learning", 422, f"{MODELS}/buys/learning?windows=0", "GET", {}, _then(_nothing)),
    ("read_learning", 500, f"{MODELS}/buys/learning", "GET", {}, _then(_breaks)),
    ("read_learning", 503, f"{MODELS}/buys/learning", "GET", {}, _then(_down)),
    *_requests("put_model_live", LIVE, "PUT", {"version": 1}),
    ("put_model_live", 404, LIVE, "PUT", {"json": {"version": 9}}, _then(_nothing)),
    ("put_model_live", 409, LIVE, "PUT", {"json": {"version": 3}}, _then(_nothing)),
    *_requests("predict", PREDICTIONS, "POST", ASK),
    ("predict", 404, PREDICTIONS, "POST", {"json": ASK | {"model": "nobody"}}, _then(_nothing)),
    ("predict", 409, PREDICTIONS, "POST", {"json": ASK}, _then(_retired)),
]
