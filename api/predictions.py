"""POST /predictions: what a model says of users, from their tags as they are now. The pipeline is the one that was trained."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.access.actor import require_sight, sees
from api.access.declared import requires
from api.crowd_of_model import require_crowd_sight
from api.documented import Iso, Value, documented, noun
from api.errors import ApiError, invalid
from api.learned import Learned, LearnedModels
from api.ports import ProfileValue, Stores
from api.preconditions import require_json
from api.prediction_ports import Prediction
from api.serving import M, Served, Serving
from api.times import Clock, iso, iso_or_none
from api.wire import reply
from prediction.encoder import BadOutput, BadValue
from prediction.hashing import BadFeature
from prediction.pipeline import Pipeline, Reason, SpendFile, WrongFile, columns_of
from prediction.promotion import RetiredFeature, require_live
from stores.models.files import DamagedFile
from tagging.access import Role
from tagging.definition import TagDefinition

MOST_USERS = 100
UserId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class PredictionsIn(BaseModel):
    """Whom to score. `what_if` stands in for the values of one user's tags; such predictions are not logged."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName
    user_ids: list[UserId] = Field(min_length=1, max_length=MOST_USERS)
    reasons: bool = Field(False, strict=True, description="Say which features moved each score")
    record: bool = Field(
        True, strict=True, description="Whether models learn from what then happens; false for a mere look"
    )
    what_if: dict[ModelName, Value | None] | None = Field(None, description="Tag to value; null: the user has none")

    @model_validator(mode="after")
    def _one_user(self) -> PredictionsIn:
        if self.what_if and len(self.user_ids) != 1:
            raise ValueError(f"what_if: got {len(self.user_ids)} users, allowed one")
        return self


class ReasonOut(BaseModel):
    """What a feature did to a score; of an ONNX model, what becomes of it where this feature alone is the typical one."""

    feature: str
    title: str
    value: Value | None = Field(description="null where there is none, and where it is masked")
    masked: bool
    points: float | None = Field(
        description="Log-odds, relative to the average user; above 0 it raised the score. null where the value is not for "
        "whoever asks: they would tell it"
    )


class LearnedOut(BaseModel):
    """What the model says that has gone on learning, from what became of earlier predictions."""

    score: float
    snapshot: int
    examples: int = Field(description="How many it has learned from")


class PredictionOut(BaseModel):
    """What a model says of a user; `problem` instead where it says nothing."""

    user_id: str
    prediction_id: str | None
    label: str | None = Field(description="The class that the score is of: `yes`, or the likeliest of many")
    score: float | None = Field(description="Its probability")
    learned: LearnedOut | None = Field(description="null where nothing was learned that is proven to be good")
    missing: list[str] = Field(description="Features that the user has no value of; the model knows what that means")
    newest_feature_at: Iso | None = Field(description="When the newest of the features came to be")
    oldest_feature_at: Iso | None
    reasons: list[ReasonOut]
    problem: str | None


class PredictionsOut(BaseModel):
    """Predictions in the order of the request."""

    model: str
    version: int
    predicted_at: Iso
    items: list[PredictionOut]


@dataclass(frozen=True)
class _Known:
    """A user's features: those that are there, by tag."""

    user_id: str
    values: Mapping[str, ProfileValue]
    has_profile: bool


def _known(values: Sequence[ProfileValue], user_id: str, versions: Mapping[str, int]) -> _Known:
    found = {value.tag: value for value in values if not value.absent and versions.get(value.tag) == value.version}
    return _Known(user_id, found, bool(values))


def served(serving: Serving[M], name: str) -> Served[M]:
    """A model's live version. Raises ApiError where none is in use, or its file is of no use here."""
    try:
        found = serving.live(name)
    except SpendFile as error:
        raise ApiError(409, "model_of_spend", f"{name}: {error}") from error
    except (DamagedFile, WrongFile) as error:
        raise ApiError(409, "model_unusable", f"{error}; put another version into use") from error
    if found is None:
        raise ApiError(
            404, "model_not_found", f"There is no model {name} in use; GET /api/v1/models names those that are"
        )
    return found


def _features(pipeline: Pipeline, known: _Known, what_if: Mapping[str, Any] | None) -> dict[str, Any]:
    found = {tag: value.value for tag, value in known.values.items()}
    for tag, value in (what_if or {}).items():
        if tag not in {feature.tag for feature in pipeline.features}:
            raise invalid(f"what_if.{tag}", "is no feature of the model", tag, sorted(f.tag for f in pipeline.features))
        found[tag] = value
    return {feature.tag: found.get(feature.tag) for feature in pipeline.features}


def blueprint(stores: Stores, serving: Serving[Pipeline], learned: LearnedModels, clock: Clock) -> APIBlueprint:
    """The routes that predict."""
    routes = noun("predictions")
    routes.before_request(require_json)

    @routes.post("", responses=documented({200: PredictionsOut}, 400, 404, 409, 413, 415, 503))
    @requires(Role.VIEWER, Role.SERVICE, audited=False)
    def predict(body: PredictionsIn) -> Response:
        """Score up to 100 users by a model's live version. A user that is unknown gets a problem in place of a score"""
        live = served(serving, body.model)
        pipeline = live.pipeline
        tags = {tag.name: tag for tag in stores.registry.tags()}
        require_crowd_sight(live.lineage, stores.registry)
        try:
            require_live(pipeline, {name: tag.version for name, tag in tags.items()})
        except RetiredFeature as error:
            raise ApiError(409, "feature_retired", str(error)) from error
        if body.what_if:
            # The value that leaves the score as it is is the user's own.
            require_sight(tags[feature.tag] for feature in pipeline.features)
        versions = {feature.tag: feature.version for feature in pipeline.features}
        profiles = stores.profiles.read_many(body.user_ids)
        people = [_known(profiles[user_id], user_id, versions) for user_id in body.user_ids]
        scored = [known for known in people if known.has_profile]
        features = {known.user_id: _features(pipeline, known, body.what_if) for known in scored}
        at_ms = clock()
        found = _scored(pipeline, scored, features, tags, body.reasons)
        _add_learned(found, features, learned.served(body.model))
        if body.record and not body.what_if:
            stores.predicting.log.append(
                [
                    Prediction(
                        # Whose values they are: what is asked later of what was known then is asked of the person.
                        str(out.prediction_id), body.model, live.version, stores.identities.person(out.user_id).canonical,
                        features[out.user_id], float(out.score or 0), at_ms,
                    )
                    for out in found.values()
                ]
            )  # fmt: skip
        items = [found.get(user_id) or _unknown(user_id) for user_id in body.user_ids]
        return reply(PredictionsOut(model=body.model, version=live.version, predicted_at=iso(at_ms), items=items))

    return routes


def _scored(
    pipeline: Pipeline,
    people: Sequence[_Known],
    features: Mapping[str, dict[str, Any]],
    tags: Mapping[str, TagDefinition],
    reasons: bool,
) -> dict[str, PredictionOut]:
    if not people:
        return {}
    columns = columns_of(pipeline.features, [features[known.user_id] for known in people])
    try:
        said = pipeline.said(columns)
        why = pipeline.reasons(columns) if reasons else [[] for _ in people]
    except BadOutput as error:
        raise ApiError(
            409, "model_unusable", f"model {pipeline.model}: {error}; put another version into use"
        ) from error
    except BadValue as error:
        raise invalid("what_if", str(error)) from error
    found = {}
    for known, (label, score), moved in zip(people, said, why, strict=True):
        mine = features[known.user_id]
        times = [value.changed_at_ms for value in known.values.values()]
        found[known.user_id] = PredictionOut(
            user_id=known.user_id,
            prediction_id=uuid.uuid4().hex,
            label=label,
            score=score,
            learned=None,
            missing=[feature.tag for feature in pipeline.features if mine[feature.tag] is None],
            newest_feature_at=iso_or_none(max(times, default=None)),
            oldest_feature_at=iso_or_none(min(times, default=None)),
            reasons=_reasons(moved, mine, tags),
            problem=None,
        )
    return found


def _reasons(moved: Sequence[Reason], values: Mapping[str, Any], tags: Mapping[str, TagDefinition]) -> list[ReasonOut]:
    """What moved a score the most first; of what is masked no more than that it is there, for points tell the value."""
    seen = [reason for reason in moved if sees(tags[reason.feature])]
    masked = sorted({reason.feature for reason in moved} - {reason.feature for reason in seen})
    shown = [
        ReasonOut(
            feature=reason.feature,
            title=tags[reason.feature].title,
            value=values[reason.feature],
            masked=False,
            points=reason.points,
        )
        for reason in seen
    ]
    return shown + [
        ReasonOut(feature=name, title=tags[name].title, value=None, masked=values[name] is not None, points=None)
        for name in masked
    ]


def _add_learned(
    found: Mapping[str, PredictionOut], features: Mapping[str, dict[str, Any]], learned: Learned | None
) -> None:
    if learned is None or not found:
        return
    try:
        scores = learned.scores([features[user_id] for user_id in found])
    except BadFeature as error:
        raise invalid("what_if", str(error)) from error
    for out, score in zip(found.values(), scores, strict=True):
        out.learned = LearnedOut(score=score, snapshot=learned.snapshot, examples=learned.state.examples)


def _unknown(user_id: str) -> PredictionOut:
    return PredictionOut(
        user_id=user_id,
        prediction_id=None,
        label=None,
        score=None,
        learned=None,
        missing=[],
        newest_feature_at=None,
        oldest_feature_at=None,
        reasons=[],
        problem="user_not_found",
    )
