"""Lookalikes of a crowd: models that are asked for, and what they found. The API writes definitions; a job trains."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint

from api.access.actor import changes, require_sight, sees, sees_versions
from api.access.declared import requires
from api.access.guard import note
from api.actor import actor
from api.crowd_book import Book
from api.crowd_lookalike_models import (
    BestPart,
    Found,
    LookalikeIn,
    LookalikeList,
    LookalikeOut,
    LookalikeQuery,
    SignOut,
)
from api.crowd_models import CrowdPath
from api.crowd_of_model import require_crowd_sight
from api.documented import documented, noun
from api.errors import ApiError, invalid
from api.ports import Registry, Stores
from api.preconditions import require_json
from api.times import Clock
from api.wire import reply
from prediction.definition import MOST_FEATURES, ModelDefinition, ModelProblem, parse_model
from prediction.lookalike import Best, best_from, best_of_part
from prediction.lookalike_asking import ASKED, standing
from prediction.lookalike_features import SCORES, tells
from prediction.lookalike_tag import score_tag
from stores.models.registry import Model
from tagging.access import Role, strictest
from tagging.compiler import CompiledTag, compile_tag
from tagging.crowds import Rule, tags_in
from tagging.definition import TagDefinition
from tagging.names import RESERVED_TAG_NAMES
from tagging.problems import TagProblems

MOST_USERS = 40_000
"""Of the crowd and of the others together: what one training reads, and holds in memory."""
LOOKED_AT = 100


@lru_cache(2_000)
def _compiled(tag: TagDefinition) -> CompiledTag | None:
    try:
        return compile_tag(tag)
    except TagProblems:
        return None


class Lookalikes:
    """What the routes answer."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._models = stores.predicting.models
        self._clock = clock

    def ask(self, name: str, wanted: LookalikeIn) -> LookalikeOut:
        """Define the model, and have it trained."""
        book = Book.open(self._stores)
        rule = book.rule_of(name)
        tag = book.tags.get(wanted.model)
        if wanted.model in RESERVED_TAG_NAMES or (tag is not None and not _is_score(tag)):
            raise invalid(
                "model", "is the name of a tag that is no score of it; its scores are a tag of its name", wanted.model
            )
        held = self._models.model(wanted.model)
        if held is not None:
            known = _definition(held)
            if known is None or known.label.crowd != name:
                message = (
                    f"There is a model {wanted.model} already that is none of {name}'s lookalikes; choose another name"
                )
                raise ApiError(409, "model_exists", message)
            if not changes(known.owner):
                message = f"The model {wanted.model} is {known.owner}'s: its owner, approvers and admins train it again"
                raise ApiError(403, "not_owner", message)
        who, now_ms = known.owner if held and known else actor(), self._clock()
        text = _text(wanted, name, who, self._features(book, rule, wanted.features))
        self._models.define(wanted.model, text, actor(), now_ms)
        self._models.note(wanted.model, actor(), ASKED, now_ms)
        return self._out(
            book, rule, Model(wanted.model, text) if held is None else self._require(wanted.model), LookalikeQuery()
        )

    def list(self, name: str, query: LookalikeQuery) -> LookalikeList:
        """All of a crowd."""
        book = Book.open(self._stores)
        rule = book.rule_of(name)
        mine = [model for model in self._models.models() if (found := _definition(model)) and found.label.crowd == name]
        return LookalikeList(items=[self._out(book, rule, model, query) for model in mine])

    def _require(self, name: str) -> Model:
        found = self._models.model(name)
        assert found is not None
        return found

    def _features(self, book: Book, rule: Rule, wanted: list[str] | None) -> list[str]:
        compiled = {tag.name: found for tag in book.tags.values() if (found := _compiled(tag))}
        asked = tags_in(rule)
        if wanted is None:
            usable = [name for name in sorted(compiled) if sees(book.tags[name]) and not tells(name, asked, compiled)]
            if not usable:
                raise invalid("features", "no live tag is left beside those that the crowd's rule asks for")
            return usable[:MOST_FEATURES]
        for place, name in enumerate(wanted):
            if name not in book.tags:
                raise invalid(f"features[{place}]", "there is no such tag", name, "a name that GET /api/v1/tags lists")
            if wanted.index(name) != place:
                raise invalid(f"features[{place}]", "is named twice", name)
            if tells(name, asked, compiled):
                message = "is what the crowd's rule asks for, or a model's score: the model would only find that again"
                raise invalid(f"features[{place}]", message, name)
        require_sight(book.tags[name] for name in wanted)
        return wanted

    def _out(self, book: Book, rule: Rule, model: Model, query: LookalikeQuery) -> LookalikeOut:
        definition = _definition(model)
        assert definition is not None
        state, cause = standing(self._models.audit(model.name, LOOKED_AT))
        read = [book.tags[name] for name in {*definition.features, *tags_in(rule)} if name in book.tags]
        score = book.tags.get(model.name)
        return LookalikeOut(
            model=model.name,
            title=definition.title,
            owner=definition.owner,
            state=state,
            cause=cause,
            features=list(definition.features),
            found=_found(self._stores.registry, book, model, score is not None and _is_score(score), query),
            tag_text=score_tag(definition, strictest(tag.sensitivity for tag in read)),
            tag_live=score is not None and _is_score(score),
        )


def _is_score(tag: TagDefinition) -> bool:
    """Whether a tag tells what the model of its name says, and a rule may ask for so much or more of it."""
    compiled = _compiled(tag)
    if compiled is None or compiled.sources != frozenset({SCORES}):
        return False
    return tag.value_type == "decimal" and f"'{tag.name}'" in tag.sql


def _definition(model: Model) -> ModelDefinition | None:
    """A lookalike's definition; None for a model of another kind, or one that cannot be read."""
    try:
        found = parse_model(model.definition, model.name)
    except ModelProblem:
        return None
    return found if found.kind == "lookalike" else None


def _found(registry: Registry, book: Book, model: Model, tag_live: bool, query: LookalikeQuery) -> Found | None:
    version = model.live or next(iter(model.versions), None)
    if version is None or "signs" not in version.metrics:
        return None
    # The rule may have been another one, over other tags, when it was trained.
    require_crowd_sight(version.lineage, registry)
    metrics: Mapping[str, Any] = version.metrics
    crowd = version.lineage["crowd"]

    def part(best: Mapping[str, Any]) -> BestPart:
        rule = {"all": [{"tag": model.name, "at_least": best["score"]}, {"not": {"crowd": crowd}}]}
        fields = {name: best[name] for name in BestPart.model_fields if name in best}
        return BestPart(**fields, rule=rule if tag_live else None)

    wanted = _wanted(metrics, query)
    read = {feature["tag"]: feature["version"] for feature in version.lineage["features"]}

    def is_told(name: str) -> bool:
        # What it tells is how the values of that version were spread.
        return name in book.tags and name in read and sees_versions(registry, [(name, read[name])])

    signs = [sign for sign in metrics["signs"] if is_told(sign["feature"])]
    return Found(
        version=version.version,
        live=model.live_version == version.version,
        **{name: metrics[name] for name in Found.model_fields if name in metrics and name not in ("best", "signs")},
        best=[part(best) for best in metrics["best"]],
        wanted=None if wanted is None else part(asdict(wanted)),
        signs=[SignOut(title=book.tags[sign["feature"]].title, **sign) for sign in signs],
    )


def _wanted(metrics: Mapping[str, Any], query: LookalikeQuery) -> Best | None:
    others = metrics["others"]
    if query.at_least is not None:
        return best_from(metrics["curve"], others, query.at_least)
    if query.users is None or not others:
        return None
    return best_of_part(metrics["curve"], others, min(1.0, query.users / others))


def _text(wanted: LookalikeIn, crowd: str, owner: str, features: list[str]) -> str:
    """The definition as TOML. A JSON text is a TOML text too, as long as it holds no control characters."""
    values = {
        "name": wanted.model,
        "title": wanted.title,
        "description": f"Who is like the users of the crowd {crowd}, by what their other tags say.",
        "owner": owner,
        "kind": "lookalike",
        "features": features,
    }
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join([*lines, f'[label]\ncrowd = "{crowd}"', f"[training]\nmost_users = {MOST_USERS}", ""])


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of lookalikes."""
    routes = noun("crowds")
    routes.name = "crowd_lookalikes"
    routes.before_request(require_json)
    lookalikes = Lookalikes(stores, clock)

    @routes.get("/<name>/lookalikes", responses=documented({200: LookalikeList}, 404, 503))
    @requires(Role.VIEWER)
    def list_lookalikes(path: CrowdPath, query: LookalikeQuery) -> Response:
        """The crowd's lookalike models: lift on the held-out, what explains it, and the crowd of each best part"""
        return reply(lookalikes.list(path.name, query))

    @routes.post("/<name>/lookalikes", responses=documented({202: LookalikeOut}, 400, 404, 409, 413, 415, 503))
    @requires(Role.EDITOR)
    def ask_lookalike(path: CrowdPath, body: LookalikeIn) -> Response:
        """Have a model learn who is like the crowd's users; poll where Location says"""
        note(f"{body.model}: {body.title}")
        response = reply(lookalikes.ask(path.name, body), 202)
        response.headers["Location"] = f"/api/v1/crowds/{path.name}/lookalikes"
        return response

    return routes
