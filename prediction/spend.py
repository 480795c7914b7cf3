"""What customers spend by purchase: Gamma-Gamma.

Source: Fader & Hardie (2013), 'The Gamma-Gamma Model of Monetary Value'. A customer's purchases are Gamma(p, nu), nu ~ Gamma(q, v).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

Floats = NDArray[np.float64]

_EDGE = 12.0
"""Log parameters beyond +-12, spend scaled to mean 1, say that the data do not tell them."""


@dataclass(frozen=True)
class Spend:
    """A fitted Gamma-Gamma; `v` is in the unit of spend."""

    p: float
    q: float
    v: float

    def expected(self, x: Floats, mean: Floats) -> Floats:
        """The spend (n,) by purchase of who spent `mean` over `x` purchases; at x = 0 the population's, whatever `mean`.

        Raises ValueError where q <= 1, which has no population mean."""
        if self.q <= 1:
            raise ValueError(f"Gamma-Gamma: the population has a mean spend only where q > 1, got {self.q}")
        total = np.where(x > 0, x * mean, 0.0)
        return np.asarray(self.p * (self.v + total) / (self.p * x + self.q - 1))


def log_likelihood(model: Spend, x: Floats, mean: Floats) -> Floats:
    """ln f(mean | p, q, v; x), each (n,), x and mean positive."""
    p, q, v = model.p, model.q, model.v
    shape = gammaln(p * x + q) - gammaln(p * x) - gammaln(q)
    return np.asarray(
        shape + q * np.log(v) + p * x * np.log(x * mean) - np.log(mean) - (p * x + q) * np.log(v + x * mean)
    )


def fit(x: Floats, mean: Floats) -> Spend:
    """The likeliest parameters, by L-BFGS with the exact gradient.

    Raises ValueError for no row, one whose x or mean is not positive and finite, or an optimum at no finite place."""
    if x.shape != mean.shape or not len(x) or not (np.isfinite(x) & np.isfinite(mean) & (x > 0) & (mean > 0)).all():
        raise ValueError(
            f"Gamma-Gamma: {x.shape} and {mean.shape}; allowed are as many positive finite x and mean, at least one"
        )
    unit = float(mean.mean())
    z = mean / unit

    def loss(logs: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(logs)
        rest, more = np.log(v + x * z), digamma(p * x + q)
        by_p = x * (more - digamma(p * x) + np.log(x * z) - rest)
        by_q = more - digamma(q) + np.log(v) - rest
        by_v = q / v - (p * x + q) / (v + x * z)
        slope = np.array([by_p.mean(), by_q.mean(), by_v.mean()])
        return -float(log_likelihood(Spend(p, q, v), x, z).mean()), -slope * np.exp(logs)

    options = {"ftol": 1e-13, "gtol": 1e-8}
    found = minimize(
        loss, np.array([0.5, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(-_EDGE, _EDGE)] * 3, options=options
    )
    if not np.isfinite(found.fun) or np.any(np.abs(found.x) > _EDGE - 1e-3):
        raise ValueError(
            f"Gamma-Gamma: {len(x)} customers do not tell the parameters: log(p, q, v) ran to {found.x.round(2).tolist()}"
        )
    p, q, v = np.exp(found.x)
    return Spend(float(p), float(q), float(v * unit))
