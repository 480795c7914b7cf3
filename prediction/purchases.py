"""How often customers buy again, and whether they still do: BG/NBD.

Source: Fader, Hardie & Lee (2005), '"Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model',
Marketing Science 24(2). Each customer buys at rate lambda ~ Gamma(r, alpha) and leaves for good after a purchase with
probability p ~ Beta(a, b). Times are in any one unit: that of `alpha` and of every horizon.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1

Floats = NDArray[np.float64]

_REMOVABLE = 1e-4
"""Nearer than this to a = 1 or a + b + x = 1 the closed form is 0/0, its value finite: the mean of both sides, error O(1e-8)."""
_EDGE = 12.0
"""Log parameters beyond +-12 (6e-6 to 160,000 once time is scaled) say that the data do not tell them."""


@dataclass(frozen=True)
class Histories:
    """What n customers did: `x` repeat purchases, the last `recency` after the first, the first `age` ago. Each (n,)."""

    x: Floats
    recency: Floats
    age: Floats

    def __post_init__(self) -> None:
        """Raises ValueError that says which history is none."""
        if not self.x.shape == self.recency.shape == self.age.shape or self.x.ndim != 1:
            raise ValueError(
                f"histories: x, recency and age have one length, got {self.x.shape}, {self.recency.shape}, {self.age.shape}"
            )
        finite = np.isfinite(self.x) & np.isfinite(self.recency) & np.isfinite(self.age)
        right = finite & (self.x >= 0) & (self.x == np.floor(self.x)) & (self.recency >= 0) & (self.recency <= self.age)
        right &= (self.x > 0) | (self.recency == 0)
        if not right.all():
            at = int(np.argmin(right))
            raise ValueError(
                f"history {at}: got x={self.x[at]}, recency={self.recency[at]}, age={self.age[at]}; "
                "allowed are finite 0 <= recency <= age, a whole x >= 0, and recency 0 where x is 0"
            )


@dataclass(frozen=True)
class Purchases:
    """A fitted BG/NBD: rates Gamma(shape `r`, rate `alpha`), leaving Beta(`a`, `b`)."""

    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        """Raises ValueError where a parameter is not a positive finite number."""
        for name in ("r", "alpha", "a", "b"):
            got = getattr(self, name)
            if not (np.isfinite(got) and got > 0):
                raise ValueError(f"BG/NBD: {name} is a positive finite number, got {got}")

    def alive(self, of: Histories) -> Floats:
        """The probability (n,) that each still buys. Who bought only once had no repeat purchase to leave after: 1."""
        a3, a4 = _ends(self, of)
        return expit(a3 - a4)

    def expected(self, of: Histories, horizon: float) -> Floats:
        """Purchases (n,) expected of each in the `horizon` after now.

        E(Y(t) | x, t_x, T) of the paper after Euler's transform of 2F1, so that no x overflows.
        Raises ValueError unless `horizon` is finite and not negative."""
        if not (np.isfinite(horizon) and horizon >= 0):
            raise ValueError(f"horizon: a finite number that is not negative, got {horizon}")
        singular = (abs(self.a - 1) < _REMOVABLE) | (np.abs(self.a + self.b + of.x - 1) < _REMOVABLE)
        plain = np.where(singular, self.a + 3 * _REMOVABLE, self.a)
        other = np.where(singular, self.a - 3 * _REMOVABLE, self.a)
        still = (self._if_alive(plain, of, horizon) + self._if_alive(other, of, horizon)) / 2
        return still * self.alive(of)

    def _if_alive(self, a: Floats, of: Histories, horizon: float) -> Floats:
        c = a + self.b + of.x - 1
        z = horizon / (self.alpha + of.age + horizon)
        return c / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(c - self.r - of.x, a - 1, c, z))


def log_likelihood(model: Purchases, of: Histories) -> Floats:
    """The log-likelihood (n,) of each history: ln A1 + ln A2 + ln(A3 + A4), the sum taken in logs."""
    r, a, b, x = model.r, model.a, model.b, of.x
    a1 = gammaln(r + x) - gammaln(r) + r * np.log(model.alpha)
    a2 = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    return np.asarray(a1 + a2 + np.logaddexp(*_ends(model, of)))


def fit(of: Histories) -> Purchases:
    """The parameters under which the histories are likeliest, by L-BFGS on their logs with the exact gradient.

    Raises ValueError where the data cannot tell them: nobody bought twice, or the optimum lies at no finite place."""
    if not of.x.any():
        raise ValueError(
            f"BG/NBD: nobody of {len(of.x)} customers bought twice; allowed is a history in which some did"
        )
    unit = float(of.age.mean())
    scaled = Histories(of.x, of.recency / unit, of.age / unit)

    def loss(logs: Floats) -> tuple[float, Floats]:
        model = Purchases(*np.exp(logs))
        return -float(log_likelihood(model, scaled).mean()), -_gradient(model, scaled) * np.exp(logs)

    starts = [np.array(start) for start in ((0.0, 0.0, 0.0, 0.0), (-1.0, -1.0, 0.0, 1.0), (0.5, -0.5, -1.0, 1.5))]
    found = [
        minimize(
            loss, s, jac=True, method="L-BFGS-B", bounds=[(-_EDGE, _EDGE)] * 4, options={"ftol": 1e-13, "gtol": 1e-8}
        )
        for s in starts
    ]
    best = min(found, key=lambda each: each.fun)
    if not np.isfinite(best.fun) or np.any(np.abs(best.x) > _EDGE - 1e-3):
        raise ValueError(
            f"BG/NBD: {len(of.x)} customers do not tell the parameters: log(r, alpha, a, b) ran to {np.round(best.x, 2).tolist()}"
        )
    r, alpha, a, b = np.exp(best.x)
    return Purchases(float(r), float(alpha * unit), float(a), float(b))


def _ends(model: Purchases, of: Histories) -> tuple[Floats, Floats]:
    """ln A3 (still there) and ln A4 (left after the last purchase; -inf where x is 0) of the likelihood, each (n,)."""
    power = model.r + of.x
    repeated = of.x > 0
    left = (
        np.log(model.a) - np.log(np.where(repeated, model.b + of.x - 1, 1.0)) - power * np.log(model.alpha + of.recency)
    )
    return -power * np.log(model.alpha + of.age), np.where(repeated, left, -np.inf)


def _gradient(model: Purchases, of: Histories) -> Floats:
    """The mean log-likelihood's derivative (4,) by r, alpha, a, b."""
    r, alpha, a, b, x = model.r, model.alpha, model.a, model.b, of.x
    stayed = model.alive(of)
    left = 1 - stayed
    by_r = (
        digamma(r + x)
        - digamma(r)
        + np.log(alpha)
        - stayed * np.log(alpha + of.age)
        - left * np.log(alpha + of.recency)
    )
    by_alpha = r / alpha - (r + x) * (stayed / (alpha + of.age) + left / (alpha + of.recency))
    both = digamma(a + b) - digamma(a + b + x)
    by_b = both + digamma(b + x) - digamma(b) - left / np.where(x > 0, b + x - 1, 1.0)
    return np.array([by_r.mean(), by_alpha.mean(), (both + left / a).mean(), by_b.mean()])
