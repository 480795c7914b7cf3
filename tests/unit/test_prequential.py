"""How well scorers did in a window."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prediction.prequential import Scored, Scorer, scores_of

ROW = st.tuples(st.integers(0, 1), st.floats(0.001, 0.999), st.none() | st.floats(0.001, 0.999))


def window(rows, chance=0.5):
    return [
        Scored(key, label, online, frozen, chance, 1_000 + key, {}) for key, (label, online, frozen) in enumerate(rows)
    ]


def by_hand(pairs):
    """(AUC, log-loss, Brier) of (label, score) pairs, by their definitions."""
    positives = [score for label, score in pairs if label]
    negatives = [score for label, score in pairs if not label]
    wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    auc = wins / (len(positives) * len(negatives)) if positives and negatives else None
    log_loss = statistics.fmean(-math.log(score if label else 1 - score) for label, score in pairs)
    return auc, log_loss, statistics.fmean((score - label) ** 2 for label, score in pairs)


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=30))
def test_each_scorer_is_measured_by_the_definitions_on_what_it_scored(rows):
    scores = scores_of(window(rows))
    for scorer, pairs in (
        (Scorer.ONLINE, [(label, online) for label, online, _ in rows]),
        (Scorer.FROZEN, [(label, frozen) for label, _, frozen in rows if frozen is not None]),
        (Scorer.CHANCE, [(label, 0.5) for label, _, _ in rows]),
    ):
        if not pairs:
            continue
        found = scores.quality(scorer)
        auc, log_loss, brier = by_hand(pairs)
        assert (found.examples, found.positives) == (len(pairs), sum(label for label, _ in pairs))
        assert found.auc == (pytest.approx(auc) if auc is not None else None)
        assert (found.log_loss, found.brier) == (pytest.approx(log_loss), pytest.approx(brier))
        assert sum(each.count for each in found.bins) == len(pairs)


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(ROW, min_size=2, max_size=30))
def test_how_much_worse_is_the_paired_difference_in_standard_errors(rows):
    found = scores_of(window(rows)).worse_by(Scorer.ONLINE, Scorer.FROZEN)
    gaps = [
        -math.log(online if label else 1 - online) + math.log(frozen if label else 1 - frozen)
        for label, online, frozen in rows
        if frozen is not None
    ]
    if len(gaps) < 2:
        assert found == 0.0
    elif statistics.stdev(gaps) > 1e-9:
        assert found == pytest.approx(
            statistics.fmean(gaps) / (statistics.stdev(gaps) / math.sqrt(len(gaps))), rel=1e-6
        )


def test_a_loss_that_is_the_same_more_on_every_example_is_not_taken_for_chance():
    scores = scores_of(window([(1, 0.2, 0.8)] * 100))
    assert scores.worse_by(Scorer.ONLINE, Scorer.FROZEN) >= 10 or math.isinf(
        scores.worse_by(Scorer.ONLINE, Scorer.FROZEN)
    )
    assert scores_of(window([(1, 0.8, 0.8)] * 100)).worse_by(Scorer.ONLINE, Scorer.FROZEN) == 0.0


def test_two_equally_good_scorers_are_told_apart_about_as_rarely_as_a_normal_variable_allows():
    chance = random.Random(7)
    found = []
    for _ in range(400):
        rows = []
        for _ in range(200):
            truth = chance.random()
            label = int(chance.random() < truth)
            noise = chance.uniform(-0.05, 0.05)
            rows.append((label, min(0.99, max(0.01, truth + noise)), min(0.99, max(0.01, truth - noise))))
        found.append(scores_of(window(rows)).worse_by(Scorer.ONLINE, Scorer.FROZEN))
    assert abs(statistics.fmean(found)) < 0.2
    assert 0.8 < statistics.stdev(found) < 1.2
