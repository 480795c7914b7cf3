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
