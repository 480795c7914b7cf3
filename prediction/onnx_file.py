"""Whether an ONNX file may be run at all: everything here is read from the file before anything of it is run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto

from prediction.onnx_estimator import allowed_shapes

LARGEST_BYTES = 8 * 1024 * 1024
"""As base64 within a model's file, it stays below `stores.models.files.LARGEST_FILE_BYTES`."""
MOST_WEIGHTS = 2 * LARGEST_BYTES
"""Of one tensor; the smallest numbers take half a byte."""
OPSETS = range(11, 27)
IR_VERSIONS = range(4, 14)
MOST_NODES = 2_000
LARGEST_TENSOR = 65_536
"""Elements of any result on the way, for one user: what bounds memory and time of a run."""
STANDARD = ("", "ai.onnx")
BY_CHANCE = ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
NOT_FOR_TAGS = ("ImageDecoder",)
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE)


class OnnxProblem(ValueError):
    """An ONNX file that cannot be used. The text says where in it, what was got and what is allowed."""


@dataclass(frozen=True)
class OnnxFacts:
    """What a file says of itself."""

    opset: int
    nodes: int
    producer: str


def read(content: bytes, input_name: str, output_name: str, labels: Sequence[str], classes: int) -> OnnxFacts:
    """Check a file against what it is to be asked: `labels` are the columns of its input. Raises OnnxProblem."""
    if not 0 < len(content) <= LARGEST_BYTES:
        raise OnnxProblem(f"ONNX file: got {len(content):,} bytes, allowed 1 to {LARGEST_BYTES:,}")
    model = _parsed(content)
    # Before the checker, which would look for them on the disk.
    _require_within(model)
    opset = _opset(model)
    _require_standard(model)
    _require_valid(model)
    _require_input(model, input_name, labels)
    _require_sizes(model, input_name, output_name, classes)
    producer = f"{model.producer_name} {model.producer_version}".strip()
    return OnnxFacts(opset, len(model.graph.node), producer[:200])


def _parsed(content: bytes) -> ModelProto:
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        raise OnnxProblem(f"ONNX file: not one, or cut off: {error}") from error
    if not model.graph.node:
        raise OnnxProblem("ONNX file: got a graph without nodes, allowed a model that computes something")
    return model


def _require_within(model: ModelProto) -> None:
    for place, tensor in _tensors(model.graph):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            at = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
            raise OnnxProblem(
                f"{place}: got data in another file ({at[:100]!r}), allowed data within the file; "
                "save it with save_as_external_data=False"
            )
        if math.prod(tensor.dims) > MOST_WEIGHTS:
            raise OnnxProblem(f"{place}: got {math.prod(tensor.dims):,} numbers, allowed {MOST_WEIGHTS:,}")
    if model.graph.sparse_initializer:
        raise OnnxProblem(
            f"ONNX file: got {len(model.graph.sparse_initializer)} sparse initializers, allowed dense ones: what is left out of "
            "them would take memory once it is loaded"
        )
    if model.functions or model.training_info:
        raise OnnxProblem(
            f"ONNX file: got {len(model.functions)} functions and {len(model.training_info)} training graphs of its own, "
            "allowed none; export it for inference, with functions inlined"
        )


def _tensors(graph: GraphProto) -> Iterator[tuple[str, TensorProto]]:
    for tensor in graph.initializer:
        yield f"initializer {tensor.name[:100]}", tensor
    for node in graph.node:
        for attribute in node.attribute:
            sparse_ones = [attribute.sparse_tensor, *attribute.sparse_tensors]
            inner = [each for sparse in sparse_ones for each in (sparse.values, sparse.indices)]
            for tensor in (attribute.t, *attribute.tensors, *inner):
                yield f"node {node.name[:100] or node.op_type[:100]}", tensor


def _opset(model: ModelProto) -> int:
    found = next((each.version for each in model.opset_import if each.domain in STANDARD), 0)
    if found not in OPSETS or model.ir_version not in IR_VERSIONS:
        raise OnnxProblem(
            f"ONNX file: got opset {found} and IR version {model.ir_version}, allowed opset {OPSETS[0]} to {OPSETS[-1]} "
            f"and IR version {IR_VERSIONS[0]} to {IR_VERSIONS[-1]}"
        )
    return found


def _require_standard(model: ModelProto) -> None:
    nodes = model.graph.node
    if len(nodes) > MOST_NODES:
        raise OnnxProblem(f"ONNX file: got {len(nodes):,} nodes, allowed {MOST_NODES:,}")
    for node in nodes:
        place = f"node {node.name[:100] or '(without a name)'}"
        if node.domain not in STANDARD:
            raise OnnxProblem(
                f"{place}: got the operator {node.op_type[:100]} of domain {node.domain[:100]!r}, allowed those of the standard "
                "domain (ai.onnx)"
            )
        if any(each.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for each in node.attribute):
            raise OnnxProblem(
                f"{place}: got {node.op_type[:100]}, allowed no loops and branches: a score's cost is fixed"
            )
        if node.op_type in BY_CHANCE:
            raise OnnxProblem(
                f"{place}: got {node.op_type}, allowed nothing by chance: the same values give the same score"
            )
        if node.op_type in NOT_FOR_TAGS:
            raise OnnxProblem(f"{place}: got {node.op_type}, allowed operators on numbers")


def _require_valid(model: ModelProto) -> None:
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        raise OnnxProblem(f"ONNX file: {str(error).strip()[:500]}") from error


def _require_input(model: ModelProto, name: str, labels: Sequence[str]) -> None:
    held = {tensor.name for tensor in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in held]
    if [each.name for each in inputs] != [name]:
        raise OnnxProblem(f"ONNX file: got inputs {[each.name[:100] for each in inputs]}, allowed {name!r} alone")
    shape = _shape(inputs[0])
    if inputs[0].type.tensor_type.elem_type not in FLOATS:
        raise OnnxProblem(f"input {name}: got {_type_of(inputs[0])}, allowed FLOAT or DOUBLE")
    if len(shape) != 2 or shape[0] not in (None, 1) or shape[1] != len(labels):
        raise OnnxProblem(
            f"input {name}: got shape {[size or 'any' for size in shape]}, allowed ['any', {len(labels)}], a user's columns: "
            f"{', '.join(labels)}"
        )


def _require_sizes(model: ModelProto, input_name: str, output_name: str, classes: int) -> None:
    """Every result's size for one user, worked out from the operators alone: what a file claims of its own sizes is not read."""
    one = ModelProto()
    one.CopyFrom(model)
    del one.graph.value_info[:]
    entry = next(each for each in one.graph.input if each.name == input_name)
    entry.type.tensor_type.shape.dim[0].Clear()
    entry.type.tensor_type.shape.dim[0].dim_value = 1
    for output in one.graph.output:
        output.type.tensor_type.ClearField("shape")
    try:
        found = onnx.shape_inference.infer_shapes(one, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        raise OnnxProblem(f"ONNX file: its sizes do not fit together: {str(error).strip()[:500]}") from error
    known = {each.name: each for each in (*found.graph.value_info, *found.graph.output)}
    for node in found.graph.node:
        for result in filter(None, node.output):
            _require_small(node.name or node.op_type, result, known.get(result))
    output = known.get(output_name)
    if output is None or output_name not in {each.name for each in model.graph.output}:
        raise OnnxProblem(
            f"ONNX file: got outputs {[each.name[:100] for each in model.graph.output]}, allowed one of them "
            f"named {output_name!r}"
        )
    shapes = allowed_shapes(classes)
    if tuple(_shape(output)) not in shapes or output.type.tensor_type.elem_type not in FLOATS:
        raise OnnxProblem(
            f"output {output_name}: got shape {_shape(output)} of {_type_of(output)} for one user, allowed "
            f"{' or '.join(str(list(shape)) for shape in shapes)} of FLOAT or DOUBLE: the probability of each class"
        )


def _require_small(node: str, result: str, known: ValueInfoProto | None) -> None:
    place = f"node {node[:100]}: result {result[:100]}"
    shape = None if known is None or not known.type.HasField("tensor_type") else _shape(known)
    if shape is None or None in shape or not known.type.tensor_type.HasField("shape"):
        raise OnnxProblem(
            f"{place}: got a size that is known only when it runs, allowed sizes that follow from the file; "
            "before opset 14 fewer do"
        )
    if known.type.tensor_type.elem_type == TensorProto.STRING:
        raise OnnxProblem(f"{place}: got strings, whose length nothing bounds, allowed numbers")
    if (size := math.prod(number or 0 for number in shape)) > LARGEST_TENSOR:
        raise OnnxProblem(f"{place}: got {size:,} numbers for one user, allowed {LARGEST_TENSOR:,}")


def _shape(info: ValueInfoProto) -> list[int | None]:
    dims = info.type.tensor_type.shape.dim
    return [dim.dim_value if dim.HasField("dim_value") else None for dim in dims]


def _type_of(info: ValueInfoProto) -> str:
    number = info.type.tensor_type.elem_type
    return next((name for name, value in TensorProto.DataType.items() if value == number), f"type {number}")
