"""Measures of scores against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from prediction import metrics

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])), min_size=1, max_size=40
)


@settings(max_examples=50)
@given(ROWS)
def test_measures_equal_an_independent_implementation(rows):
    labels, scores = (np.array(part, dtype=float) for part in zip(*rows, strict=True))
    both = 0 < labels.sum() < len(labels)
    assert metrics.auc(labels, scores) == (pytest.approx(roc_auc_score(labels, scores)) if both else None)
    clipped = np.clip(scores, metrics.SMALLEST, 1 - metrics.SMALLEST)
    assert metrics.log_loss(labels, scores) == pytest.approx(log_loss(labels, clipped, labels=[0, 1]))
    assert metrics.brier(labels, scores) == pytest.approx(brier_score_loss(labels, scores, pos_label=1))


@settings(max_examples=50)
@given(ROWS)
def test_every_score_is_in_one_bin_and_the_bins_keep_the_means(rows):
    labels, scores = (np.array(part, dtype=float) for part in zip(*rows, strict=True))
    bins = metrics.calibration(labels, scores)
    assert sum(each.count for each in bins) == len(rows)
    assert sum(each.count * each.share for each in bins) == pytest.approx(labels.sum())
    assert all(each.low - 1e-9 <= each.mean_score <= each.high + 1e-9 for each in bins)


def test_what_is_calibrated_has_no_error_and_what_is_sure_and_wrong_has_the_whole():
    labels = np.array([0.0, 0.0, 0.0, 1.0])
    assert metrics.calibration_error(metrics.calibration(labels, np.full(4, 0.25))) == 0
    assert metrics.calibration_error(metrics.calibration(labels, 1 - labels)) == 1
    assert metrics.calibration_error([]) is None


def test_lift_is_how_many_more_positives_the_best_have():
    labels = np.array([1.0] * 10 + [0.0] * 90)
    assert metrics.lift(labels, labels) == 10
    assert metrics.lift(labels, -labels) == 0
    assert metrics.lift(np.zeros(5), np.zeros(5)) is None


def test_the_error_of_an_auc_is_how_far_samples_of_exponential_scores_scatter():
    # The paper's formula is exact for exponential scores, whose AUC is scale / (1 + scale).
    rng, scale = np.random.default_rng(3), 4.0
    labels = np.array([1.0] * 50 + [0.0] * 60)
    drawn = [
        metrics.auc(labels, np.concatenate([rng.exponential(scale, 50), rng.exponential(1.0, 60)])) for _ in range(800)
    ]
    assert np.mean(drawn) == pytest.approx(scale / (1 + scale), abs=0.01)
    assert metrics.auc_error(scale / (1 + scale), 50, 60) == pytest.approx(np.std(drawn), rel=0.08)
