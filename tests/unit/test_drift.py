"""Whether features and losses have moved."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prediction.drift import MOST_LOSSES, Kind, LossDrift, drifts, psi_of
from tests.example_streams import WORLD, World


def people(count, seed, world=WORLD):
    chance = random.Random(seed)
    return [world.person(chance) for _ in range(count)]


def moved(reference, window):
    return {each.feature for each in drifts(reference, window) if each.moved}


def test_people_of_the_same_world_have_not_moved():
    reference = people(512, 0)
    assert [moved(reference, people(256, seed)) for seed in range(1, 41)] == [set()] * 40


def test_each_way_to_move_is_found_in_its_feature_alone():
    reference, window = people(512, 0), people(256, 1)
    for changes, feature in (
        ({"city": "quito"}, "city"),
        ({"city": None}, "city"),
        ({"vip": True}, "vip"),
        ({"spend": None}, "spend"),
        ({"visits": 50}, "visits"),
    ):
        assert moved(reference, [{**person, **changes} for person in window]) == {feature}
    assert moved(reference, people(256, 1, World(mean_visits=9.0))) == {"visits"}


def test_a_feature_that_is_new_or_gone_has_moved():
    reference, window = people(512, 0), people(256, 1)
    assert moved(reference, [{**person, "new": 1.5} for person in window]) == {"new"}
    assert moved(reference, [{k: v for k, v in person.items() if k != "vip"} for person in window]) == {"vip"}


def ks_by_hand(old, new):
    return max(abs(sum(v <= x for v in old) / len(old) - sum(v <= x for v in new) / len(new)) for x in (*old, *new))


numbers = st.lists(st.integers(-20, 20) | st.floats(-5, 5), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(old=numbers, new=numbers)
def test_the_ks_statistic_is_the_greatest_distance_of_the_two_distributions(old, new):
    (found,) = drifts([{"a": value} for value in old], [{"a": value} for value in new])
    assert found.kind is Kind.NUMBER and found.ks == pytest.approx(ks_by_hand(old, new))


categories = st.lists(st.sampled_from(["a", "b", "c", True, None]), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(old=categories, new=categories)
def test_the_psi_of_categories_is_its_formula_over_the_categories_of_the_reference(old, new):
    (found,) = drifts([{"a": value} for value in old], [{"a": value} for value in new])
    if all(value is None for value in (*old, *new)):
        return
    assert found.kind is Kind.CATEGORY and found.ks is None
    bins = [*dict.fromkeys(map(repr, old)), "others"]
    counts = []
    for values in (old, new):
        count = Counter(text if (text := repr(value)) in bins else "others" for value in values)
        counts.append([count[name] + 0.5 for name in bins])
    shares = [[each / sum(part) for each in part] for part in counts]
    assert found.psi == pytest.approx(sum((a - b) * math.log(a / b) for b, a in zip(*shares, strict=True)))


def test_deciles_of_the_reference_hold_a_tenth_of_it_each():
    values = list(range(100))
    (found,) = drifts([{"a": v} for v in values], [{"a": v} for v in values if v < 10] * 10)
    expected = psi_of(np.array([10.0] * 10 + [0.0]), np.array([100.0] + [0.0] * 10))
    assert found.psi == pytest.approx(expected)


def test_all_missing_before_and_after_is_no_drift():
    (found,) = drifts([{"a": None}] * 50, [{}] * 50 + [{"a": None}])
    assert not found.moved and (found.missing, found.missing_before) == (1.0, 1.0)


def losses(count, mean, seed):
    chance = random.Random(seed)
    return [min(1.0, max(0.0, chance.gauss(mean, 0.04))) for _ in range(count)]


def test_a_loss_that_rises_is_told_and_one_that_stays_or_falls_is_not():
    for seed in range(5):
        drift = LossDrift()
        assert not any([drift.add(loss) for loss in losses(600, 0.15, seed)])
        assert any([drift.add(loss) for loss in losses(200, 0.30, seed + 50)])
        falling = LossDrift(losses(600, 0.30, seed))
        assert not any([falling.add(loss) for loss in losses(200, 0.15, seed + 50)])


def test_a_detector_that_goes_on_from_what_it_has_seen_is_the_one_that_was():
    found = losses(MOST_LOSSES + 300, 0.15, 1) + losses(300, 0.4, 2)
    whole, parts, told = LossDrift(), LossDrift(), []
    for start, end in pairwise([0, 1, 700, MOST_LOSSES - 1, MOST_LOSSES + 1, len(found)]):
        parts = LossDrift(parts.seen)
        told += [parts.add(loss) for loss in found[start:end]]
    assert told == [whole.add(loss) for loss in found] and any(told)
    assert len(whole.seen) <= MOST_LOSSES
