"""Features as coordinates."""

from __future__ import annotations

import math

import pytest

from prediction.hashing import LONGEST_NAME, LONGEST_VALUE, MOST_FEATURES, BadFeature, hashed, tokens


def as_rows(examples, bits=20):
    block = hashed(examples, bits)
    found = [{} for _ in examples]
    for row, place, amount in zip(block.row, block.place, block.amount, strict=True):
        found[row][int(place)] = float(amount)
    return found


def test_kinds_of_a_value_never_share_a_coordinate_by_their_spelling():
    spelled_alike = [{"a": True}, {"a": "true"}, {"a": None}, {"a": "none"}, {"a": 1}, {"a": "1"}, {"a=1": None}, {}]
    places = [frozenset(row) for row in as_rows(spelled_alike)]
    assert len(set(places)) == len(spelled_alike)


def test_numbers_are_their_signed_logarithm():
    rows = as_rows([{}, {"a": 0}, {"a": 9}, {"a": -9}, {"a": 1e300}])
    (bias,) = rows[0]
    amounts = [[amount for place, amount in row.items() if place != bias] for row in rows[1:]]
    assert amounts == [[0.0], [math.log(10)], [-math.log(10)], [math.log1p(1e300)]]


def test_features_that_meet_at_a_coordinate_are_added():
    features = {f"f{number}": True for number in range(100)}
    block = hashed([features, features], 4)
    assert len(block.place) == len(set(zip(block.row.tolist(), block.place.tolist(), strict=True))) <= 32
    assert block.amount.sum() == 2 * 101


def test_the_place_of_a_feature_never_changes():
    """Snapshots hold places: other ones would make nonsense of all that was learned."""
    (row,) = as_rows([{"city": "rome", "vip": True, "spend": None, "visits": 3}], 16)
    assert sorted(row) == [9017, 30616, 33902, 37296, 41284]


def test_no_features_are_the_constant_alone_and_no_examples_are_nothing():
    assert [list(row.values()) for row in as_rows([{}])] == [[1.0]]
    assert len(hashed([], 16).place) == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_a_number_that_is_not_finite_is_refused_by_name(value):
    with pytest.raises(BadFeature, match=r"feature spend: got .*allowed a finite number; none where it is missing"):
        tokens({"city": "rome", "spend": value})


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({"a": [1]}, r"feature a: got \[1\], allowed a string, number, boolean or none"),
        ({"a": {"b": 1}}, "feature a: got"),
        ({"": 1}, "a feature's name: got ''"),
        ({"x" * (LONGEST_NAME + 1): 1}, "a feature's name"),
        ({"a": "x" * (LONGEST_VALUE + 1)}, f"feature a: got {LONGEST_VALUE + 1} characters"),
        ({f"f{number}": 1 for number in range(MOST_FEATURES + 1)}, f"features: got {MOST_FEATURES + 1}"),
    ],
)
def test_what_is_no_feature_is_refused(features, said):
    with pytest.raises(BadFeature, match=said):
        tokens(features)
