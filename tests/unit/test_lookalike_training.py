"""Lookalike models from a crowd and the rest: which tags they may read, what becomes of a training, and the tag of the scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.builtin import builtin_tags
from jobs.live_tags import Carried
from jobs.models import lookalikes
from jobs.models.features import UnusableFeature
from jobs.models.lookalike_worker import WHO, LookalikeWorker
from prediction.definition import parse_model
from prediction.lookalike_asking import ASKED, standing
from prediction.lookalike_features import tells
from prediction.lookalike_tag import score_tag
from prediction.pipeline import from_bytes
from prediction.training import TrainingProblem
from stores.clickhouse import ClickHouseUnavailable
from stores.lookalikes import People, Person
from stores.models.registry import ModelVersion, Stage
from tagging.bound_rules import bind
from tagging.compiler import compile_tag
from tagging.crowds import HasValue
from tagging.definition import parse_definition
from tests.fakes.memory_models import MemoryModels

NOW_MS = 1_790_000_000_000
TOML = """
name = "like_loyal"
title = "Like the loyal"
description = "Who is like the crowd loyal."
owner = "growth"
kind = "lookalike"
features = ["views_7d", "city"]
[label]
crowd = "loyal"
[training]
most_users = 4000
"""
LIVE = Carried(
    {"tags": builtin_tags("views_7d", "city", "lifecycle", "spend_tier_30d", "customer_segment", "likely_to_buy")}
)
SEED = bind(HasValue("lifecycle", ("active",)), {"lifecycle": 1})


def definition(*features):
    found = parse_model(TOML)
    return found.model_copy(update={"features": features}) if features else found


def test_the_live_versions_of_its_features_are_resolved():
    assert list(lookalikes.resolve(definition(), SEED, LIVE)) == ["views_7d", "city"]


@pytest.mark.parametrize(
    ("feature", "says"),
    [
        ("gone", "no live version of gone"),
        ("lifecycle", "lifecycle is what the crowd loyal is made of"),
        ("customer_segment", "customer_segment is what the crowd"),
        ("likely_to_buy", "or a model's score"),
    ],
)
def test_a_feature_that_would_only_tell_the_rule_or_a_score_again_is_refused(feature, says):
    with pytest.raises(UnusableFeature, match=says):
        lookalikes.resolve(definition("city", feature), SEED, LIVE)


class FixedPeople:
    """People of a crowd who view more than others, where there is a signal; what was asked for is kept."""

    def __init__(self, signal: float, seeds: int = 900, others: int = 2_500) -> None:
        self.signal, self.seeds, self.others = signal, seeds, others
        self.asked = []

    def read(self, seed, tags, most_of_each):
        self.asked.append((seed, tags, most_of_each))
        rng = np.random.default_rng(5)
        sampled = []
        for number in range(self.seeds + self.others):
            inside = number < self.seeds
            features = {"views_7d": int(rng.poisson(3 + 5 * self.signal * inside))}
            if number % 3:
                features["city"] = "Rome" if rng.random() < 0.5 else "Oslo"
            sampled.append(Person(f"u{number}", inside, features))
        return People(7, self.seeds, self.others, sampled)


def train(people, models):
    trainer = lookalikes.LookalikeTrainer(models, people, {"loyal": SEED}.__getitem__, lambda: LIVE)
    return list(trainer.train(definition(), TOML, "ann", NOW_MS))


def test_a_training_ends_as_a_version_in_the_shadow_that_scores_and_says_what_it_was_made_of():
    models, people = MemoryModels(), FixedPeople(1.0)
    *lines, made = train(people, models)
    assert isinstance(made, ModelVersion) and made.stage is Stage.SHADOW
    assert lines == ["900 of 900 users of loyal, 2,500 of 2,500 others"]
    assert people.asked == [(SEED, {"views_7d": 1, "city": 1}, 2_000)]
    assert (made.lineage["crowd"], made.lineage["rule"], made.lineage["generation"]) == ("loyal", SEED.text(), 7)
    assert made.metrics["signs"][0]["feature"] == "views_7d"
    pipeline = from_bytes(models.file(made.sha256))
    few, many = (pipeline.said({"views_7d": [views], "city": [None]})[0] for views in (1, 15))
    assert few[0] == many[0] == "yes" and few[1] < 0.3 < 0.6 < many[1]


@pytest.mark.parametrize(
    ("people", "says"),
    [(FixedPeople(0.0), "no better than chance"), (FixedPeople(1.0, seeds=120), "loyal has 120 users")],
)
def test_a_model_that_knows_nothing_or_a_seed_that_is_too_small_leaves_no_version(people, says):
    models = MemoryModels()
    with pytest.raises(TrainingProblem, match=says):
        train(people, models)
    assert models.models() == []


def test_the_tag_of_its_scores_compiles_and_is_as_restricted_as_what_it_tells_of():
    written = parse_definition(score_tag(definition(), "restricted"))
    assert (written.name, written.value_type, written.sensitivity) == ("like_loyal", "decimal", "restricted")
    compiled = compile_tag(written)
    assert compiled.sources == frozenset({"scores"})
    assert tells("like_loyal", frozenset(), {"like_loyal": compiled})
    assert parse_definition(score_tag(definition(), "public")) == replace(written, sensitivity="public")


def worker(models, people, leads=True):
    trainer = lookalikes.LookalikeTrainer(models, people, {"loyal": SEED}.__getitem__, lambda: LIVE)
    return LookalikeWorker(
        models, lambda found, text: trainer.train(found, text, WHO, NOW_MS), lambda: leads, lambda: NOW_MS + 1
    )


def asked(text=TOML):
    models = MemoryModels()
    models.define("buys", "not a definition", "ann", NOW_MS)
    models.define("like_loyal", text, "ann", NOW_MS)
    models.note("like_loyal", "ann", ASKED, NOW_MS)
    return models


def test_what_was_asked_is_trained_once():
    models = asked()
    at_work = worker(models, FixedPeople(1.0))
    assert at_work.step() and not at_work.step()
    assert [version.version for version in models.model("like_loyal").versions] == [1]
    assert standing(models.audit("like_loyal")) == ("trained", "")


def test_a_refusal_is_told_and_not_tried_again_until_somebody_asks():
    models = asked()
    at_work = worker(models, FixedPeople(0.0))
    assert at_work.step() and not at_work.step()
    state, cause = standing(models.audit("like_loyal"))
    assert state == "refused" and "no better than chance" in cause
    models.note("like_loyal", "ann", ASKED, NOW_MS + 2)
    assert worker(models, FixedPeople(1.0)).step()
    assert standing(models.audit("like_loyal")) == ("trained", "")


@pytest.mark.parametrize("change", [('"loyal"', '"gone"'), ('"city"]', '"lifecycle"]')])
def test_a_crowd_that_is_gone_and_a_feature_that_may_not_be_are_told(change):
    models = asked(TOML.replace(*change))
    assert worker(models, FixedPeople(1.0)).step()
    assert standing(models.audit("like_loyal"))[0] == "refused"


def test_who_does_not_lead_trains_nothing_and_a_store_that_is_away_leaves_the_question_open():
    models = asked()
    assert not worker(models, FixedPeople(1.0), leads=False).step()

    class Away:
        def read(self, seed, tags, most_of_each):
            raise ClickHouseUnavailable("away")

    with pytest.raises(ClickHouseUnavailable):
        worker(models, Away()).step()
    assert standing(models.audit("like_loyal")) == ("asked", "")
