"""What a message of the topic `examples` must hold."""

from __future__ import annotations

import pytest

from prediction.examples import LARGEST_FEATURES_BYTES, LabelRule, NotAnExample, read_example
from tagging.events import Reason
from tests.example_streams import message, stream

(EXAMPLE,) = stream(1, seed=1)


def test_a_message_is_read_as_the_example_that_was_written():
    assert read_example(message(EXAMPLE)) == EXAMPLE
    assert read_example(message(EXAMPLE, frozen_score=None)).frozen_score is None
    assert read_example(message(EXAMPLE, score=1, features="{}")).score == 1.0


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"prediction_id": None}, Reason.MISSING_FIELD, "prediction_id: None; allowed: a text that is not empty"),
        ({"prediction_id": ""}, Reason.WRONG_TYPE, "prediction_id: ''"),
        ({"user_id": "x" * 129}, Reason.TOO_LARGE, "user_id: 129 characters; allowed: 128"),
        ({"user_id": 7}, Reason.WRONG_TYPE, "user_id: 7"),
        ({"model": "No Model"}, Reason.WRONG_TYPE, "model: 'No Model'"),
        ({"version": -1}, Reason.WRONG_TYPE, "version: -1; allowed: a whole number from 0 on"),
        ({"version": True}, Reason.WRONG_TYPE, "version: True"),
        ({"label": 2}, Reason.WRONG_TYPE, "label: 2; allowed: 0 or 1"),
        ({"label": None}, Reason.MISSING_FIELD, "label: None"),
        ({"label": 1.0}, Reason.WRONG_TYPE, "label: 1.0"),
        ({"score": 1.5}, Reason.WRONG_TYPE, "score: 1.5; allowed: a number from 0 to 1"),
        ({"frozen_score": -0.1}, Reason.WRONG_TYPE, "frozen_score: -0.1"),
        ({"decided_at": 0}, Reason.WRONG_TYPE, "decided_at: 0"),
        ({"predicted_at": 2**63}, Reason.WRONG_TYPE, "predicted_at: 9223372036854775808"),
        ({"features": None}, Reason.MISSING_FIELD, "features: None; allowed: the JSON text of an object"),
        ({"features": {"a": 1}}, Reason.WRONG_TYPE, "features: {'a': 1}; allowed: the JSON text"),
        ({"features": "{"}, Reason.MALFORMED, "features: not JSON"),
        ({"features": '{"a":NaN}'}, Reason.MALFORMED, "features: not JSON"),
        ({"features": "[1]"}, Reason.WRONG_TYPE, r"features: [1]; allowed: an object"),
        ({"features": '{"a":[1]}'}, Reason.WRONG_TYPE, "feature a: got [1]"),
        ({"features": '{"a":"' + "é" * (LARGEST_FEATURES_BYTES // 2) + '"}'}, Reason.TOO_LARGE, "features: "),
    ],
)
def test_a_message_that_is_no_example_is_refused_with_the_field_and_what_is_allowed(changes, reason, said):
    with pytest.raises(NotAnExample) as error:
        read_example(message(EXAMPLE, **changes))
    assert error.value.reason is reason and said in str(error.value)


@pytest.mark.parametrize("wrong", [b"", b"{", b"[]", b"5", b"\xff"])
def test_what_is_no_object_is_refused(wrong):
    with pytest.raises(NotAnExample) as error:
        read_example(wrong)
    assert error.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"event_type": ""}, "event_type: got ''"),
        ({"event_type": "x" * 129}, "event_type"),
        ({"horizon_seconds": 0}, "horizon_seconds: got 0, allowed 1 to 34560000"),
        ({"horizon_seconds": 34_560_001}, "horizon_seconds"),
        ({"grace_seconds": -1}, "grace_seconds: got -1, allowed 0 to 604800"),
        ({"grace_seconds": 604_801}, "grace_seconds"),
    ],
)
def test_a_label_that_cannot_be_decided_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        LabelRule(**{"event_type": "paid", "horizon_seconds": 60, **wrong})
