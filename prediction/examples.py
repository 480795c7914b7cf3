"""Labelled examples: a prediction that was served, joined with what happened afterwards. What a message of one must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from prediction.hashing import BadFeature, Features, tokens
from tagging.events import MAX_ID_LENGTH, Reason
from tagging.names import TAG_NAME

SECOND_MS = 1_000
MINUTE_MS = 60_000
DAY_SECONDS = 24 * 60 * 60
LONGEST_HORIZON_SECONDS = 400 * DAY_SECONDS
LONGEST_GRACE_SECONDS = 7 * DAY_SECONDS
LARGEST_FEATURES_BYTES = 8_192


@dataclass(frozen=True)
class LabelRule:
    """When an example is positive: an event of `event_type` occurs after the prediction, up to `horizon_seconds` later.

    It is negative once the clock has passed that by `grace_seconds`, which is how long a late event is waited for.
    """

    event_type: str
    horizon_seconds: int
    grace_seconds: int = 300

    def __post_init__(self) -> None:
        if not 0 < len(self.event_type) <= MAX_ID_LENGTH:
            raise ValueError(f"event_type: got {self.event_type[:80]!r}, allowed 1 to {MAX_ID_LENGTH} characters")
        if not 1 <= self.horizon_seconds <= LONGEST_HORIZON_SECONDS:
            raise ValueError(f"horizon_seconds: got {self.horizon_seconds}, allowed 1 to {LONGEST_HORIZON_SECONDS}")
        if not 0 <= self.grace_seconds <= LONGEST_GRACE_SECONDS:
            raise ValueError(f"grace_seconds: got {self.grace_seconds}, allowed 0 to {LONGEST_GRACE_SECONDS}")


@dataclass(frozen=True)
class Example:
    """A prediction with its label, 0 or 1. Times are epoch ms. `frozen_score`: what the baseline said, if it was asked."""

    prediction_id: str
    model: str
    version: int
    user_id: str
    features: Features
    score: float
    frozen_score: float | None
    predicted_at_ms: int
    label: int
    decided_at_ms: int


class NotAnExample(ValueError):
    """A message that is no example. The text names the field, what was got and what is allowed."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_example(message: bytes) -> Example:
    """The example of a message of the topic `examples`. Raises NotAnExample."""
    try:
        found = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise NotAnExample(Reason.MALFORMED, f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise NotAnExample(Reason.MALFORMED, f"not an object: {_shown(found)}")
    model = _text(found, "model")
    if not TAG_NAME.fullmatch(model):
        raise NotAnExample(Reason.WRONG_TYPE, f"model: {_shown(model)}; allowed: a-z, 0-9 and _, from a letter on")
    label = _whole(found, "label", 0)
    if label > 1:
        raise NotAnExample(Reason.WRONG_TYPE, f"label: {label}; allowed: 0 or 1")
    return Example(
        prediction_id=_text(found, "prediction_id"),
        model=model,
        version=_whole(found, "version", 0),
        user_id=_text(found, "user_id"),
        features=read_features(found.get("features")),
        score=_share(found, "score"),
        frozen_score=None if found.get("frozen_score") is None else _share(found, "frozen_score"),
        predicted_at_ms=_whole(found, "predicted_at", 1),
        label=label,
        decided_at_ms=_whole(found, "decided_at", 1),
    )


def read_features(text: Any) -> Features:
    """The features in a JSON text. Raises NotAnExample."""
    if not isinstance(text, str):
        raise NotAnExample(_missing_or_wrong(text), f"features: {_shown(text)}; allowed: the JSON text of an object")
    if len(text.encode()) > LARGEST_FEATURES_BYTES:
        raise NotAnExample(
            Reason.TOO_LARGE, f"features: {len(text)} characters; allowed: {LARGEST_FEATURES_BYTES} bytes"
        )
    try:
        features = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotAnExample(Reason.MALFORMED, f"features: not JSON: {error}") from error
    if not isinstance(features, dict):
        raise NotAnExample(Reason.WRONG_TYPE, f"features: {_shown(features)}; allowed: an object")
    try:
        tokens(features)
    except BadFeature as error:
        raise NotAnExample(Reason.WRONG_TYPE, str(error)) from error
    return features


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise NotAnExample(_missing_or_wrong(value), f"{name}: {_shown(value)}; allowed: a text that is not empty")
    if len(value) > MAX_ID_LENGTH:
        raise NotAnExample(Reason.TOO_LARGE, f"{name}: {len(value)} characters; allowed: {MAX_ID_LENGTH}")
    return value


def _whole(found: Mapping[str, Any], name: str, least: int) -> int:
    value = found.get(name)
    if type(value) is not int or not least <= value < 2**63:
        raise NotAnExample(
            _missing_or_wrong(value), f"{name}: {_shown(value)}; allowed: a whole number from {least} on"
        )
    return value


def _share(found: Mapping[str, Any], name: str) -> float:
    value = found.get(name)
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise NotAnExample(_missing_or_wrong(value), f"{name}: {_shown(value)}; allowed: a number from 0 to 1")
    return float(value)


def _missing_or_wrong(value: Any) -> Reason:
    return Reason.MISSING_FIELD if value is None else Reason.WRONG_TYPE


def _shown(value: Any) -> str:
    return repr(value)[:80]
