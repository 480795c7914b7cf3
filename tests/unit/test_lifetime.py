"""Expected spend: what a buyer is worth, why, the file, and the proof on people and time that were not learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prediction.definition import ModelProblem, parse_model
from prediction.lifetime import INPUTS, Buyer, from_bytes
from prediction.lifetime_training import Observed, train_lifetime
from prediction.pipeline import WrongFile
from prediction.promotion import NotBetter, require_better_than_chance
from prediction.purchases import Histories
from prediction.training import TrainingProblem
from tests.spend_model import DEFINITION as TEXT
from tests.spend_model import LIFETIME as MODEL

DEFINITION = parse_model(TEXT)


@st.composite
def buyers(draw):
    purchases, first = draw(st.integers(1, 40)), draw(st.floats(1, 900))
    last = first if purchases == 1 else first * draw(st.floats(0, 1))
    return Buyer(purchases, last, first, draw(st.floats(0, 5_000)))


def simulated(people, seed=7, split=200.0, horizon=90.0):
    """Customers who live as BG/NBD says and spend as Gamma-Gamma says, purchase by purchase."""
    draw, found = np.random.default_rng(seed), []
    for number in range(people):
        rate, leaves = draw.gamma(1.6, 1 / 40.0), draw.beta(0.8, 3.0)
        scale = draw.gamma(12.0, 1 / 20.0)
        joined, at, times = draw.uniform(0, 150), 0.0, [0.0]
        while draw.random() > (leaves if len(times) > 1 else 0.0):
            at += draw.exponential(1 / rate)
            if joined + at > split + horizon:
                break
            times.append(at)
        days = [joined + time for time in times]
        paid = draw.gamma(6.0, 1 / scale, len(days))
        before = [(day, amount) for day, amount in zip(days, paid, strict=True) if day < split]
        after = [amount for day, amount in zip(days, paid, strict=True) if day >= split]
        late = sum(amount for day, amount in before if day >= split - horizon)
        worth = sum(amount for _, amount in before) / len(before)
        first = split - joined
        last = first if len(before) == 1 else split - before[-1][0]
        found.append(Observed(f"u{number}", Buyer(len(before), last, first, worth), late, len(after), sum(after)))
    return found


PEOPLE = simulated(4_000)
TRAINED = train_lifetime(DEFINITION, PEOPLE)


@given(buyer=buyers(), horizon=st.floats(0, 400))
def test_the_value_is_purchases_times_what_one_is_worth_and_is_never_negative(buyer, horizon):
    said = MODEL.expected([buyer], horizon)[0]
    assert 0 <= said.alive <= 1 and said.purchases >= 0
    assert said.value == pytest.approx(said.purchases * said.per_purchase)


@given(buyer=buyers(), horizon=st.floats(1, 300), longer=st.floats(0, 300))
def test_a_longer_horizon_is_never_worth_less(buyer, horizon, longer):
    nearer, farther = (MODEL.expected([buyer], days)[0].value for days in (horizon, horizon + longer))
    assert farther >= nearer * (1 - 1e-9) - 1e-9


@given(buyer=buyers(), longer=st.floats(0, 400))
def test_who_has_not_been_back_for_longer_is_less_likely_to_come(buyer, longer):
    away = replace(buyer, last_days_ago=buyer.last_days_ago + longer, first_days_ago=buyer.first_days_ago + longer)
    now, later = MODEL.expected([buyer])[0], MODEL.expected([away])[0]
    assert later.alive <= now.alive + 1e-12
    assert later.value <= now.value * (1 + 1e-9)


@given(buyer=buyers(), more=st.floats(0, 1_000))
def test_who_spends_more_at_a_time_is_worth_more(buyer, more):
    assert MODEL.expected([replace(buyer, mean_spend=buyer.mean_spend + more)])[0].value >= MODEL.expected([buyer])[
        0
    ].value * (1 - 1e-12)


@given(buyer=buyers())
def test_each_input_is_told_with_what_the_typical_one_would_change(buyer):
    moves = MODEL.moves(buyer)
    assert sorted(move.input for move in moves) == sorted(INPUTS)
    assert [abs(move.moved) for move in moves] == sorted((abs(move.moved) for move in moves), reverse=True)
    mine = MODEL.expected([buyer])[0].value
    for move in moves:
        other = buyer.with_input(move.input, move.typical)
        assert move.moved == pytest.approx(mine - MODEL.expected([other])[0].value)


def test_the_typical_buyer_is_moved_by_nothing():
    assert [move.moved for move in MODEL.moves(MODEL.typical)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"purchases": 0}, "purchases: got 0"),
        ({"purchases": 1.5}, "purchases: got 1.5"),
        ({"mean_spend": float("nan")}, "mean_spend: got nan"),
        ({"mean_spend": -1.0}, "mean_spend: got -1.0"),
        ({"last_days_ago": 200.0}, "allowed up to first_days_ago 120"),
        ({"purchases": 1}, "of one purchase"),
    ],
)
def test_a_history_that_cannot_be_is_refused_by_name(change, says):
    with pytest.raises(ValueError, match=says):
        replace(MODEL.typical, **change)


def test_a_file_gives_the_model_back_and_the_same_model_the_same_file():
    assert from_bytes(MODEL.to_bytes()) == MODEL
    assert from_bytes(MODEL.to_bytes()).to_bytes() == MODEL.to_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda values: values | {"format": 1},
        lambda values: values | {"spend": {"p": 1.0, "q": 0.5, "v": 1.0}},
        lambda values: values | {"spend": {"p": None, "q": 2.0, "v": 1.0}},
        lambda values: values | {"purchases": {"r": -1.0, "alpha": 1.0, "a": 1.0, "b": 1.0}},
        lambda values: values | {"horizon_days": 0},
        lambda values: {name: value for name, value in values.items() if name != "typical"},
        lambda values: [values],
    ],
)
def test_a_file_that_is_no_such_model_is_refused(spoil):
    with pytest.raises(WrongFile):
        from_bytes(orjson.dumps(spoil(orjson.loads(MODEL.to_bytes()))))


def test_simulated_customers_give_back_what_they_live_by():
    found = TRAINED.lifetime
    assert found.purchases.r == pytest.approx(1.6, rel=0.25)
    assert found.purchases.r / found.purchases.alpha == pytest.approx(1.6 / 40, rel=0.15)
    # The population's mean spend, p v / (q - 1), of Gamma(6) purchases at a rate of mean 12 / 20.
    assert found.spend.expected(np.zeros(1), np.zeros(1))[0] == pytest.approx(6 * 20 / 11, rel=0.1)


def test_the_word_on_held_out_people_is_near_what_they_then_did_and_beats_their_last_period():
    told = TRAINED.metrics
    assert told["spend"]["said"] == pytest.approx(told["spend"]["happened"], rel=0.15)
    assert told["purchases"]["said"] == pytest.approx(told["purchases"]["happened"], rel=0.15)
    assert 0 < told["gain_low"] < told["gain"] < told["gain_high"] < 1
    assert told["rmse"] < told["rmse_of_last_period"] and told["rmse"] < told["rmse_of_mean"]
    said = [each["spend"]["said"] for each in told["bins"]]
    assert said == sorted(said) and sum(each["count"] for each in told["bins"]) == told["rows"]
    near = [each["spend"]["low"] - 2 <= each["spend"]["said"] <= each["spend"]["high"] + 2 for each in told["bins"]]
    assert sum(near) >= 8
    require_better_than_chance("worth", 1, told)


def test_the_same_people_give_the_same_file():
    assert train_lifetime(DEFINITION, PEOPLE).lifetime.to_bytes() == TRAINED.lifetime.to_bytes()


def test_what_the_held_out_did_is_not_learned_from():
    changed = [
        replace(each, then_spend=each.then_spend * 3, then_purchases=each.then_purchases + 1, last_period=0.0)
        for each in PEOPLE
    ]
    assert train_lifetime(DEFINITION, changed).lifetime == TRAINED.lifetime


def test_too_few_who_bought_again_are_refused_with_the_numbers():
    once = [replace(each, buyer=Buyer(1, each.buyer.first_days_ago, each.buyer.first_days_ago, 5.0)) for each in PEOPLE]
    with pytest.raises(TrainingProblem, match="repeat buyers learned from: got 0, needed 100"):
        train_lifetime(DEFINITION, once)
    with pytest.raises(TrainingProblem, match="buyers held out: got 0, needed 100"):
        train_lifetime(DEFINITION, [])


def test_a_version_that_is_no_better_than_the_last_period_or_the_mean_stays_in_the_shadow():
    with pytest.raises(NotBetter, match="no better than the last period"):
        require_better_than_chance("worth", 1, {**TRAINED.metrics, "gain_low": -0.01})
    with pytest.raises(NotBetter, match="no better than the mean"):
        require_better_than_chance("worth", 1, {**TRAINED.metrics, "rmse_of_mean": 0.0})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('algorithm = "bg_nbd"', 'algorithm = "logistic"', "allowed bg_nbd for spend models"),
        ("horizon_days = 90", "", "within how many days"),
        ("horizon_days = 90", 'horizon_days = 90\nevent_type = "x"', "horizon_days alone"),
        ('owner = "sales"', 'owner = "sales"\nfeatures = ["city"]', "features: got city for a spend model"),
        ("[label]", "[online]\n[label]", "neither"),
        ("[label]", '[orders]\nknown = "never"\n[label]', "orders.known"),
        ("[label]", '[orders]\namount = "a b"\n[label]', "orders.amount"),
        ('kind = "spend"\nalgorithm = "bg_nbd"', 'kind = "churn"', "features: got none"),
        (
            'kind = "spend"\nalgorithm = "bg_nbd"',
            'kind = "churn"\nfeatures = ["a"]\n[orders]',
            "orders: got it for a churn model",
        ),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused_by_place(old, new, says):
    with pytest.raises(ModelProblem, match=says):
        parse_model(TEXT.replace(old, new))


def test_the_histories_are_those_of_the_paper_in_days():
    found = MODEL.purchases.alive(Histories(np.array([1.0]), np.array([80.0]), np.array([120.0])))
    assert MODEL.expected([Buyer(2, 40.0, 120.0, 30.0)])[0].alive == pytest.approx(found[0])
