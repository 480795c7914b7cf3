"""GET /models: what models there are, how good each version is, what was done to them; and putting a version into use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

import sql
from api.access.declared import requires
from api.actor import actor
from api.crowd_of_model import told
from api.documented import Iso, documented, noun
from api.errors import ApiError
from api.ports import Stores
from api.preconditions import require_json
from api.times import Clock, iso
from api.wire import reply
from prediction.definition import ModelDefinition, ModelProblem, parse_model
from prediction.lookalike_asking import standing
from prediction.promotion import NotBetter, require_better_than_chance
from stores.models.feature_reports import WrongFeatures
from stores.models.registry import Model, Models, ModelVersion
from tagging.access import Role

MOST_AUDIT = 100


class ModelPath(BaseModel):
    """Which model."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class FeatureOut(BaseModel):
    """A tag version that a version of a model reads."""

    tag: str
    version: int
    value_type: str


class VersionOut(BaseModel):
    """One training. `metrics` are of people that it has not seen."""

    version: int
    stage: Literal["shadow", "live", "retired"]
    sha256: str = Field(description="Of the file that scores")
    features: list[FeatureOut]
    metrics: dict[str, Any]
    lineage: dict[str, Any] = Field(description="What it was made of: moments, rows, checksums, libraries")
    created_by: str
    created_at: Iso


class ModelSummary(BaseModel):
    """A model, and how good its live version is."""

    name: str
    title: str
    description: str
    owner: str
    kind: str
    algorithm: str
    features: list[str]
    versions: int
    live_version: int | None
    metrics: dict[str, Any] | None = Field(description="Of the live version; null where none is live")
    trained_at: Iso | None


class ModelList(BaseModel):
    """All models in order of name."""

    items: list[ModelSummary]


class DeedOut(BaseModel):
    """What somebody did to a model."""

    version: int | None
    who: str
    what: str
    at: Iso


class ModelOut(ModelSummary):
    """A model with its versions, the newest first, and its audit trail."""

    definition: str
    version_list: list[VersionOut]
    audit: list[DeedOut]
    refused: str | None = Field(
        description="Why the newest training was refused; null where it was not, or none was tried"
    )


class LiveIn(BaseModel):
    """Which version to put into use."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(strict=True, ge=1, le=2**31 - 1, description="null takes the model out of use")


def _definition(model: Model) -> ModelDefinition | None:
    try:
        return parse_model(model.definition, model.name)
    except ModelProblem:
        # A definition of a later release: its versions can still be seen.
        return None


def _builtin(name: str) -> Model | None:
    texts = (file.read_text(encoding="utf-8") for file in sql.model_files() if file.stem == name)
    return next((Model(name, text) for text in texts), None)


def _summary(model: Model) -> dict[str, Any]:
    definition, live = _definition(model), model.live
    return {
        "name": model.name,
        "title": definition.title if definition else model.name,
        "description": definition.description if definition else "",
        "owner": definition.owner if definition else "",
        "kind": definition.kind if definition else "",
        "algorithm": definition.algorithm if definition else "",
        "features": list(definition.features) if definition else [],
        "versions": len(model.versions),
        "live_version": model.live_version,
        "metrics": told(live.metrics) if live else None,
        "trained_at": iso(live.created_at_ms) if live else None,
    }


def _version(version: ModelVersion) -> VersionOut:
    lineage: Mapping[str, Any] = version.lineage
    return VersionOut(
        version=version.version,
        stage=version.stage.value,
        sha256=version.sha256,
        features=[FeatureOut(**{name: each[name] for name in FeatureOut.model_fields}) for each in lineage["features"]],
        metrics=told(version.metrics),
        lineage=told(lineage),
        created_by=version.created_by,
        created_at=iso(version.created_at_ms),
    )


def known_model(models: Models, name: str) -> Model:
    """A model of the registry. Raises ApiError 404."""
    return _required(models.model(name), name)


def readable_model(models: Models, name: str) -> Model:
    """A model of the registry, or a built-in one, which is not there before it was trained. Raises ApiError 404."""
    return _required(models.model(name) or _builtin(name), name)


def _required(model: Model | None, name: str, fix: str = "GET /api/v1/models names them") -> Model:
    if model is None:
        raise ApiError(404, "model_not_found", f"There is no model {name}; {fix}")
    return model


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of models."""
    routes = noun("models")
    models = stores.predicting.models

    def answer(model: Model) -> Response:
        deeds = models.audit(model.name, MOST_AUDIT)
        state, cause = standing(deeds)
        return reply(
            ModelOut(
                **_summary(model),
                definition=model.definition,
                version_list=[_version(version) for version in model.versions],
                audit=[
                    DeedOut(version=each.version, who=each.who, what=each.what, at=iso(each.at_ms)) for each in deeds
                ],
                refused=cause if state == "refused" else None,
            )
        )

    @routes.get("", responses=documented({200: ModelList}, 503))
    @requires(Role.VIEWER)
    def list_models() -> Response:
        """All models, and how good each live version is"""
        return reply(ModelList(items=[ModelSummary(**_summary(model)) for model in models.models()]))

    @routes.get("/<name>", responses=documented({200: ModelOut}, 404, 503))
    @requires(Role.VIEWER)
    def read_model(path: ModelPath) -> Response:
        """One model with its versions and its audit trail. A built-in one that was never trained has no version"""
        return answer(readable_model(models, path.name))

    @routes.put("/<name>/live", responses=documented({200: ModelOut}, 400, 404, 409, 413, 415, 503))
    @requires(Role.APPROVER)
    def put_model_live(path: ModelPath, body: LiveIn) -> Response:
        """Put a version into use, or go back to an earlier one. One no better than chance, or with wrong features, is refused

        Wrong are those that the version's newest report of feature parity found values wrong of that did not just come late. A
        version without a report, and one that was in use before, may go live.
        """
        model = _required(models.model(path.name), path.name, "`python -m jobs.models train` makes one")
        if body.version is not None:
            chosen = next((each for each in model.versions if each.version == body.version), None)
            if chosen is None:
                raise ApiError(404, "version_not_found", f"Model {path.name} has no version {body.version}")
            try:
                require_better_than_chance(path.name, chosen.version, chosen.metrics)
            except NotBetter as error:
                raise ApiError(409, "not_better_than_chance", str(error)) from error
        try:
            return answer(models.set_live(path.name, body.version, actor(), clock()))
        except WrongFeatures as error:
            raise ApiError(409, "features_wrong", str(error)) from error

    routes.before_request(require_json)
    return routes
