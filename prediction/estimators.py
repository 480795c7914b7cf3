"""What turns encoded features into raw scores (log-odds a class), by well-kept libraries, kept as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from prediction import onnx_estimator
from prediction.metrics import Floats

if TYPE_CHECKING:
    import xgboost

SEED = 20_260_101
LOGISTIC_ROUNDS = 2_000
BOOSTING = {
    "learning_rate": 0.05,
    "max_depth": 4,
    "min_child_weight": 5,
    "reg_lambda": 1.0,
    "tree_method": "hist",
    "seed": SEED,
    "nthread": 2,
    "verbosity": 0,
}
MOST_TREES = 400
PATIENCE_TREES = 30


class Estimator(Protocol):
    """A fitted estimator. With two classes there is one raw score, the log-odds of the second; else one a class."""

    def raw(self, encoded: Floats) -> Floats:
        """Raw scores of shape (users, 1 or classes)."""

    def contributions(self, encoded: Floats) -> Floats:
        """What each column adds to each raw score, relative to the average user: (users, 1 or classes, columns)."""

    def to_json(self) -> dict[str, Any]:
        """The estimator as plain values."""


@dataclass(frozen=True)
class Logistic:
    """Logistic regression: weights of shape (1 or classes, columns); `center` is the average user of the training set."""

    weights: Floats
    intercepts: Floats
    center: Floats

    def raw(self, encoded: Floats) -> Floats:
        """See `Estimator`."""
        return encoded @ self.weights.T + self.intercepts

    def contributions(self, encoded: Floats) -> Floats:
        """See `Estimator`."""
        return (encoded - self.center)[:, None, :] * self.weights[None]

    def to_json(self) -> dict[str, Any]:
        """See `Estimator`."""
        parts = {"weights": self.weights, "intercepts": self.intercepts, "center": self.center}
        return {"algorithm": "logistic", **{name: part.tolist() for name, part in parts.items()}}


@dataclass(frozen=True)
class Boosting:
    """Gradient-boosted trees in XGBoost's own JSON."""

    text: str
    classes: int

    @cached_property
    def _booster(self) -> xgboost.Booster:
        # Imported by who has such a model alone: it costs seconds and 100 MB at the start of a process.
        import xgboost

        found = xgboost.Booster(model_file=bytearray(self.text.encode()))
        # One thread: waking others costs more than one user's trees, and a server has other requests to serve.
        found.set_param({"nthread": 1})
        return found

    @property
    def _scores(self) -> int:
        return 1 if self.classes == 2 else self.classes

    def raw(self, encoded: Floats) -> Floats:
        """See `Estimator`."""
        found = self._booster.inplace_predict(encoded, predict_type="margin", validate_features=False)
        return np.asarray(found, dtype=float).reshape(len(encoded), self._scores)

    def contributions(self, encoded: Floats) -> Floats:
        """See `Estimator`. Shapley values of the trees (Lundberg et al. 2018); the last, the average, is left out."""
        import xgboost  # As above.

        found = np.asarray(self._booster.predict(xgboost.DMatrix(encoded, nthread=1), pred_contribs=True), dtype=float)
        return found.reshape(len(encoded), self._scores, encoded.shape[1] + 1)[:, :, :-1]

    def to_json(self) -> dict[str, Any]:
        """See `Estimator`."""
        return {"algorithm": "boosting", "text": self.text, "classes": self.classes}


def fit_logistic(encoded: Floats, labels: Floats, classes: int) -> Logistic:
    """Labels are 0 .. classes - 1, each there at least once."""
    from sklearn.linear_model import LogisticRegression  # As above.

    found = LogisticRegression(C=1.0, max_iter=LOGISTIC_ROUNDS).fit(encoded, labels.astype(int))
    return Logistic(np.array(found.coef_), np.array(found.intercept_), encoded.mean(axis=0))


def fit_boosting(encoded: Floats, labels: Floats, other: Floats, other_labels: Floats, classes: int) -> Boosting:
    """As many trees as make `other`, people that it does not learn from, no worse."""
    import xgboost  # As above.

    chosen = {"objective": "binary:logistic", "eval_metric": "logloss"}
    if classes > 2:
        chosen = {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": classes}
    booster = xgboost.train(
        {**BOOSTING, **chosen},
        xgboost.DMatrix(encoded, labels),
        MOST_TREES,
        evals=[(xgboost.DMatrix(other, other_labels), "others")],
        early_stopping_rounds=PATIENCE_TREES,
        verbose_eval=False,
    )
    kept = booster[: booster.best_iteration + 1]
    return Boosting(kept.save_raw("json").decode(), classes)


def from_json(values: Mapping[str, Any]) -> Estimator:
    """The estimator that `to_json` wrote. Raises ValueError for one of another kind."""
    if values["algorithm"] == "logistic":
        return Logistic(*(np.array(values[name]) for name in ("weights", "intercepts", "center")))
    if values["algorithm"] == "boosting":
        return Boosting(values["text"], values["classes"])
    if values["algorithm"] == "onnx":
        return onnx_estimator.from_json(values)
    raise ValueError(f"algorithm: got {values['algorithm']!r}, allowed logistic, boosting, onnx")
