"""ONNX models as pipelines: what they say is what numpy reckons, whoever asks, with whom and from which thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from prediction.encoder import BadOutput, BadValue
from prediction.estimators import Estimator
from prediction.onnx_entry import entered, explained
from prediction.onnx_estimator import Onnx
from prediction.pipeline import Pipeline, WrongFile, columns_of, from_bytes
from tests import onnx_models
from tests.onnx_models import COLUMNS, FEATURES, NEXT, TEXT, Net, definition, encoded, net

USERS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "views": st.one_of(st.none(), st.integers(-5, 100_000)),
            "spend": st.one_of(st.none(), st.floats(-1e4, 1e4)),
            "tier": st.one_of(st.none(), st.sampled_from(["gold", "iron", "tin", ""])),
            "vip": st.one_of(st.none(), st.booleans()),
        },
    ),
    min_size=1,
    max_size=12,
)


def pipeline(chosen: Net, text: str = TEXT) -> Pipeline:
    return entered(definition(text), FEATURES, chosen.content)[0]


def values(users):
    return columns_of(FEATURES, users)


def with_spend(users):
    """A user who has no spend has the declared 10."""
    return [{**user, "spend": 10.0 if user.get("spend") is None else user["spend"]} for user in users]


@settings(max_examples=60, deadline=None)
@given(USERS, st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([1, 3]))
def test_the_probabilities_are_those_that_numpy_reckons_from_the_same_weights(users, seed, hidden, outputs):
    chosen = net(seed, hidden, outputs)
    found = pipeline(chosen, TEXT if outputs == 1 else NEXT).probabilities(values(users))
    expected = chosen.says([encoded(user) for user in with_spend(users)])
    assert found == pytest.approx(expected, abs=2e-4)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(USERS, st.integers(0, 99))
def test_a_score_is_the_same_to_the_last_bit_alone_in_company_and_from_the_file(users, seed):
    for text, outputs in ((TEXT, 1), (NEXT, 3)):
        made = pipeline(net(seed, 30, outputs), text)
        together = made.probabilities(values(users))
        alone = np.vstack([made.probabilities(values([user])) for user in users])
        again = from_bytes(made.to_bytes())
        assert np.array_equal(together, alone) and np.array_equal(together, again.probabilities(values(users)))
        assert again.to_bytes() == made.to_bytes() and again.features == FEATURES


def test_a_model_that_mixes_its_rows_still_tells_each_user_alone():
    nodes = [
        helper.make_node("ReduceMean", ["columns"], ["mean"], "over_users", axes=[0], keepdims=1),
        helper.make_node("ReduceMean", ["mean"], ["one"], "over_columns", axes=[1], keepdims=1),
        helper.make_node("Sigmoid", ["one"], ["chance"], "squash"),
    ]
    made = entered(definition(), FEATURES, onnx_models.model(nodes).SerializeToString())[0]
    users = [{"views": 3}, {"views": 90_000, "vip": True}]
    expected = [1 / (1 + np.exp(-np.mean(encoded(user)))) for user in with_spend(users)]
    assert made.probabilities(values(users))[:, 1] == pytest.approx(expected, abs=1e-6)


def test_a_net_with_attention_whose_shapes_follow_from_the_number_of_rows_is_run_as_exporters_write_it():
    integers = {"zero": [0], "three": [3, 3], "flat": [-1, 9], "one": [1]}
    held = [helper.make_tensor(name, onnx_models.TensorProto.INT64, [len(to)], to) for name, to in integers.items()]
    nodes = [
        helper.make_node("Shape", ["columns"], ["size"]),
        helper.make_node("Gather", ["size", "zero"], ["rows"]),
        helper.make_node("Concat", ["rows", "three"], ["cube"], axis=0),
        helper.make_node("Reshape", ["columns", "cube"], ["tokens"]),
        helper.make_node("Transpose", ["tokens"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["tokens", "turned"], ["likeness"]),
        helper.make_node("Softmax", ["likeness"], ["weight"], axis=-1),
        helper.make_node("MatMul", ["weight", "tokens"], ["mixed"]),
        helper.make_node("Reshape", ["mixed", "flat"], ["back"]),
        helper.make_node("ReduceSum", ["back", "one"], ["sum"], keepdims=1),
        helper.make_node("Sigmoid", ["sum"], ["chance"]),
    ]
    made = entered(definition(), FEATURES, onnx_models.model(nodes, held).SerializeToString())[0]
    users = [{"views": 6, "spend": 3.0, "tier": "gold"}, {"views": 2, "vip": True}]
    tokens = np.array([encoded(user) for user in with_spend(users)]).reshape(2, 3, 3)
    likeness = np.exp(np.einsum("uij,ukj->uik", tokens, tokens))
    mixed = np.einsum("uij,ujk->uik", likeness / likeness.sum(axis=2, keepdims=True), tokens)
    assert made.probabilities(values(users))[:, 1] == pytest.approx(1 / (1 + np.exp(-mixed.sum(axis=(1, 2)))), abs=1e-5)


def test_many_threads_share_one_session_and_get_what_one_gets():
    made = from_bytes(pipeline(net(3, 30)).to_bytes())
    users = [{"views": number, "tier": "gold"} for number in range(200)]
    expected = made.probabilities(values(users))
    session = made.estimator.session
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: made.probabilities(values(users)), range(16)))
    assert all(np.array_equal(each, expected) for each in found)
    assert made.estimator.session is session


@settings(max_examples=25, deadline=None)
@given(USERS, st.integers(0, 99))
def test_a_reason_is_what_the_score_loses_when_one_feature_becomes_the_typical_value(users, seed):
    chosen = net(seed)
    made = explained(pipeline(chosen), values([{"views": 7, "spend": 4.0, "tier": "iron", "vip": True}] * 3))
    typical = {"views": 7, "spend": 4.0, "tier": "iron", "vip": True}

    def raw(user):
        no, yes = chosen.says([encoded(with_spend([user])[0])])[0]
        return np.log(max(yes, 1e-15)) - np.log(max(no, 1e-15))

    for user, reasons in zip(users, made.reasons(values(users)), strict=True):
        for reason in reasons:
            without = {**user, reason.feature: typical[reason.feature]}
            if abs(raw(user)) < 8 and abs(raw(without)) < 8:
                assert reason.points == pytest.approx(raw(user) - raw(without), abs=5e-2)


def test_reasons_of_several_classes_are_of_the_likeliest_and_a_typical_user_has_none_that_matter():
    chosen = net(5, outputs=3)
    typical = {"views": 7, "spend": 4.0, "tier": "iron", "vip": True}
    made = explained(pipeline(chosen, NEXT), values([typical]))
    user = {**typical, "views": 4_000}
    first, *others = made.reasons(values([user]))[0]
    before, after = chosen.says([encoded(user), encoded(typical)])
    best = before.argmax()
    assert first.feature == "views"
    assert first.points == pytest.approx(np.log(before[best]) - np.log(after[best]), abs=1e-3)
    assert {reason.points for reason in others} == {0.0}
    assert {reason.points for reason in made.reasons(values([typical]))[0]} == {0.0}


class Counting:
    """A session that counts its runs."""

    def __init__(self, session) -> None:
        self.session, self.runs = session, 0

    def run(self, *arguments):
        self.runs += 1
        return self.session.run(*arguments)

    def get_inputs(self):
        return self.session.get_inputs()


def test_reasons_cost_at_most_one_run_a_user_and_feature_and_one_a_user():
    estimator = pipeline(net()).estimator
    counting = Counting(estimator.session)
    vars(estimator)["session"] = counting
    estimator.contributions(np.full((20, COLUMNS), 3.0))
    assert counting.runs == 20 * (len(FEATURES) + 1)


def test_the_typical_value_is_the_median_of_numbers_and_the_most_frequent_of_others_missing_among_them():
    rows = {
        "views": [1, 100, 5, None],
        "spend": [None, None, None, 3.0],
        "tier": ["tin", "tin", None],
        "vip": [None, None, True],
    }
    found = explained(pipeline(net()), rows).estimator
    assert list(found.typical) == pytest.approx(encoded({"views": 5, "spend": 10, "tier": "tin"}))


def test_a_number_that_the_input_cannot_hold_is_refused_with_its_feature():
    with pytest.raises(BadValue, match=r"feature spend: got .*e\+298 .* allowed a number that is finite as float32"):
        pipeline(net()).probabilities(values([{"spend": 1e300}]))
    for wrong in ({"views": float("nan")}, {"tier": 3}, {"vip": "yes"}):
        with pytest.raises(BadValue, match=f"feature {next(iter(wrong))}: got "):
            pipeline(net()).probabilities(values([wrong]))
    with pytest.raises(KeyError, match="tier"):
        pipeline(net()).probabilities({name: [None] for name in ("views", "spend", "vip")})


def test_an_answer_that_is_no_probability_is_refused_when_it_comes_as_well():
    # Below 0 the root is NaN: what no probe met is met by a user.
    nodes = [
        helper.make_node("Gather", ["columns", "first"], ["views"], "pick", axis=1),
        helper.make_node("Sqrt", ["views"], ["root"], "root"),
        helper.make_node("Sigmoid", ["root"], ["chance"], "squash"),
    ]
    first = helper.make_tensor("first", onnx_models.TensorProto.INT64, [1], [0])
    content = onnx_models.model(nodes, [first]).SerializeToString()
    counts = tuple((each.tag, 1) for each in FEATURES[:1])
    estimator: Estimator = Onnx(content, "columns", "chance", 2, counts, np.zeros(COLUMNS))
    assert estimator.raw(np.full((1, COLUMNS), 4.0)) == pytest.approx(2.0, abs=1e-5)
    with pytest.raises(BadOutput, match=r"output chance: got \[nan\], allowed probabilities, finite, from 0 to 1"):
        estimator.raw(np.full((1, COLUMNS), -4.0))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"content": "%%%"}, "base64|discouraged|alphabet"),
        ({"content": "bm8gbW9kZWw="}, "onnxruntime cannot load it"),
        ({"input": "rows"}, "got inputs {'columns': 'tensor\\(float\\)'}, allowed rows alone"),
        ({"features": [1]}, "TypeError"),
        ({"algorithm": "pickle"}, "allowed logistic, boosting, onnx"),
    ],
)
def test_a_file_whose_model_was_spoilt_is_refused_where_it_is_read(change, says):
    held = orjson.loads(pipeline(net()).to_bytes())
    held["estimator"] |= change
    with pytest.raises(WrongFile, match=says):
        from_bytes(orjson.dumps(held))
