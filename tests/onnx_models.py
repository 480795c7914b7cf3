"""Small ONNX models, exported here, and what they say reckoned by numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from scipy.special import expit

from prediction.definition import Feature, ModelDefinition, parse_model

FEATURES = (
    Feature("views", 2, "integer"),
    Feature("spend", 1, "decimal"),
    Feature("tier", 3, "string"),
    Feature("vip", 1, "boolean"),
)
COLUMNS = 9
"""views, missing; spend; tier gold, iron, another, missing; vip, missing."""
TEXT = """
name = "deep"
title = "Deep"
description = "A net that was trained elsewhere."
owner = "science"
kind = "conversion"
algorithm = "onnx"
features = ["views", "spend", "tier", "vip"]
[label]
event_type = "pay"
horizon_days = 7
[onnx]
input = "columns"
output = "chance"
[onnx.features.views]
version = 2
log = true
mean = 1.5
scale = 0.5
[onnx.features.spend]
version = 1
mean = 10
scale = 20
default = 10.0
[onnx.features.tier]
version = 3
categories = ["gold", "iron"]
[onnx.features.vip]
version = 1
"""
NEXT = (
    TEXT.replace('"conversion"', '"next_value"')
    .replace('output = "chance"', 'output = "chance"\nclasses = ["books", "maps", "other"]')
    .replace("horizon_days", 'value_property = "category"\nhorizon_days')
)


def definition(text: str = TEXT) -> ModelDefinition:
    return parse_model(text, "deep.toml")


@dataclass(frozen=True)
class Net:
    """A net of one hidden layer: sigmoid of one output, or softmax of several."""

    hidden: np.ndarray
    bias: np.ndarray
    last: np.ndarray

    @property
    def model(self) -> ModelProto:
        several = self.last.shape[1] > 1
        nodes = [
            helper.make_node("Gemm", ["columns", "hidden", "bias"], ["mixed"], "mix"),
            helper.make_node("Relu", ["mixed"], ["bent"], "bend"),
            helper.make_node("MatMul", ["bent", "last"], ["raw"], "join"),
            helper.make_node("Softmax" if several else "Sigmoid", ["raw"], ["chance"], "squash"),
        ]
        held = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in vars(self).items()]
        return model(nodes, held, self.last.shape[1], len(self.hidden))

    @property
    def content(self) -> bytes:
        return self.model.SerializeToString()

    def says(self, columns: Sequence[Sequence[float]]) -> np.ndarray:
        """The oracle: shape (users, classes), in double precision."""
        bent = np.maximum(
            np.array(columns, dtype=float) @ self.hidden.astype(np.float32) + self.bias.astype(np.float32), 0
        )
        raw = bent @ self.last.astype(np.float32)
        if raw.shape[1] == 1:
            chance = expit(raw[:, 0])
            return np.column_stack([1 - chance, chance])
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def model(nodes, held=(), outputs: int = 1, columns: object = COLUMNS, opset: int = 17, ir: int = 9) -> ModelProto:
    """A model around these nodes, from `columns` to `chance`."""
    entry = helper.make_tensor_value_info("columns", TensorProto.FLOAT, ["users", columns])
    end = helper.make_tensor_value_info("chance", TensorProto.FLOAT, ["users", outputs])
    graph = helper.make_graph(list(nodes), "net", [entry], [end], list(held))
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir, producer_name="tests"
    )


def net(seed: int = 1, hidden: int = 5, outputs: int = 1) -> Net:
    rng = np.random.default_rng(seed)
    return Net(rng.normal(size=(COLUMNS, hidden)), rng.normal(size=hidden), rng.normal(size=(hidden, outputs)))


def knowing() -> Net:
    """It knows that views and gold make people buy: -3 + 1.2 ln(1 + views) + gold, no views being as good as 0."""
    hidden, last = np.zeros((COLUMNS, 2)), np.array([[1.0], [-1.0]])
    hidden[0], hidden[1], hidden[3] = [0.6, 0.0], [-1.8, 0.0], [1.0, 0.0]
    return Net(hidden, np.array([1.8, 3.0]), last)


def encoded(user: dict) -> list[float]:
    """The oracle of the encoder, for TEXT's features."""
    views, spend, tier, vip = (user.get(name) for name in ("views", "spend", "tier", "vip"))
    return [
        0.0 if views is None else (np.sign(views) * np.log1p(abs(views)) - 1.5) / 0.5,
        float(views is None),
        0.0 if spend is None else (spend - 10) / 20,
        float(tier == "gold"),
        float(tier == "iron"),
        float(tier not in ("gold", "iron", None)),
        float(tier is None),
        float(vip or False),
        float(vip is None),
    ]


SMALL = """
name = "buys"
title = "Buys"
description = "The tags of tests.small_model, by a net."
owner = "science"
kind = "conversion"
algorithm = "onnx"
features = ["tier", "spend", "flag"]
[label]
event_type = "payment_done"
horizon_days = 7
[onnx]
input = "columns"
output = "chance"
[onnx.features.tier]
version = 1
categories = ["gold", "silver"]
[onnx.features.spend]
version = 1
scale = 10
default = 0
[onnx.features.flag]
version = 1
"""
SMALL_NET = Net(np.eye(7, 3) + 0.25, np.array([0.1, 0.2, 0.3]), np.array([[0.9], [-0.4], [0.2]]))


def small_encoded(user: dict) -> list[float]:
    """The oracle of the encoder, for SMALL's features."""
    tier, spend, flag = (user.get(name) for name in ("tier", "spend", "flag"))
    known = [float(tier == name) for name in ("gold", "silver")]
    other = [float(tier not in ("gold", "silver", None)), float(tier is None)]
    return [*known, *other, (spend or 0) / 10, float(flag or False), float(flag is None)]
