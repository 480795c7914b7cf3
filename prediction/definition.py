"""A model as its author writes it: a TOML text that says what is predicted, of whom, from which tags, and how."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from prediction.examples import DAY_SECONDS, LONGEST_GRACE_SECONDS, LONGEST_HORIZON_SECONDS, LabelRule
from prediction.onnx_part import OnnxFeature, OnnxPart
from prediction.orders_part import OrdersPart
from tagging.names import TAG_NAME
from tagging.problems import did_you_mean

Kind = Literal["conversion", "churn", "next_value", "lookalike", "spend"]
Algorithm = Literal["logistic", "boosting", "onnx", "bg_nbd"]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=128)]
MOST_FEATURES = 64
LONGEST_DAYS = 400


class ModelProblem(ValueError):
    """A definition that cannot be used. The text names every problem with its place."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Part):
    """What is to happen within `horizon_days` after the moment of prediction.

    conversion: an event of `event_type`; churn: none of any type, or of `event_type` where given; next_value: the value of
    the property `value_property` of the first such event (models of this kind tell classes apart). lookalike: nothing is to
    happen; whether the user is in the saved crowd `crowd` now. spend: how much the user spends within the horizon.
    """

    horizon_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 0
    event_type: Word | None = None
    value_property: Word | None = None
    crowd: Word | None = None


class Training(_Part):
    """Whom and when a model learns from: users with an event in `active_days` before each of `moments` times, the newest a
    horizon ago, each `every_days` before the one after it.
    """

    active_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 30
    moments: Annotated[int, Field(ge=2, le=52)] = 6
    every_days: Annotated[int, Field(ge=1, le=90)] = 7
    most_users: Annotated[int, Field(ge=100, le=1_000_000)] = 100_000
    held_out: Annotated[float, Field(ge=0.1, le=0.5)] = 0.3


class Online(_Part):
    """That a model also learns from the stream: from each prediction that is served, once its label is decided.

    `horizon_seconds`: where it is not to wait as long as the label says; `grace_seconds`: how long a late event is waited for.
    """

    horizon_seconds: Annotated[int, Field(ge=1, le=LONGEST_HORIZON_SECONDS)] | None = None
    grace_seconds: Annotated[int, Field(ge=0, le=LONGEST_GRACE_SECONDS)] = 300


class ModelDefinition(_Part):
    """A model. `features` are names of tags; which versions they are is settled when the model is trained.

    One of the algorithm `onnx` is made elsewhere: its part `onnx` says the versions too. One of the kind `spend` reads no tag
    but the purchases that its part `orders` names, by the algorithm `bg_nbd` (see `prediction.lifetime`).
    """

    name: str
    title: Line
    description: Line
    owner: Line
    kind: Kind
    algorithm: Algorithm = "logistic"
    label: Label
    features: Annotated[tuple[str, ...], Field(max_length=MOST_FEATURES)] = ()
    training: Training = Training()
    online: Online | None = None
    onnx: OnnxPart | None = None
    orders: OrdersPart | None = None

    @property
    def label_rule(self) -> LabelRule | None:
        """When its served predictions are positive; None where it does not learn from them."""
        if self.online is None or self.label.event_type is None:
            return None
        horizon = self.online.horizon_seconds or self.label.horizon_days * DAY_SECONDS
        return LabelRule(self.label.event_type, horizon, self.online.grace_seconds)

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        if not TAG_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a model's name: a-z, 0-9 and _, from a letter on, at most 63")
        return name

    @field_validator("features")
    @classmethod
    def _features(cls, features: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [name for name in features if not TAG_NAME.fullmatch(name)]
        twice = sorted({name for name in features if features.count(name) > 1})
        if wrong or twice:
            raise ValueError(f"not names of tags: {wrong}; named twice: {twice}")
        return features

    @model_validator(mode="after")
    def _label_fits(self) -> ModelDefinition:
        label = self.label
        if (self.kind == "spend") != (self.algorithm == "bg_nbd"):
            raise ValueError(f"algorithm: got {self.algorithm} for a {self.kind} model, "
                             "allowed bg_nbd for spend models, which need it")  # fmt: skip
        if self.kind == "spend":
            return self._spend()
        if self.orders is not None:
            raise ValueError(f"orders: got it for a {self.kind} model, allowed for spend models")
        if not self.features:
            raise ValueError(f"features: got none, needed at least one tag for a {self.kind} model")
        if (self.kind == "lookalike") != (label.crowd is not None):
            raise ValueError(f"label.crowd: got {label.crowd!r} for a {self.kind} model, "
                             "allowed for lookalike models, which need it")  # fmt: skip
        if (self.algorithm == "onnx") != (self.onnx is not None):
            raise ValueError(f"onnx: {'missing' if self.onnx is None else 'got it'} for the algorithm {self.algorithm}, "
                             "allowed for the algorithm onnx, which needs it")  # fmt: skip
        if self.onnx is not None and (problem := self.onnx.problem(self.kind, self.features)):
            raise ValueError(problem)
        if self.kind == "lookalike":
            return self._lookalike()
        if not label.horizon_days:
            raise ValueError(f"label.horizon_days: a {self.kind} model says within how many days")
        if self.kind != "churn" and label.event_type is None:
            raise ValueError(f"label.event_type: a {self.kind} model says which event it waits for")
        if (self.kind == "next_value") != (label.value_property is not None):
            raise ValueError(f"label.value_property: got {label.value_property!r} for a {self.kind} model, "
                             "allowed for next_value models, which need it")  # fmt: skip
        if self.online is not None and self.kind != "conversion":
            raise ValueError(f"online: got a {self.kind} model, allowed for conversion models")
        return self

    def _lookalike(self) -> ModelDefinition:
        label = self.label
        if label.horizon_days or label.event_type is not None or label.value_property is not None:
            raise ValueError("label: a lookalike model has a crowd, and nothing that is to happen")
        if self.algorithm != "logistic":
            raise ValueError(
                f"algorithm: got {self.algorithm} for a lookalike model, allowed logistic: its weights explain it"
            )
        if self.online is not None:
            raise ValueError("online: got a lookalike model, allowed for conversion models")
        return self

    def _spend(self) -> ModelDefinition:
        label = self.label
        if not label.horizon_days:
            raise ValueError("label.horizon_days: a spend model says within how many days")
        if label.event_type is not None or label.value_property is not None or label.crowd is not None:
            raise ValueError("label: a spend model has horizon_days alone; its part `orders` says what a purchase is")
        if self.features:
            raise ValueError(
                f"features: got {', '.join(self.features)} for a spend model, allowed none: it reads `orders`"
            )
        if self.online is not None or self.onnx is not None:
            raise ValueError("online, onnx: a spend model has neither")
        return self.model_copy(update={"orders": OrdersPart()}) if self.orders is None else self

    def with_moments(self, moments: int) -> ModelDefinition:
        """The same model, learned from fewer moments or more. Raises ValueError for fewer than two."""
        training = Training.model_validate({**self.training.model_dump(), "moments": moments})
        return self.model_copy(update={"training": training})


def parse_model(text: str, origin: str = "") -> ModelDefinition:
    """Read a definition. `origin` names it in messages. Raises ModelProblem with everything that is wrong."""
    try:
        return ModelDefinition.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ModelProblem(f"{origin or 'model'}: not TOML: {error}") from error
    except ValidationError as error:
        problems = []
        for each in error.errors():
            place = ".".join(str(part) for part in each["loc"]) or "model"
            known = _keys(each["loc"])
            hint = did_you_mean(str(each["loc"][-1]), known) if each["type"] == "extra_forbidden" else ""
            problems.append(f"{place}: {each['msg'].removeprefix('Value error, ')}{f' ({hint})' if hint else ''}")
        raise ModelProblem(f"{origin or 'model'}: " + "; ".join(problems)) from error


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    if len(place) > 3:
        return tuple(OnnxFeature.model_fields)
    parts: dict[int | str, type[BaseModel]] = {
        "label": Label, "training": Training, "online": Online, "onnx": OnnxPart, "orders": OrdersPart
    }  # fmt: skip
    return tuple(parts.get(place[0], ModelDefinition).model_fields if len(place) > 1 else ModelDefinition.model_fields)


@dataclass(frozen=True, order=True)
class Feature:
    """A tag version as an input of a model, with the type of its values."""

    tag: str
    version: int
    value_type: str
