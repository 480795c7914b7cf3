"""ONNX files that nobody should run: each is refused with its reason, before any of it is kept."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper

from prediction import onnx_file
from prediction.definition import Feature, ModelProblem
from prediction.encoder import BadValue
from prediction.onnx_entry import entered
from prediction.onnx_file import LARGEST_BYTES, OnnxProblem
from stores.models.files import LARGEST_FILE_BYTES
from tests.onnx_models import COLUMNS, FEATURES, NEXT, TEXT, Net, definition, model, net

SQUASH = helper.make_node("Sigmoid", ["one"], ["chance"], "squash")
FIRST = [helper.make_node("Gather", ["columns", "first"], ["one"], "pick", axis=1), SQUASH]
PLACE = helper.make_tensor("first", TensorProto.INT64, [1], [0])


def enter(made: ModelProto | bytes, text: str = TEXT, features=FEATURES):
    content = made if isinstance(made, bytes) else made.SerializeToString()
    return entered(definition(text), features, content)


def refused(made: ModelProto | bytes, text: str = TEXT) -> str:
    with pytest.raises((OnnxProblem, BadValue)) as found:
        enter(made, text)
    return str(found.value)


def ending(*nodes, held=(), outputs=1):
    """A model whose nodes begin with `one`, the first column."""
    return model([FIRST[0], *nodes], [PLACE, *held], outputs)


def test_a_sound_file_is_entered_with_what_it_says_of_itself():
    pipeline, facts = enter(net().model)
    assert (facts.opset, facts.nodes, facts.producer) == (17, 4, "tests")
    assert pipeline.classes == ("no", "yes") and pipeline.features == FEATURES
    assert len(pipeline.encoder.labels) == COLUMNS
    assert enter(net(outputs=3).model, NEXT)[0].classes == ("books", "maps", "other")


def external() -> ModelProto:
    made = net().model
    held = made.graph.initializer[0]
    held.ClearField("raw_data")
    held.data_location = TensorProto.EXTERNAL
    held.external_data.add(key="location", value="/etc/passwd")
    return made


def external_in_a_node() -> ModelProto:
    held = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    held.external_data.add(key="location", value="../weights.bin")
    return ending(helper.make_node("Constant", [], ["two"], "constant", value=held), SQUASH)


def with_function() -> ModelProto:
    made = net().model
    made.functions.append(
        helper.make_function("own", "F", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], made.opset_import)
    )
    return made


def with_branch() -> ModelProto:
    branch = helper.make_graph(
        [helper.make_node("Identity", ["one"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1, 1])],
    )
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return ending(
        helper.make_node("If", ["yes"], ["two"], "branch", then_branch=branch, else_branch=branch),
        helper.make_node("Sigmoid", ["two"], ["chance"]),
        held=[yes],
    )


def huge_in_small() -> ModelProto:
    """A few bytes that ask for 40 GB."""
    big = helper.make_tensor("big", TensorProto.INT64, [2], [100_000, 100_000])
    return ending(
        helper.make_node("Expand", ["one", "big"], ["wide"], "grow"),
        helper.make_node("ReduceMean", ["wide"], ["two"], "shrink", keepdims=1),
        helper.make_node("Sigmoid", ["two"], ["chance"]),
        held=[big],
    )


def lying_about_its_size() -> ModelProto:
    made = huge_in_small()
    made.graph.value_info.append(helper.make_tensor_value_info("wide", TensorProto.FLOAT, [1, 1]))
    return made


def sparse() -> ModelProto:
    made = net().model
    held = helper.make_sparse_tensor(
        helper.make_tensor("few", TensorProto.FLOAT, [1], [1.0]),
        helper.make_tensor("places", TensorProto.INT64, [1], [0]),
        [1_000_000, 1_000_000],
    )
    made.graph.sparse_initializer.append(held)
    return made


def claiming_weights() -> ModelProto:
    made = net().model
    made.graph.initializer[0].dims[:] = [100_000, 100_000]
    return made


def named(made: ModelProto, **names: str) -> ModelProto:
    for entry in (*made.graph.input, *made.graph.output):
        entry.name = names.get(entry.name, entry.name)
    for node in made.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    return made


def of_integers() -> ModelProto:
    made = ending(helper.make_node("Cast", ["one"], ["chance"], "cut", to=TensorProto.INT64))
    made.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    return made


def input_of_integers() -> ModelProto:
    made = model([helper.make_node("Cast", ["columns"], ["f"], to=1), *FIRST], [PLACE])
    made.graph.node[1].input[0] = "f"
    made.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    return made


def second_input() -> ModelProto:
    made = net().model
    made.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    return made


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (b"", "got 0 bytes, allowed 1 to 8,388,608"),
        (b"x" * (LARGEST_BYTES + 1), "got 8,388,609 bytes, allowed 1 to 8,388,608"),
        (b"no model at all", "not one, or cut off"),
        (b"\x80\x04\x95pickle", "not one, or cut off"),
        (ModelProto(), "got 0 bytes"),
        (model([]), "a graph without nodes"),
        (external(), r"initializer hidden: got data in another file \('/etc/passwd'\), allowed data within the file"),
        (external_in_a_node(), r"node constant: got data in another file \('../weights.bin'\)"),
        (sparse(), "got 1 sparse initializers, allowed dense ones"),
        (claiming_weights(), "initializer hidden: got 10,000,000,000 numbers, allowed 16,777,216"),
        (
            ending(helper.make_node("Cast", ["one"], ["text"], "spell", to=TensorProto.STRING),
                   helper.make_node("Cast", ["text"], ["chance"], to=1)),
            "node spell: result text: got strings",
        ),
        (with_function(), "got 1 functions and 0 training graphs"),
        (model(net().model.graph.node, net().model.graph.initializer, opset=8), "got opset 8 and IR version 9, allowed opset 11"),
        (model(net().model.graph.node, net().model.graph.initializer, opset=99), "got opset 99"),
        (model(net().model.graph.node, net().model.graph.initializer, ir=99), "IR version 99, allowed .* IR version 4 to 13"),
        (
            ending(helper.make_node("Evil", ["one"], ["chance"], "own", domain="com.evil")),
            "node own: got the operator Evil of domain 'com.evil', allowed those of the standard domain",
        ),
        (
            ending(helper.make_node("Scaler", ["one"], ["chance"], "scale", domain="ai.onnx.ml", offset=[0.0], scale=[1.0])),
            "got the operator Scaler of domain 'ai.onnx.ml'",
        ),
        (ending(helper.make_node("Evil", ["one"], ["chance"], "own")), "No Op registered for Evil"),
        (with_branch(), "node branch: got If, allowed no loops and branches"),
        (
            ending(helper.make_node("RandomUniformLike", ["one"], ["chance"], "dice")),
            "node dice: got RandomUniformLike, allowed nothing by chance",
        ),
        (model([*FIRST, *[helper.make_node("Relu", ["one"], [f"r{n}"]) for n in range(2_000)]], [PLACE]), "got 2,002 nodes"),
        (model(FIRST, [PLACE], columns=8), r"input columns: got shape \['any', 8\], allowed \['any', 9\], .*: views, views is"),
        (model(FIRST, [PLACE], columns="any_number"), r"got shape \['any', 'any'\]"),
        (second_input(), r"got inputs \['columns', 'more'\], allowed 'columns' alone"),
        (named(net().model, columns="rows"), r"got inputs \['rows'\], allowed 'columns' alone"),
        (named(net().model, chance="score"), r"got outputs \['score'\], allowed one of them named 'chance'"),
        (input_of_integers(), "input columns: got INT64, allowed FLOAT or DOUBLE"),
        (of_integers(), r"output chance: got shape \[1, 1\] of INT64"),
        (net(outputs=3).model, r"output chance: got shape \[1, 3\] of FLOAT for one user, allowed \[1\] or \[1, 1\] or \[1, 2\]"),
        (huge_in_small(), "node grow: result wide: got 10,000,000,000 numbers for one user, allowed 65,536"),
        (lying_about_its_size(), "node grow: result wide: got 10,000,000,000 numbers"),
        (
            ending(
                helper.make_node("NonZero", ["one"], ["places"], "find"),
                helper.make_node("Cast", ["places"], ["f"], to=1),
                helper.make_node("ReduceMean", ["f"], ["chance"], keepdims=1),
            ),
            "node find: result places: got a size that is known only when it runs",
        ),
        (Net(np.ones((COLUMNS, 5)), np.ones(5), np.ones((4, 1))).model, "its sizes do not fit together: .*join"),
        (
            ending(helper.make_node("Log", ["zero"], ["bad"]), helper.make_node("Mul", ["bad", "one"], ["chance"]),
                   held=[numpy_helper.from_array(np.array([[-1.0]], np.float32), "zero")]),
            r"output chance: got \[nan\], allowed probabilities, finite, from 0 to 1",
        ),
        (ending(helper.make_node("Identity", ["one"], ["chance"])), r"output chance: got \[.*\], allowed probabilities"),
        (
            ending(helper.make_node("Sigmoid", ["one"], ["half"]), helper.make_node("Concat", ["half", "half"], ["chance"], axis=1),
                   outputs=2),
            r"output chance: got \[.*\], whose sum is .*, allowed 1",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_file_that_nobody_should_run_is_refused_with_its_reason(made, says):
    found = refused(made)
    assert re.search(says, found), found


SOUND = net().content


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_file_that_is_cut_off_or_has_a_spoilt_byte_is_refused_or_gives_probabilities(data):
    content = SOUND
    if data.draw(st.booleans()):
        spoilt = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        place, byte = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 255))
        spoilt = content[:place] + bytes([byte]) + content[place + 1 :]
    try:
        pipeline, _ = enter(spoilt)
    except (OnnxProblem, BadValue):
        return
    found = pipeline.probabilities({"views": [3], "spend": [None], "tier": ["gold"], "vip": [True]})
    assert np.isfinite(found).all() and found.sum() == pytest.approx(1)


def test_probes_meet_what_only_two_values_together_bring_about():
    # NaN for a gold member who is a VIP, and for nobody else.
    weights = numpy_helper.from_array(np.array([[0], [0], [0], [-1], [0], [0], [0], [-1], [0]], np.float32), "weights")
    most = numpy_helper.from_array(np.array([1.5], np.float32), "most")
    nodes = [
        helper.make_node("MatMul", ["columns", "weights"], ["less"]),
        helper.make_node("Add", ["less", "most"], ["left"]),
        helper.make_node("Sqrt", ["left"], ["one"]),
        SQUASH,
    ]
    assert "output chance: got [nan], allowed probabilities" in refused(model(nodes, [weights, most]))


def test_a_file_that_takes_too_long_for_one_user_is_refused():
    wide = numpy_helper.from_array(np.full((64, 64), 1e-3, np.float32), "wide")
    grow = numpy_helper.from_array(np.zeros((COLUMNS, 4096), np.float32), "grow")
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [64, 64])
    nodes = [
        helper.make_node("MatMul", ["columns", "grow"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["m0"]),
        *[helper.make_node("MatMul", [f"m{n}", "wide"], [f"m{n + 1}"]) for n in range(1_900)],
        helper.make_node("ReduceMean", ["m1900"], ["one"], keepdims=1),
        SQUASH,
    ]
    assert "ms for one user, allowed 2.0 ms; make it smaller" in refused(model(nodes, [wide, grow, shape]))


def test_the_largest_file_still_fits_into_the_registry_as_base64():
    assert (LARGEST_BYTES + 2) // 3 * 4 + 1_000_000 < LARGEST_FILE_BYTES


@pytest.mark.parametrize("opset", [onnx_file.OPSETS[0], onnx_file.OPSETS[-1]])
@pytest.mark.parametrize("ir", [onnx_file.IR_VERSIONS[0], onnx_file.IR_VERSIONS[-1]])
def test_every_opset_and_ir_version_that_is_allowed_runs(opset, ir):
    assert enter(model(FIRST, [PLACE], opset=opset, ir=ir))[1].opset == opset


@pytest.mark.parametrize("outputs", [1, 2])
def test_of_two_classes_the_chance_of_the_second_is_enough(outputs):
    raw = np.array([[1.0], [-2.0], [0.5]])
    last = raw if outputs == 1 else np.hstack([np.zeros_like(raw), raw])
    chosen = Net(np.eye(COLUMNS, 3), np.ones(3), last)
    row = {"views": [40], "spend": [5.0], "tier": [None], "vip": [None]}
    single = enter(Net(np.eye(COLUMNS, 3), np.ones(3), raw).model)[0].probabilities(row)
    assert enter(chosen.model)[0].probabilities(row) == pytest.approx(single, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "features", "says"),
    [
        (
            (),
            (Feature("views", 3, "integer"), *FEATURES[1:]),
            "features.views: got version 2, allowed 3, which is live",
        ),
        (
            (),
            (Feature("views", 2, "string"), *FEATURES[1:]),
            "features.views: got log True, .* for a tag of type string",
        ),
        (
            (),
            (*FEATURES[:3], Feature("vip", 1, "string")),
            "features.vip: got .* 0 categories for a tag of type string",
        ),
        (
            ("default = 10.0", 'default = "ten"'),
            FEATURES,
            "features.spend.default: feature spend: got 'ten', allowed a finite",
        ),
        (("default = 10.0", "default = true"), FEATURES, "features.spend.default: feature spend: got True"),
        (('["gold", "iron"]', '["gold"]'), FEATURES, r"got shape \['any', 9\], allowed \['any', 8\]"),
    ],
)
def test_features_that_are_not_what_the_definition_says_are_refused(change, features, says):
    with pytest.raises(OnnxProblem, match=says):
        enter(net().model, TEXT.replace(*change) if change else TEXT, features)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('algorithm = "onnx"', ""), "onnx: got it for the algorithm logistic, allowed for the algorithm onnx"),
        (("[onnx.features.vip]\nversion = 1", ""), r"onnx.features: missing \['vip'\], not in features \[\]"),
        (('"tier", "vip"]', '"tier"]'), r"onnx.features: missing \[\], not in features \['vip'\]"),
        (("version = 2", "version = 0"), "onnx.features.views.version: "),
        (("version = 2", "version = 2\nmeen = 1"), "did you mean mean"),
        (("scale = 0.5", "scale = 0"), "onnx.features.views.scale: "),
        (("scale = 0.5", "scale = inf"), "onnx.features.views.scale: "),
        (("default = 10.0", "default = nan"), "onnx.features.spend"),
        (('["gold", "iron"]', '["gold", "gold"]'), r"named twice: \['gold'\]"),
        (
            ('output = "chance"', 'output = "chance"\nclasses = ["no", "yes", "or"]'),
            "for a conversion model, allowed for next_value",
        ),
        (('output = "chance"', ""), "onnx.output: "),
    ],
)
def test_a_wrong_definition_is_refused_with_the_place_and_the_reason(change, says):
    with pytest.raises(ModelProblem, match=says):
        definition(TEXT.replace(*change))


def test_classes_are_three_or_more_each_once():
    for classes in ('["a", "b"]', '["a", "b", "b"]'):
        with pytest.raises(ModelProblem, match="allowed three or more, each once"):
            definition(NEXT.replace('["books", "maps", "other"]', classes))
