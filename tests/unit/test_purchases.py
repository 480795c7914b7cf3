"""BG/NBD: against published numbers, direct integration and simulated customers."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, gamma

from prediction.purchases import Histories, Purchases, _gradient, fit, log_likelihood

CDNOW = Purchases(0.243, 4.414, 0.793, 2.426)


def one(x: float, recency: float, age: float) -> Histories:
    return Histories(np.array([x], float), np.array([recency], float), np.array([age], float))


@cache
def nodes_and_weights() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(400)


def integrated(model: Purchases, x: int, recency: float, age: float, *of_one: object) -> list[float]:
    """Means over the priors by a grid of quantiles: only the two ways in which one customer's history can come about."""
    nodes, weights = nodes_and_weights()
    # u = s^4 puts nodes where the quantile functions bend
    s = (nodes + 1) / 2
    u, w = s**4 * (5 - 4 * s), weights / 2 * 20 * s**3 * (1 - s)
    rate = gamma.ppf(u, model.r, scale=1 / model.alpha)[:, None]
    leaves = beta.ppf(u, model.a, model.b)[None, :]
    there = rate**x * (1 - leaves) ** x * np.exp(-rate * age)
    gone = leaves * (1 - leaves) ** (x - 1) * rate**x * np.exp(-rate * recency) if x else np.zeros_like(there)
    return [float(w @ each(rate, leaves, there, gone) @ w) for each in of_one]  # type: ignore[operator]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Purchases, int, float, float]:
    x = draw(st.integers(0, 6))
    age = draw(st.floats(0.5, 10))
    model = Purchases(*(draw(st.floats(0.6, 4)) for _ in range(4)))
    return model, x, age * draw(st.floats(0.1, 1)) if x else 0.0, age


def test_a_customer_of_the_published_example_is_expected_to_buy_as_often_as_published() -> None:
    assert CDNOW.expected(one(2, 30.43, 38.86), 39)[0] == pytest.approx(1.226, abs=5e-4)


@settings(max_examples=25, deadline=None)
@given(cases(), st.floats(0.1, 10))
def test_likelihood_chance_and_expectation_are_the_integrals_over_the_priors(
    case: tuple[Purchases, int, float, float], horizon: float
) -> None:
    model, x, recency, age = case
    of = one(x, recency, age)
    whole, there, later = integrated(
        *case,
        lambda _r, _p, there, gone: there + gone,
        lambda _r, _p, there, _gone: there,
        lambda rate, p, there, _gone: there * -np.expm1(-rate * p * horizon) / p,
    )
    assert np.exp(log_likelihood(model, of)[0]) == pytest.approx(whole, rel=1e-3)
    assert model.alive(of)[0] == pytest.approx(there / whole, rel=1e-3)
    assert model.expected(of, horizon)[0] == pytest.approx(later / whole, rel=1e-3)


@pytest.mark.parametrize("a, b", [(1.0, 2.0), (1 + 5e-5, 2.0), (0.4, 0.6), (0.3, 0.2), (0.793, 2.426)])
@pytest.mark.parametrize("x", [0, 1, 3000])
def test_no_place_of_the_closed_form_is_singular(a: float, b: float, x: int) -> None:
    model = Purchases(0.8, 3.0, a, b)
    of = one(x, 20.0 if x else 0.0, 20.0)
    power, since = model.r + x, model.alpha + 20

    s, w = np.polynomial.legendre.leggauss(400)
    s, w = (s + 1) / 2, w / 2
    u, w = s**4 * (35 - 84 * s + 70 * s**2 - 20 * s**3), w * 140 * (s * (1 - s)) ** 3
    p = beta.ppf(np.minimum(u, 1.0), a, b + x)
    # A rate's integral by hand, so that one over p is left.
    if_alive = w @ (-np.expm1(-power * np.log1p(p * 10 / since)) / p)
    assert model.expected(of, 10)[0] == pytest.approx(if_alive * model.alive(of)[0], rel=1e-5)


@settings(max_examples=50, deadline=None)
@given(cases())
def test_the_gradient_is_the_slope(case: tuple[Purchases, int, float, float]) -> None:
    model, *history = case
    of, at = one(*history), np.array([model.r, model.alpha, model.a, model.b])
    for i, step in enumerate(np.eye(4) * 1e-5):
        slope = (log_likelihood(Purchases(*(at + step)), of)[0] - log_likelihood(Purchases(*(at - step)), of)[0]) / 2e-5
        assert _gradient(model, of)[i] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def simulated(model: Purchases, customers: int, age: float, then: float, seed: int) -> tuple[Histories, np.ndarray]:
    """Customers by the story alone, one purchase at a time, with what each bought in `then` after `age`."""
    random = np.random.default_rng(seed)
    rows = []
    for rate, p in zip(
        random.gamma(model.r, 1 / model.alpha, customers), random.beta(model.a, model.b, customers), strict=True
    ):
        x, last, later, at = 0, 0.0, 0, random.exponential(1 / rate)
        while at < age + then:
            x, last, later = (x + 1, at, later) if at < age else (x, last, later + 1)
            if random.random() < p:
                break
            at += random.exponential(1 / rate)
        rows.append((x, last, age, later))
    x, last, ages, later = np.array(rows, float).T
    return Histories(x, last, ages), later


def test_the_parameters_of_simulated_customers_are_found_again_and_tell_what_they_buy_next() -> None:
    truth = Purchases(0.8, 4.0, 0.8, 2.5)
    of, later = simulated(truth, 20_000, 50.0, 25.0, seed=7)
    found = fit(of)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.8, 4.0, 0.8, 2.5), rel=0.15)
    assert log_likelihood(found, of).sum() >= log_likelihood(truth, of).sum()
    assert found.expected(of, 25.0).mean() == pytest.approx(later.mean(), rel=0.05)
    assert np.abs(found.expected(of, 25.0) - later).mean() < np.abs(of.x / of.age * 25 - later).mean()


def test_the_unit_of_time_changes_nothing_but_alpha() -> None:
    of, _ = simulated(Purchases(0.8, 4.0, 0.8, 2.5), 2_000, 50.0, 0.0, seed=3)
    weeks, days = fit(of), fit(Histories(of.x, of.recency * 7, of.age * 7))
    assert (days.r, days.alpha / 7, days.a, days.b) == pytest.approx((weeks.r, weeks.alpha, weeks.a, weeks.b), rel=1e-3)


def test_nobody_who_bought_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody of 2 customers bought twice"):
        fit(Histories(np.zeros(2), np.zeros(2), np.ones(2)))


@pytest.mark.parametrize(
    "row", [(1, 3, 2), (-1, 0, 2), (0.5, 1, 2), (0, 1, 2), (1, float("nan"), 2), (1, 1, float("inf"))]
)
def test_a_history_that_cannot_be_is_refused(row: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="history 0: got"):
        one(*row)


@pytest.mark.parametrize("horizon", [-1.0, float("nan"), float("inf")])
def test_a_horizon_that_cannot_be_is_refused(horizon: float) -> None:
    with pytest.raises(ValueError, match="horizon"):
        CDNOW.expected(one(2, 30.43, 38.86), horizon)
