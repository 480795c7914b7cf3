"""The pages of models and a user's predictions in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from api import create_app
from api.times import now_ms
from stores.settings import Settings
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded
from tests.learning_windows import teach
from tests.small_model import GOOD, add_model, pipeline

pytestmark = pytest.mark.browser
BINS = [
    {
        "low": place / 10,
        "high": (place + 1) / 10,
        "count": 500 - 40 * place,
        "mean_score": place / 10 + 0.05,
        "share": place / 10,
    }
    for place in range(10)
]


@pytest.fixture
def world() -> World:
    world = seeded()
    add_model(world.models)
    metrics = {**GOOD, "calibration": BINS, "calibration_error": 0.05, "classes": {"no": 0.9, "yes": 0.1}}
    lineage = dict(world.models.model("buys").versions[0].lineage) | {"people": 4_030}
    made = world.models.add("buys", pipeline(gold=4.0).to_bytes(), metrics, lineage, "bob", now_ms() - 60_000)
    world.models.set_live("buys", made.version, "bob", now_ms() - 30_000)
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    with served(page, create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)):
        yield page


def test_the_list_says_what_is_in_use_and_how_good_it_is(site):
    site.open("/")
    site.click("nav a[href='/models']")
    site.expect_text("[data-model=buys]", "Buys")
    site.expect_text("[data-model=buys]", "v4")
    site.expect_text("[data-model=buys]", "AUC 0.8")
    site.shoot("models")
    assert site.accessibility_findings() == []
    assert site.complaints() == []


def test_a_model_shows_its_calibration_and_versions_and_an_earlier_one_is_put_into_use(site, world):
    site.open("/models/buys")
    site.expect_text("[data-stat=quality]", "0.8")
    site.wait(lambda: site.all(".chart canvas, canvas"), "the calibration")
    site.expect_text("[data-version='3']", "no better than chance")
    assert site.find("[data-version='3'] button").get_attribute("disabled")
    site.shoot("model")
    assert site.accessibility_findings() == []
    site.click("[data-version='2'] button")
    site.expect_text("[data-version='2']", "In use")
    site.expect_text("[data-version='4']", "Retired")
    assert world.models.model("buys").live_version == 2
    assert site.complaints() == []


def test_a_user_shows_what_is_predicted_why_and_what_if_and_nothing_is_learned_from_the_look(site, world):
    site.open("/users/u1")
    site.expect_text("[data-test=predictions] [data-model=buys]", "Tier = gold")
    site.shoot("user_predictions")
    site.click("[data-test=predictions] .link")
    site.find("[data-test=predictions] .value input").send_keys("silver")
    site.click("[data-test=predictions] form button[type=submit]")
    site.expect_text("[data-test=what-if]", "→")
    before, after = (float(part.strip().rstrip("%")) for part in site.text("[data-test=what-if]").split("→"))
    assert after < before
    assert world.predictions.predictions == []


def test_without_a_model_the_pages_say_what_to_do(site, world):
    world.models._models.clear()
    site.open("/models")
    site.expect_text("main", "No model has been trained yet")
    site.open("/models/nobody")
    site.expect_text("main", "There is no model nobody")
    site.driver.find_element(By.CSS_SELECTOR, "a[href='/models']")


def test_a_registry_that_is_away_is_said(site, world):
    world.models.fail()
    site.open("/models")
    site.expect_text("main", "mysql")


def test_a_model_shows_how_it_learns_what_moved_and_that_it_was_stopped(site, world):
    teach(world, now_ms())
    site.open("/models/buys")
    site.expect_text("[data-test=alarms]", "Stopped: nothing is learned until it is released")
    site.expect_text("[data-alarm=frozen]", "7.1 standard errors above")
    site.expect_text("[data-alarm=features_moved]", "tier")
    site.expect_text("[data-snapshot='1']", "is served")
    site.expect_text("[data-snapshot='2']", "withdrawn")
    assert site.text("[data-test=drift] tbody tr").startswith("tier")
    site.wait(lambda: len(site.all("[data-test=learning] canvas")) == 2, "the curves and the calibration")
    assert "learning 0.62, frozen 0.41, chance 0.5" in site.find("[data-test=curves] [role=img]").get_attribute(
        "aria-label"
    )
    site.expect_text("[data-test=horizons]", "within 1 hour; the frozen version says what happens within 7 days")
    site.driver.execute_script("document.querySelector('[data-test=learning]').scrollIntoView()")
    site.shoot("model_learning")
    assert site.accessibility_findings() == []
    site.driver.find_element(By.XPATH, "//*[@data-test='curves']//button[text()[contains(., 'AUC')]]").click()
    assert not site.all("[data-test=horizons]")
    site.driver.find_element(By.XPATH, "//*[@data-test='curves']//*[text()='Table']").click()
    site.expect_text("[data-test=curves] [data-window='11']", "0.82")
    assert site.accessibility_findings() == []
    site.shoot("model_learning_table")
    assert site.complaints() == []


def test_a_model_that_has_not_learned_says_why_and_a_store_that_is_away_is_named(site, world):
    site.open("/models/buys")
    site.expect_text("[data-test=learning]", "This model does not learn from the stream")
    world.learning.fail()
    site.open("/models/buys")
    site.expect_text("[data-test=learning]", "clickhouse")
    site.expect_text("[data-version='2']", "v2")


def test_a_built_in_model_shows_what_it_learns_before_its_first_training(site):
    site.open("/models/buys_in_7_days")
    site.expect_text("[data-test=no-version]", "python -m jobs.models train buys_in_7_days --live")
    site.find("[data-test=learning][aria-busy=false]")
    site.shoot("model_learns_untrained")
    assert site.accessibility_findings() == []
    assert site.complaints() == []
