"""From a definition and an ONNX file to a pipeline that has been asked: refused before it is kept is whatever would fail later."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from prediction import onnx_file
from prediction.calibration import Sigmoid, Temperature
from prediction.definition import Feature, ModelDefinition
from prediction.encoder import BadValue, Columns, EncodedFeature, Encoder, Value
from prediction.metrics import Floats
from prediction.onnx_estimator import Onnx
from prediction.onnx_file import OnnxFacts, OnnxProblem
from prediction.onnx_part import OnnxFeature
from prediction.pipeline import Pipeline
from prediction.training import CLASSES_OF_TWO

PROBES = 256
"""Users made up of values at the edges and between, besides one for each value alone."""
SLOWEST_RUN_SECONDS = 0.002
"""Of one user: the API explains 100 users by 64 features at once, each a run."""
NUMBERS = (0.0, 1.0, -1.0, 1e3, -1e3, 1e6, 1e9)
UNHEARD_OF = "\N{SNOWMAN} a value that no category names"


def entered(definition: ModelDefinition, features: Sequence[Feature], content: bytes) -> tuple[Pipeline, OnnxFacts]:
    """The pipeline of a file, checked and asked about made-up users.

    Raises OnnxProblem for the file and for features that are not what the definition says, BadValue for what it answers.
    """
    part = definition.onnx
    if part is None:
        raise OnnxProblem(f"model {definition.name}: got the algorithm {definition.algorithm}, allowed onnx")
    encoder = Encoder(tuple(_encoded(definition.name, each, part.features[each.tag]) for each in features))
    classes = part.classes or CLASSES_OF_TWO
    facts = onnx_file.read(content, part.input, part.output, encoder.labels, len(classes))
    counts = tuple((each.feature.tag, len(each.labels)) for each in encoder.features)
    nobody = encoder.encode({each.tag: [None] for each in features})[0]
    estimator = Onnx(content, part.input, part.output, len(classes), counts, nobody)
    calibration = Sigmoid(1.0, 0.0) if len(classes) == 2 else Temperature(1.0)
    made = Pipeline(definition.name, classes, encoder, estimator, calibration)
    try:
        _ = estimator.session
    except ValueError as error:
        raise OnnxProblem(str(error)) from error
    _probe(made)
    return made, facts


def explained(pipeline: Pipeline, columns: Columns) -> Pipeline:
    """The same with the typical user of these for its reasons: of numbers the median, else the most frequent value.

    Raises BadValue.
    """
    assert isinstance(pipeline.estimator, Onnx)
    middle = {each.feature.tag: [_typical(each, columns[each.feature.tag])] for each in pipeline.encoder.features}
    return replace(pipeline, estimator=replace(pipeline.estimator, typical=pipeline.encoder.encode(middle)[0]))


def _encoded(model: str, feature: Feature, said: OnnxFeature) -> EncodedFeature:
    place = f"model {model}: onnx.features.{feature.tag}"
    if said.version != feature.version:
        raise OnnxProblem(
            f"{place}: got version {said.version}, allowed {feature.version}, which is live; train on that one, or roll the "
            "tag back"
        )
    is_number = feature.value_type in ("integer", "decimal")
    scaled = (said.log, said.mean, said.scale) != (False, 0.0, 1.0)
    if (scaled and not is_number) or bool(said.categories) != (feature.value_type == "string"):
        raise OnnxProblem(
            f"{place}: got log {said.log}, mean {said.mean}, scale {said.scale}, {len(said.categories)} categories for a tag of "
            f"type {feature.value_type}, allowed: log, mean and scale for numbers, categories for strings, which need some"
        )
    found = EncodedFeature(feature, said.mean, said.scale, said.categories, said.log, said.default)
    try:
        found.encode([said.default])
    except BadValue as error:
        raise OnnxProblem(f"{place}.default: {error}") from error
    return found


def _probe(pipeline: Pipeline) -> None:
    """Ask about each feature's values one by one, then about users put together by chance. Raises OnnxProblem, BadValue."""
    features = pipeline.encoder.features
    choices = {each.feature.tag: _choices(each) for each in features}
    rng = np.random.default_rng(0)
    users: list[dict[str, Value]] = [{tag: value} for tag, values in choices.items() for value in values]
    users += [
        {tag: values[rng.integers(len(values))] for tag, values in choices.items()} for _ in range(PROBES)
    ]  # fmt: skip
    encoded = pipeline.encoder.encode({tag: [user.get(tag) for user in users] for tag in choices})
    _require_fast(pipeline, encoded[:10])
    pipeline.estimator.raw(encoded)


def _require_fast(pipeline: Pipeline, encoded: Floats) -> None:
    seconds = []
    for row in encoded:
        began = time.perf_counter()
        pipeline.estimator.raw(row[None])
        seconds.append(time.perf_counter() - began)
    # The least: what else the machine does only adds to it.
    if min(seconds) > SLOWEST_RUN_SECONDS:
        raise OnnxProblem(
            f"ONNX file: got {min(seconds) * 1e3:.1f} ms for one user, allowed {SLOWEST_RUN_SECONDS * 1e3:.1f} ms; make it smaller"
        )


def _choices(each: EncodedFeature) -> list[Value]:
    if each.feature.value_type == "string":
        return [None, *each.categories, UNHEARD_OF]
    if each.feature.value_type == "boolean":
        return [None, True, False]
    return [None, *NUMBERS]


def _typical(each: EncodedFeature, values: Sequence[Value]) -> Value:
    present = [value for value in values if value is not None]
    encoded = each.encode(present)
    if each.is_number:
        # The columns rise with the numbers.
        order = np.argsort(encoded[:, 0], kind="stable")
        return present[int(order[len(present) // 2])] if 2 * len(present) > len(values) else None
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], repr(value)), default=None)
