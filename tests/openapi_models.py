"""Requests for every documented answer about models: (operation, status, path, method, request, what to do before)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tagging.bound_rules import bind
from tagging.crowds import HasValue
from tagging.saved_crowds import SavedCrowd
from tests.fakes.api_stores import AT_MS, World
from tests.feature_reports import reported
from tests.small_model import GOOD, add_model
from tests.spend_model import add_spend_model

MODELS, LIVE, PREDICTIONS = "/api/v1/models", "/api/v1/models/buys/live", "/api/v1/predictions"
REPORTS = f"{MODELS}/buys/feature-parity"
SPEND, ASK_SPEND = f"{PREDICTIONS}/spend", {"model": "worth", "user_ids": ["u1", "u0", "nobody"]}
ASK: dict[str, Any] = {"model": "buys", "user_ids": ["u1", "nobody"], "reasons": True}
LOOKALIKE = """
name = "like_vip"
title = "Like the best"
description = "Who is like vip."
owner = "local"
kind = "lookalike"
features = ["spend"]
[label]
crowd = "vip"
"""
_BEST = {"wanted": 0.1, "part": 0.1, "score": 0.8, "users": 90, "found": 0.4, "lift": 4.0, "low": 2.5, "high": 6.4}
_SIGN = {"feature": "spend", "kind": "more", "value": None, "weight": 0.7, "odds": 2.01, "strength": 0.7}
_SIZES = dict.fromkeys(("seeds", "others", "sampled_seeds", "sampled_others", "held_out_seeds", "held_out_others"), 900)
LOOKALIKE_METRICS: dict[str, Any] = {
    **GOOD, **_SIZES, "best": [_BEST], "curve": [(0.8, 90, 360), (0.1, 900, 900)],
    "signs": [{**_SIGN, "seed_share": 0.6, "other_share": -0.2}],
}  # fmt: skip
LOOKALIKE_LINEAGE: dict[str, Any] = {
    "features": [{"tag": "spend", "version": 1, "value_type": "decimal"}],
    "crowd": "vip",
    "rule": bind(HasValue("tier", ("gold",)), {"tier": 1}).text(),
}
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


def _unreadable(world: World) -> None:
    world.purchases.unreadable = {"u1"}


def _of_spend(name: str, status: int, change: Before) -> tuple[Any, ...]:
    def before(world: World) -> None:
        add_spend_model(world)
        change(world)

    return ("predict_spend", status, SPEND, "POST", {"json": {**ASK_SPEND, "model": name}}, before)


def _compared(world: World) -> None:
    world.reports.keep(reported("buys", 1, wrong=2))


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


LOOKALIKES, NO_LOOKALIKES = "/api/v1/crowds/vip/lookalikes", "/api/v1/crowds/nobody/lookalikes"
LIKE: dict[str, Any] = {"json": {"model": "like_vip", "title": "Like the best"}}


def _with_crowd(change: Before) -> Before:
    def before(world: World) -> None:
        world.crowds.saved["vip"] = SavedCrowd(
            "vip", "Best", {"tag": "tier", "in": ["gold"]}, "0" * 64, 1, AT_MS, AT_MS, owner="local"
        )
        world.models.define("like_vip", LOOKALIKE, "local", AT_MS)
        world.models.add("like_vip", b"{}", LOOKALIKE_METRICS, LOOKALIKE_LINEAGE, "crowds", AT_MS)
        change(world)

    return before


def _taken(world: World) -> None:
    world.models.define("like_vip", "a model of another kind", "ann", AT_MS)


MODEL_REQUESTS = [
    ("list_lookalikes", 200, f"{LOOKALIKES}?users=50", "GET", {}, _with_crowd(_nothing)),
    ("list_lookalikes", 404, NO_LOOKALIKES, "GET", {}, _nothing),
    ("list_lookalikes", 422, "/api/v1/crowds/NO/lookalikes", "GET", {}, _nothing),
    ("list_lookalikes", 500, LOOKALIKES, "GET", {}, _with_crowd(_breaks)),
    ("list_lookalikes", 503, LOOKALIKES, "GET", {}, _with_crowd(_down)),
    ("ask_lookalike", 202, LOOKALIKES, "POST", LIKE, _with_crowd(_nothing)),
    (
        "ask_lookalike",
        400,
        LOOKALIKES,
        "POST",
        {"data": "{", "content_type": "application/json"},
        _with_crowd(_nothing),
    ),
    ("ask_lookalike", 404, NO_LOOKALIKES, "POST", LIKE, _nothing),
    ("ask_lookalike", 409, LOOKALIKES, "POST", LIKE, _with_crowd(_taken)),
    ("ask_lookalike", 413, LOOKALIKES, "POST", {"json": {"x": "x" * 3_000_000}}, _with_crowd(_nothing)),
    ("ask_lookalike", 415, LOOKALIKES, "POST", {"data": "x", "content_type": "text/plain"}, _with_crowd(_nothing)),
    ("ask_lookalike", 422, LOOKALIKES, "POST", {"json": {"model": "like_vip"}}, _with_crowd(_nothing)),
    ("ask_lookalike", 500, LOOKALIKES, "POST", LIKE, _with_crowd(_breaks)),
    ("ask_lookalike", 503, LOOKALIKES, "POST", LIKE, _with_crowd(_down)),
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
    ("read_feature_parity", 200, REPORTS, "GET", {}, _then(_compared)),
    ("read_feature_parity", 404, f"{MODELS}/nobody/feature-parity", "GET", {}, _then(_nothing)),
    ("read_feature_parity", 422, f"{REPORTS}?limit=0", "GET", {}, _then(_nothing)),
    ("read_feature_parity", 500, REPORTS, "GET", {}, _then(_breaks)),
    ("read_feature_parity", 503, REPORTS, "GET", {}, _then(_down)),
    *_requests("put_model_live", LIVE, "PUT", {"version": 1}),
    ("put_model_live", 404, LIVE, "PUT", {"json": {"version": 9}}, _then(_nothing)),
    ("put_model_live", 409, LIVE, "PUT", {"json": {"version": 3}}, _then(_nothing)),
    *_requests("predict", PREDICTIONS, "POST", ASK),
    ("predict", 404, PREDICTIONS, "POST", {"json": ASK | {"model": "nobody"}}, _then(_nothing)),
    ("predict", 409, PREDICTIONS, "POST", {"json": ASK}, _then(_retired)),
    _of_spend("worth", 200, _nothing),
    *[request for request in _requests("predict_spend", SPEND, "POST", ASK_SPEND) if request[1] != 200],
    _of_spend("nobody", 404, _nothing),
    _of_spend("worth", 409, _unreadable),
]
