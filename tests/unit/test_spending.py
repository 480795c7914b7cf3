"""Jobs of expected spend: what a training asks for, what it refuses, and the batch's scores."""

from __future__ import annotations

import orjson
import pytest

from jobs.models.spending import SpendScorer, SpendTrainer, parts
from prediction.definition import parse_model
from prediction.lifetime import Buyer, from_bytes
from prediction.training import TrainingProblem
from stores.models.registry import ModelVersion
from stores.purchases import Bought
from tests.fakes.memory_models import MemoryModels
from tests.spend_model import DEFINITION, LIFETIME
from tests.unit.test_lifetime import PEOPLE

DAY_MS = 86_400_000
END = 20_000
NOW_MS = END * DAY_MS + 12_345
SPLIT = END - 90
MODEL = parse_model(DEFINITION)


class Shop:
    """The simulated customers as rows that ClickHouse would give; remembers what was asked."""

    def __init__(self, people):
        self.people, self.asked = people, []

    def bought(self, orders, period, below, from_hash=""):
        self.asked.append((orders, period, from_hash, below))
        if period.before_day == SPLIT:
            return [self._before(each) for each in self.people]
        return [
            Bought(each.user_id, each.then_purchases, SPLIT, END - 1, each.then_spend, each.then_spend)
            for each in self.people
            if each.then_purchases
        ]

    def _before(self, each):
        first, last = SPLIT - 1 - int(each.buyer.first_days_ago), SPLIT - 1 - int(each.buyer.last_days_ago)
        days = min(each.buyer.purchases, last - first + 1)
        first = last if days == 1 else first
        return Bought(each.user_id, days, first, last, each.buyer.mean_spend * days, each.last_period)


def trained(shop, model=MODEL):
    models = MemoryModels()
    steps = list(SpendTrainer(models, shop, len(shop.people)).train(model, DEFINITION, NOW_MS, "ann", NOW_MS))
    return models, steps


def test_a_training_makes_a_version_in_the_shadow_whose_file_scores():
    models, (line, made) = trained(Shop(PEOPLE))
    assert line.startswith("4,000 buyers of orders") and isinstance(made, ModelVersion)
    assert (made.version, made.stage.value) == (1, "shadow")
    assert from_bytes(models.file(made.sha256)).model == "worth"
    assert made.lineage["moments_ms"] == [SPLIT * DAY_MS] and made.lineage["orders"]["known"] == "logged"
    assert made.metrics["gain_low"] > 0


@pytest.mark.parametrize(
    ("known", "at_ms"), [("logged", (SPLIT * DAY_MS, END * DAY_MS)), ("ordered", (NOW_MS, NOW_MS))]
)
def test_the_past_is_what_was_known_then_unless_the_definition_says_otherwise(known, at_ms):
    shop = Shop(PEOPLE)
    trained(shop, parse_model(DEFINITION + f'[orders]\nknown = "{known}"\n'))
    (_, before, *_), (_, after, *_) = shop.asked
    assert (before.known_ms, after.known_ms) == at_ms
    assert (before.before_day, before.recent_day) == (SPLIT, SPLIT - 90)
    assert (after.from_day, after.before_day) == (SPLIT, END)


def test_a_log_that_knew_nothing_before_the_split_is_refused_with_the_reason():
    with pytest.raises(TrainingProblem, match="no row of orders was known by the day 90 days ago"):
        trained(Shop([]))


class Log:
    def __init__(self):
        self.sent = []

    def send(self, topic, value, key=None):
        self.sent.append((topic, key, orjson.loads(value)["after"]))

    def flush(self):
        """Nothing lies in between."""


class Buyers:
    def bought(self, orders, period, below, from_hash=""):
        return [Bought("u1", 3, END - 99, END - 9, 120.0, 0.0)] if from_hash == "3000" else []


def test_a_score_is_the_chance_to_be_a_buyer_and_its_class_the_expected_spend():
    log, orders = Log(), MODEL.orders
    assert orders is not None
    assert list(SpendScorer(Buyers(), log, "scores", "debezium").score(LIFETIME, orders, 4, NOW_MS, NOW_MS))[-1] == 1
    said = LIFETIME.expected([Buyer(3, 10.0, 100.0, 40.0)])[0]
    [(topic, key, row)] = log.sent
    assert (topic, key, row["model"], row["version"]) == ("scores", "u1", "worth", 4)
    assert float(row["class"]) == pytest.approx(said.value, abs=0.005)
    assert float(row["score"]) == pytest.approx(said.alive, abs=1e-6)


def test_the_parts_of_the_batch_hold_every_hash_once():
    for number in range(0, 65_536, 97):
        digest = f"{number:04x}"
        assert sum((not low or digest >= low) and (not high or digest < high) for low, high in parts()) == 1
