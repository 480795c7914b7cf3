"""Which models are compared when, what is kept, and what is told to those who watch."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from jobs.models.report_schedule import AGAIN_MS, STORED_MS, ReportSchedule
from jobs.models.vector_report import VectorReport
from jobs.parity_schedule import InTurn
from prediction.vector_parity import Change, ServedVector, compare_vectors
from stores.clickhouse import ClickHouseUnavailable
from tests.fakes.memory_feature_reports import MemoryFeatureReports
from tests.fakes.memory_models import MemoryModels
from tests.small_model import GOOD, add_model

HOUR_MS = 3_600_000
BEGAN_MS = 500_000 * HOUR_MS


class World:
    """Models, time, and vectors that say of `spend` what they are told."""

    def __init__(self, every_ms: int = HOUR_MS) -> None:
        self.now_ms, self.models, self.reports = BEGAN_MS + STORED_MS, MemoryModels(), MemoryFeatureReports()
        self.who, self.spend, self.error, self.compared = {("buys", 1)}, 8, None, []
        add_model(self.models)
        self.schedule = ReportSchedule(self.models, self.reports, self, every_ms, lambda: self.now_ms)

    def asked(self, from_ms, until_ms):
        if self.error:
            raise self.error
        return self.who

    def report(self, model, version, features, from_ms, until_ms):
        self.compared.append((model, version, from_ms, until_ms))
        known = {(feature.tag, feature.version): [Change(8, from_ms - HOUR_MS)] for feature in features}
        values = {feature.tag: 8 for feature in features} | {"spend": self.spend}
        vector = ServedVector("p1", "u1", until_ms - 1, values, known)
        return VectorReport(model, version, from_ms, until_ms, 1, True, compare_vectors(features, [vector]))


def shown(name: str, model: str = "buys") -> float | None:
    return REGISTRY.get_sample_value(name, {"model": model})


def test_a_period_is_compared_once_a_minute_after_it_ended():
    world = World()
    assert [world.schedule.round(), world.schedule.round()] == [1, None]
    assert world.compared == [("buys", 1, BEGAN_MS - HOUR_MS, BEGAN_MS)]
    world.now_ms += HOUR_MS - 1
    assert world.schedule.round() is None
    world.now_ms += 1
    assert world.schedule.round() == 1
    assert [each.until_ms for each in world.reports.listed("buys", None, 9)] == [BEGAN_MS + HOUR_MS, BEGAN_MS]


def test_a_process_that_begins_again_compares_nothing_twice():
    world = World()
    world.schedule.round()
    again = ReportSchedule(world.models, world.reports, world, HOUR_MS, lambda: world.now_ms)
    assert again.round() == 0
    assert len(world.compared) == 1


def test_live_and_shadow_versions_are_compared_that_were_asked_and_retired_ones_are_not():
    world = World()
    world.models.set_live("buys", 2, "ann", BEGAN_MS)
    world.who = {("buys", 1), ("buys", 2), ("buys", 3), ("gone", 1)}
    assert world.schedule.round() == 2
    assert {(model, version) for model, version, *_ in world.compared} == {("buys", 2), ("buys", 3)}


def test_a_wrong_value_is_kept_with_its_user_and_told_as_a_metric():
    world = World()
    world.spend = 5
    world.schedule.round()
    held = world.reports.newest("buys", 1)
    assert [(each.tag, each.wrong) for each in held.wrong_features] == [("spend", 1)]
    [finding] = world.reports.findings(held.id)["spend"]
    assert (finding.user_id, finding.outcome, finding.served, finding.batch) == ("u1", "different", 5, 8)
    assert shown("tagstream_model_wrong_features") == 1
    assert shown("tagstream_model_compared_at_seconds") == world.now_ms / 1000


def test_a_model_out_of_use_is_told_no_more():
    world = World()
    world.schedule.round()
    world.models.set_live("buys", None, "ann", BEGAN_MS)
    world.now_ms += HOUR_MS
    world.schedule.round()
    assert shown("tagstream_model_wrong_features") is None


def test_a_file_that_is_no_model_leaves_the_others_their_report():
    world = World()
    lineage = world.models.model("buys").versions[0].lineage
    broken = world.models.add("buys", b"no model", GOOD, lineage, "ann", BEGAN_MS)
    world.who = {("buys", 1), ("buys", broken.version)}
    assert world.schedule.round() == 1


def test_while_clickhouse_is_away_the_period_waits():
    world = World()
    world.error = ClickHouseUnavailable("connection refused")
    assert world.schedule.round() is None
    world.error = None
    assert world.schedule.round() is None
    world.now_ms += AGAIN_MS
    assert world.schedule.round() == 1


def test_without_a_period_nothing_is_compared():
    world = World(every_ms=0)
    assert world.schedule.round() is None
    assert world.compared == []


@pytest.mark.parametrize(("results", "expected"), [([None, 3], 3), ([2, None], 2), ([None, None], None)])
def test_every_part_of_a_process_has_its_turn(results, expected):
    class Part:
        def __init__(self, result):
            self.result, self.rounds = result, 0

        def round(self):
            self.rounds += 1
            return self.result

    parts = [Part(result) for result in results]
    assert InTurn(*parts).round() == expected
    assert [part.rounds for part in parts] == [1, 1]
