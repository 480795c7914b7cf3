"""GET /models/{name}/feature-parity: whether a model was asked with the values that were known then, report by report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from api import cursor as cursors
from api.access.actor import sees_versions
from api.access.declared import requires
from api.cursor import Cursor
from api.documented import Iso, Value, documented, noun
from api.models import ModelPath, known_model
from api.ports import Registry, Stores
from api.times import iso
from api.wire import reply
from stores.models.feature_reports import FeatureCounts, FeatureFinding, FeatureReport
from tagging.access import Role

MOST_REPORTS = 100


class FeatureParityQuery(BaseModel):
    """Which page of the history."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=MOST_REPORTS)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class CauseOut(BaseModel):
    """Why values of a feature are wrong."""

    cause: Literal["late_value", "version_skew", "dropped_feature", "unknown"]
    values: int


class FeatureOutcome(BaseModel):
    """A feature over all vectors of a report."""

    tag: str
    version: int
    equal: int
    missing: int = Field(description="The model was asked without a value that was known")
    extra: int = Field(description="The model was asked with a value where none was known")
    different: int
    pending: int = Field(description="Superseded less than 5 s before; neither equal nor wrong")
    wrong: int = Field(description="Missing, extra and different")
    greatest_difference: float | None = Field(
        description="Between numbers; null where none differ, and where it is masked"
    )
    causes: list[CauseOut]


class FeatureExample(BaseModel):
    """A user of whom a value was not equal."""

    user_id: str
    prediction_id: str
    served_at: Iso
    outcome: Literal["missing", "extra", "different", "pending"]
    served: Value | None
    known: Value | None = Field(description="What was known of the user at that instant; null: nothing")
    cause: Literal["late_value", "version_skew", "dropped_feature", "unknown"] | None = Field(
        description="null where it is pending"
    )


class FeatureExamples(BaseModel):
    """A few users on whom a feature's values differ. `masked`: its values are not for whoever asks, nor whom they are of."""

    tag: str
    version: int
    masked: bool
    items: list[FeatureExample]


class FeatureReportOut(BaseModel):
    """A comparison of all vectors of a period, or of the newest where there are too many (`whole` false)."""

    id: int
    version: int
    state: Literal["equal", "wrong"]
    made_at: Iso
    from_at: Iso
    until_at: Iso
    vectors: int
    whole: bool
    features: list[FeatureOutcome]


class FeatureParityOut(BaseModel):
    """Where a model stands: the newest report of its live version, or of any where it has none of that one."""

    name: str
    state: Literal["equal", "wrong", "never_run"]
    latest: FeatureReportOut | None
    examples: list[FeatureExamples] = Field(description="Of the latest report, by feature that is not equal")
    items: list[FeatureReportOut] = Field(description="The history of all versions, the newest first")
    next: str | None


def blueprint(stores: Stores) -> APIBlueprint:
    """The route."""
    routes = noun("models")
    routes.name = "feature_parity"
    reports, models = stores.predicting.reports, stores.predicting.models

    @routes.get("/<name>/feature-parity", responses=documented({200: FeatureParityOut}, 404, 503))
    @requires(Role.VIEWER)
    def read_feature_parity(path: ModelPath, query: FeatureParityQuery) -> Response:
        """Whether a model was asked with the values that were known then: the newest report, and a page of its history"""
        before = cursors.decode_number(query.cursor) or None
        model = known_model(models, path.name)
        live = reports.newest(path.name, model.live_version) if model.live_version else None
        latest = live or reports.newest(path.name, None)
        found = reports.listed(path.name, before, query.limit + 1)
        page = found[: query.limit]
        return reply(
            FeatureParityOut(
                name=path.name,
                state=_state(latest) if latest else "never_run",
                latest=_report(latest, stores.registry) if latest else None,
                examples=_examples(latest, reports.findings(latest.id), stores.registry) if latest else [],
                items=[_report(each, stores.registry) for each in page],
                next=cursors.encode(page[-1].id) if len(found) > query.limit else None,
            )
        )

    return routes


def _state(report: FeatureReport) -> Literal["equal", "wrong"]:
    return "wrong" if report.wrong_features else "equal"


def _report(report: FeatureReport, registry: Registry) -> FeatureReportOut:
    return FeatureReportOut(
        id=report.id,
        version=report.version,
        state=_state(report),
        made_at=iso(report.made_at_ms),
        from_at=iso(report.from_ms),
        until_at=iso(report.until_ms),
        vectors=report.vectors,
        whole=report.whole,
        features=[_feature(each, registry) for each in report.features],
    )


def _feature(found: FeatureCounts, registry: Registry) -> FeatureOutcome:
    return FeatureOutcome(
        tag=found.tag,
        version=found.version,
        wrong=found.wrong,
        greatest_difference=found.greatest_difference if _seen(found, registry) else None,
        causes=[CauseOut(cause=cause, values=values) for cause, values in found.causes.items()],
        **found.counts,
    )


def _examples(
    report: FeatureReport, findings: Mapping[str, Sequence[FeatureFinding]], registry: Registry
) -> list[FeatureExamples]:
    shown = []
    for feature in report.features:
        # By what was counted, not by what is still kept: whoever is erased leaves a count.
        if feature.counts.get("pending", 0) + feature.wrong == 0:
            continue
        seen = _seen(feature, registry)
        items = [_example(each) for each in findings.get(feature.tag, ())] if seen else []
        shown.append(FeatureExamples(tag=feature.tag, version=feature.version, masked=not seen, items=items))
    return shown


def _example(found: FeatureFinding) -> FeatureExample:
    return FeatureExample(
        user_id=found.user_id,
        prediction_id=found.prediction_id,
        served_at=iso(found.served_at_ms),
        outcome=found.outcome,
        served=found.served,
        known=found.batch,
        cause=found.cause,
    )


def _seen(feature: FeatureCounts, registry: Registry) -> bool:
    return sees_versions(registry, [(feature.tag, feature.version)])
