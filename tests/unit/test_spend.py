"""Gamma-Gamma: against direct integration over the prior and simulated customers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammainccinv

from prediction.spend import Spend, fit, log_likelihood


def density(at: float, shape: float, rate: float) -> float:
    """The gamma distribution's, by its formula."""
    if at <= 0:
        return 0.0
    return math.exp(shape * math.log(rate) + (shape - 1) * math.log(at) - rate * at - math.lgamma(shape))


@settings(max_examples=40, deadline=None)
@given(st.floats(0.8, 8), st.floats(1.5, 6), st.floats(0.5, 20), st.integers(1, 8), st.floats(0.2, 30))
def test_likelihood_and_expectation_are_the_integrals_over_the_prior(
    p: float, q: float, v: float, x: int, mean: float
) -> None:
    def over(of_one: object) -> float:
        top = gammainccinv(p * x + q, 1e-13) / (v + x * mean)
        seen = lambda nu: density(mean, p * x, nu * x) * density(nu, q, v) if nu else 0.0  # noqa: E731
        return float(quad(lambda nu: seen(nu) * of_one(nu), 0, top, epsabs=0, epsrel=1e-9, limit=200)[0])  # type: ignore[operator]

    model, one = Spend(p, q, v), (np.array([float(x)]), np.array([mean]))
    whole = over(lambda _nu: 1.0)
    assert np.exp(log_likelihood(model, *one)[0]) == pytest.approx(whole, rel=1e-5)
    assert model.expected(*one)[0] == pytest.approx(over(lambda nu: p / nu if nu else 0.0) / whole, rel=1e-5)


def test_the_parameters_of_simulated_customers_are_found_again() -> None:
    random = np.random.default_rng(5)
    x = random.integers(1, 9, 30_000).astype(float)
    mean = random.gamma(6.25 * x, 1 / (x * random.gamma(3.74, 1 / 15.44, len(x))))
    found = fit(x, mean)
    assert (found.p, found.q, found.v) == pytest.approx((6.25, 3.74, 15.44), rel=0.06)


def test_who_bought_once_is_expected_to_spend_what_the_population_does() -> None:
    assert Spend(6.25, 3.74, 15.44).expected(np.zeros(1), np.array([np.nan]))[0] == pytest.approx(6.25 * 15.44 / 2.74)


def test_a_population_without_a_mean_is_refused() -> None:
    with pytest.raises(ValueError, match=r"q > 1, got 0\.9"):
        Spend(6.0, 0.9, 15.0).expected(np.ones(1), np.ones(1))


@pytest.mark.parametrize("mean", [0.0, -1.0, np.nan, np.inf])
def test_what_is_no_spend_is_refused(mean: float) -> None:
    with pytest.raises(ValueError, match="positive finite"):
        fit(np.ones(1), np.array([mean]))
