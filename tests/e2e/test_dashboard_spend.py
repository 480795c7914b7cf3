"""Expected spend in Chromium, on its model's page and a user's, served by the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.times import now_ms
from prediction.lookalike_asking import REFUSED
from stores.settings import Settings
from tagging.access import Role
from tests.access_app import PASSWORD, guarded
from tests.browser import Page, served
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.spend_model import DEFINITION, LIFETIME, LINEAGE, METRICS, add_spend_model

pytestmark = pytest.mark.browser
BINS = [
    {
        "count": 90,
        "spend": {"said": 10.0 * place, "happened": 11.0 * place, "low": 8.0 * place, "high": 14.0 * place},
        "purchases": {"said": 0.2 * place, "happened": 0.18 * place, "low": 0.1 * place, "high": 0.3 * place},
    }
    for place in range(10)
]
USER = "[data-test=expected-spend] [data-model=worth]"


@pytest.fixture
def world() -> World:
    world = seeded()
    add_spend_model(world)
    world.models.add("worth", LIFETIME.to_bytes(), METRICS | {"bins": BINS}, LINEAGE, "ann", AT_MS)
    world.models.set_live("worth", 3, "ann", AT_MS)
    # What they bought is so many days before this.
    world.purchases.tick_ms = AT_MS
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    with served(page, create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)):
        yield page


def test_the_models_page_draws_what_was_said_against_what_happened_and_keeps_no_better_one_out_of_use(site):
    site.open("/models")
    site.expect_text("[data-model=worth]", "how much is spent")
    site.click("[data-model=worth] a")
    site.expect_text("[data-stat=gain]", "55")
    site.wait(lambda: len(site.all("[data-test=spend-curve] canvas")) == 1, "the chart of the spend")
    label = site.find("[data-test=spend-curve] [role=img]").get_attribute("aria-label")
    assert label == "Said 40,500 in all, happened 44,550", label
    site.expect_text("[data-version='2']", "no better than the last period or the mean")
    assert site.find("[data-version='2'] button").get_attribute("disabled")
    site.shoot("spend_model")
    site.driver.execute_script("document.querySelector('[data-test=spend-curve]').scrollIntoView()")
    site.shoot("spend_model_curves")
    assert site.accessibility_findings() == []
    site.click("[data-version='1'] button")
    site.expect_text("[data-version='1']", "In use")
    site.expect_text("[data-version='3']", "Retired")
    assert site.complaints() == []


def test_a_users_page_says_what_is_expected_what_makes_it_so_and_what_if(site):
    site.open("/users/u1")
    site.expect_text(USER, "in the next 90 days")
    site.expect_text(f"{USER} [data-test=alive]", "Still a buyer")
    site.expect_text(f"{USER} .moves", "Mean spend = 40")
    site.driver.execute_script("document.querySelector('[data-test=expected-spend]').scrollIntoView()")
    site.shoot("spend_user")
    assert site.accessibility_findings() == []
    site.find(f"{USER} .what .number input").send_keys("5")
    site.click(f"{USER} .what button[type=submit]")
    site.expect_text(f"{USER} [data-test=what-if]", "→")
    before, after = (float(part) for part in site.text(f"{USER} [data-test=what-if]").split("→"))
    assert after > before > 0
    assert site.complaints() == []


def test_who_never_bought_is_said_to_have_no_expectation(site):
    site.open("/users/u0")
    site.expect_text(USER, "Has never bought: the model says nothing.")


def test_orders_that_cannot_be_read_are_said(site, world):
    world.purchases.unreadable = {"u1"}
    site.open("/users/u1")
    site.expect_text("[data-test=expected-spend]", "rows of orders")


def test_a_viewer_without_sight_of_the_spend_tags_sees_that_it_is_hidden_and_by_which(page, world, dashboard):
    access = guarded(world, now_ms())
    access.user(Role.VIEWER, "ann")
    app = create_app(access.settings, world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        page.open("/users/u1")
        page.find("[data-test=login-name]").send_keys("ann")
        page.find("[data-test=login-password]").send_keys(PASSWORD)
        page.click("[data-test=login-submit]")
        page.expect_text(f"{USER} [data-test=masked-spend]", "Hidden")
        page.expect_text(f"{USER} [data-test=masked-spend]", "Counted from the same amounts as spend.")
        assert not page.all(f"{USER} form") and not page.all(f"{USER} .moves")
        page.driver.execute_script("document.querySelector('[data-test=expected-spend]').scrollIntoView()")
        page.shoot("spend_masked")
        assert page.accessibility_findings() == []


def test_a_model_without_a_version_says_how_to_train_it_and_why_it_was_refused(site, world):
    command = "python -m jobs.models train spends_in_30_days --live"
    site.open("/models/spends_in_30_days")
    site.expect_text("[data-test=no-version]", "Expected spend in 30 days has no version yet")
    site.expect_text("[data-test=no-version]", command)
    assert site.accessibility_findings() == []
    text = DEFINITION.replace('"worth"', '"poor"')
    world.models.define("poor", text, "ann", now_ms())
    world.models.note("poor", "ann", f"{REFUSED}repeat buyers learned from: got 3, needed 100", now_ms())
    site.open("/models/poor")
    site.expect_text("[data-test=no-version] [role=status]", "repeat buyers learned from: got 3, needed 100")
    site.shoot("model_no_version")
    assert site.accessibility_findings() == []
    world.models.add("poor", b"a version", METRICS, {"features": []}, "ann", now_ms())
    site.expect_text("[data-version='1']", "In the shadow")
    assert site.complaints() == []
