"""A model that was made elsewhere, as an estimator: an ONNX file that onnxruntime runs, one user at a time."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import onnxruntime

from prediction.encoder import BadOutput, BadValue
from prediction.metrics import SMALLEST, Floats

TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}
FARTHEST_FROM_1 = 1e-3
"""How far from 1 the probabilities of all classes may add up; what is told of them adds up to 1."""
QUIET = 4
"""Only what is fatal is written to standard error: a failure is an exception, whose text says the same."""


@dataclass(frozen=True)
class Onnx:
    """An ONNX file and how it is asked. `features`: the tags and how many columns each has, in order of the columns;
    `typical`: the columns of a typical user, for `contributions`.

    One user is one run: what a user gets depends neither on who is asked for along with him, nor on how many, to the last bit.
    May be used by many threads at once.
    """

    content: bytes
    input: str
    output: str
    classes: int
    features: tuple[tuple[str, int], ...]
    typical: Floats

    @cached_property
    def session(self) -> onnxruntime.InferenceSession:
        """The file, loaded. Raises ValueError for one that onnxruntime cannot load, or that has no such input or output."""
        options = onnxruntime.SessionOptions()
        # One thread, as for trees: a server has other requests to serve.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        # More than the basic ones choose by the processor: another machine would give other last digits.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.log_severity_level = QUIET
        try:
            found = onnxruntime.InferenceSession(self.content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own have no class in common
            raise ValueError(f"ONNX file: onnxruntime cannot load it: {error}") from error
        inputs = {each.name: each.type for each in found.get_inputs()}
        if list(inputs) != [self.input] or inputs[self.input] not in TYPES:
            raise ValueError(f"ONNX file: got inputs {inputs}, allowed {self.input} alone, of {' or '.join(TYPES)}")
        outputs = [each.name for each in found.get_outputs()]
        if self.output not in outputs:
            raise ValueError(f"ONNX file: got outputs {outputs}, allowed one named {self.output}")
        return found

    @cached_property
    def _type(self) -> type[np.floating[Any]]:
        return TYPES[self.session.get_inputs()[0].type]

    def raw(self, encoded: Floats) -> Floats:
        """See `estimators.Estimator`; of more than two classes the logarithms of the probabilities.

        Raises BadValue for a number too large for the file's input, BadOutput for what is no probability.
        """
        found = np.empty((len(encoded), 1 if self.classes == 2 else self.classes))
        for place, row in enumerate(self._inputs(encoded)):
            try:
                said = self.session.run([self.output], {self.input: row[None]})[0]
            except Exception as error:  # as above
                raise BadOutput(f"ONNX file: onnxruntime failed: {error}") from error
            found[place] = self._raw(np.asarray(said))
        return found

    def _inputs(self, encoded: Floats) -> Floats:
        with np.errstate(over="ignore"):
            found = encoded.astype(self._type)
        rows, columns = np.nonzero(~np.isfinite(found))
        if len(rows):
            row, column = int(rows[0]), int(columns[0])
            owner = [tag for tag, count in self.features for _ in range(count)][column]
            raise BadValue(
                f"feature {owner}: got {encoded[row, column]:g} as the model's input (after mean and scale), allowed a number "
                f"that is finite as {np.dtype(self._type).name}"
            )
        return found

    def _raw(self, said: np.ndarray) -> Floats:
        shapes = allowed_shapes(self.classes)
        if said.shape not in shapes or said.dtype.kind != "f":
            raise BadOutput(
                f"output {self.output}: got shape {said.shape} of {said.dtype} for one user, allowed "
                f"{' or '.join(map(str, shapes))} of floats"
            )
        values = said.astype(float).ravel()
        if not ((values >= 0) & (values <= 1)).all():
            raise BadOutput(f"output {self.output}: got {_shown(values)}, allowed probabilities, finite, from 0 to 1")
        if len(values) > 1 and not abs(values.sum() - 1) <= FARTHEST_FROM_1:
            raise BadOutput(f"output {self.output}: got {_shown(values)}, whose sum is {values.sum():.6g}, allowed 1")
        if self.classes > 2:
            return np.log(np.maximum(values, SMALLEST))
        chance = np.clip(values[-1] / (values.sum() if len(values) == 2 else 1), SMALLEST, 1 - SMALLEST)
        return np.log(chance) - np.log1p(-chance)

    def contributions(self, encoded: Floats) -> Floats:
        """See `estimators.Estimator`: what changes in the raw scores when a feature, all its columns, becomes the typical user's.

        Told in the feature's first column. One feature is changed at a time: where features act together, these do not add up
        to the score, and of two that say the same neither may matter. At most one run a user and feature, and one a user.
        """
        found = np.zeros((len(encoded), 1 if self.classes == 2 else self.classes, encoded.shape[1]))
        raw = self.raw(encoded)
        ends = list(accumulate(count for _, count in self.features))
        for first, end in zip([0, *ends], ends, strict=False):
            changed = encoded.copy()
            changed[:, first:end] = self.typical[first:end]
            moved = np.flatnonzero((changed != encoded).any(axis=1))
            found[moved, :, first] = raw[moved] - self.raw(changed[moved])
        return found

    def to_json(self) -> dict[str, Any]:
        """See `estimators.Estimator`."""
        return {
            "algorithm": "onnx",
            "content": base64.b64encode(self.content).decode(),
            "input": self.input,
            "output": self.output,
            "classes": self.classes,
            "features": [list(each) for each in self.features],
            "typical": self.typical.tolist(),
        }


def allowed_shapes(classes: int) -> Sequence[tuple[int, ...]]:
    """Of an output for one user."""
    return [(1,), (1, 1), (1, 2)] if classes == 2 else [(1, classes)]


def from_json(values: Mapping[str, Any]) -> Onnx:
    """The estimator that `to_json` wrote, loaded. Raises ValueError."""
    found = Onnx(
        base64.b64decode(values["content"], validate=True),
        values["input"],
        values["output"],
        values["classes"],
        tuple((tag, count) for tag, count in values["features"]),
        np.array(values["typical"], dtype=float),
    )
    # Now and not at the first score: a file of no use is told where it is read, and threads find one session.
    _ = found.session
    return found


def _shown(values: Floats) -> str:
    return f"[{', '.join(f'{value:.6g}' for value in values[:8])}{', …' if len(values) > 8 else ''}]"
