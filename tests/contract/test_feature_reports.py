"""The history of models' feature parity, and what it keeps from going live: in MySQL, and in memory."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from prediction.vector_parity import Cause
from stores.erased_mysql import ErasedInMySQL
from stores.models.feature_reports import KEPT_MS, FeatureReports, WrongFeatures
from stores.models.registry import ModelRegistry
from stores.registry.schema import migrate
from tests.fakes.memory_feature_reports import MemoryFeatureReports
from tests.fakes.memory_models import MemoryModels
from tests.feature_reports import AT_MS, DAY_MS, reported


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def stores(request):
    """A registry of models, and the reports that it looks at."""
    if request.param == "memory":
        reports = MemoryFeatureReports()
        yield MemoryModels(reports), reports
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    models, reports = ModelRegistry(settings), FeatureReports(settings)
    yield models, reports
    models.close()
    reports.close()


@pytest.fixture
def model(stores) -> str:
    """Version 1 is live, version 2 in the shadow."""
    name = f"m_{uuid.uuid4().hex[:12]}"
    stores[0].define(name, "name = 'x'", "ann", AT_MS)
    for content in (b"a", b"b"):
        stores[0].add(name, content, {}, {}, "ann", AT_MS)
    stores[0].set_live(name, 1, "ann", AT_MS)
    yield name
    stores[0].set_live(name, None, "tests", AT_MS)


def test_a_report_is_kept_with_its_findings_by_feature(stores, model):
    _, reports = stores
    made = reported(model, 1, wrong=2)
    assert reports.keep(made)
    held = reports.newest(model)
    bare = [replace(feature, findings=()) for feature in made.features]
    assert replace(held, id=0, features=tuple(held.features)) == replace(made, features=tuple(bare))
    assert [each.tag for each in held.wrong_features] == ["spend"]
    assert {tag: list(found) for tag, found in reports.findings(held.id).items()} == {
        "spend": list(made.features[0].findings)
    }


def test_the_same_period_is_kept_once(stores, model):
    _, reports = stores
    assert reports.keep(reported(model, 1, wrong=2))
    assert not reports.keep(reported(model, 1, wrong=0))
    assert reports.keep(reported(model, 2, wrong=0))
    assert [each.version for each in reports.listed(model, None, 9)] == [2, 1]
    assert reports.newest(model, 1).wrong_features


def test_reports_are_listed_page_by_page_the_newest_first(stores, model):
    _, reports = stores
    for day in range(3):
        reports.keep(reported(model, 1, wrong=day, at_ms=AT_MS + day * DAY_MS))
    first = reports.listed(model, None, 2)
    assert [each.until_ms for each in first] == [AT_MS + 2 * DAY_MS, AT_MS + DAY_MS]
    assert [each.until_ms for each in reports.listed(model, first[-1].id, 2)] == [AT_MS]
    assert reports.listed(f"{model}_x", None, 2) == []


def test_old_reports_are_forgotten_though_not_the_newest_of_a_version(stores, model):
    _, reports = stores
    for version, at_ms in ((1, AT_MS), (1, AT_MS + 1), (2, AT_MS), (2, AT_MS + KEPT_MS + 2)):
        reports.keep(reported(model, version, wrong=1, at_ms=at_ms))
    held = reports.listed(model, None, 9)
    assert [(each.version, each.until_ms) for each in held] == [(2, AT_MS + KEPT_MS + 2), (1, AT_MS + 1)]


def test_a_version_with_wrong_features_does_not_go_live_and_names_them(stores, model):
    models, reports = stores
    reports.keep(reported(model, 2, wrong=3))
    with pytest.raises(WrongFeatures, match=r"version 2: .*wrong values of spend v2 \(3 values\) in 10 vectors"):
        models.set_live(model, 2, "ann", AT_MS + 1)
    assert models.model(model).live_version == 1


def test_the_newest_report_decides_and_of_another_version_none_does(stores, model):
    models, reports = stores
    reports.keep(reported(model, 2, wrong=3))
    reports.keep(reported(model, 2, wrong=0, at_ms=AT_MS + DAY_MS))
    reports.keep(reported(model, 1, wrong=1))
    assert models.set_live(model, 2, "ann", AT_MS + 1).live_version == 2


def test_values_that_came_late_are_the_stores_fault_and_keep_no_version_from_going_live(stores, model):
    models, reports = stores
    reports.keep(reported(model, 2, wrong=3, cause=str(Cause.LATE_VALUE)))
    assert models.set_live(model, 2, "ann", AT_MS + 1).live_version == 2


def test_an_earlier_version_is_gone_back_to_whatever_was_found_of_it(stores, model):
    models, reports = stores
    reports.keep(reported(model, 1, wrong=1))
    models.set_live(model, 2, "ann", AT_MS + 1)
    assert models.set_live(model, 1, "ann", AT_MS + 2).live_version == 1


def test_a_version_that_was_never_compared_goes_live_and_a_wrong_one_can_be_taken_out(stores, model):
    models, reports = stores
    reports.keep(reported(model, 1, wrong=1))
    assert models.set_live(model, 2, "ann", AT_MS + 1).live_version == 2
    assert models.set_live(model, None, "ann", AT_MS + 2).live_version is None


@pytest.mark.stack
def test_an_erased_user_is_in_no_report_and_the_counts_stay(stack):
    migrate(stack.settings)
    reports, erased = FeatureReports(stack.settings), ErasedInMySQL(stack.settings)
    made = reported(f"m_{uuid.uuid4().hex[:12]}", 1, wrong=1)
    user_id = f"gone-{uuid.uuid4().hex}"
    found = replace(made.features[0].findings[0], user_id=user_id)
    reports.keep(replace(made, features=[replace(made.features[0], findings=(found,)), made.features[1]]))
    assert erased.left(user_id) == 1
    erased.remove(user_id, "0" * 64)
    held = reports.newest(made.model)
    assert (erased.left(user_id), reports.findings(held.id), held.features[0].wrong) == (0, {}, 1)
    reports.close()
