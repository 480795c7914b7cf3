"""Expected spend in Chromium, on its model's page and on a user's, over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from prediction.lifetime import Buyer
from stores.settings import Settings
from tests.browser import Page, served
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.spend_model import LIFETIME, add_spend_model

pytestmark = pytest.mark.browser
SAID = "[data-test=expected-spend] [data-model=worth]"


@pytest.fixture
def world() -> World:
    world = seeded()
    add_spend_model(world)
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=lambda: AT_MS, built_dashboard=dashboard)
    with served(page, app):
        yield page


def test_the_models_page_shows_what_was_said_and_what_happened(site):
    site.open("/models/worth")
    site.expect_text("[data-stat=gain]", "55")
    site.wait(lambda: site.all("[data-test=spend-curve] canvas"), "the chart of spend")
    site.shoot("model_of_spend")
    assert site.accessibility_findings() == []
    assert site.complaints() == []


def test_a_users_page_shows_the_value_its_reasons_and_what_another_purchase_would_make_of_it(site):
    site.open("/users/u1")
    [said] = LIFETIME.expected([Buyer(3, 10.0, 100.0, 40.0)])
    site.expect_text(SAID, f"{said.value:,.2f} in the next 90 days")
    site.expect_text("[data-test=alive]", "Still a buyer: ")
    moves = [line.text for line in site.all(f"{SAID} li")]
    assert len(moves) == 4 and any(line.startswith("Mean spend = 40") for line in moves)
    site.shoot("user_expected_spend")
    assert site.accessibility_findings() == []
    before = site.text(SAID)
    site.find(f"{SAID} input[maxlength='20']").send_keys("30")
    site.click(f"{SAID} button[type=submit]")
    site.wait(lambda: site.all("[data-test=what-if]"), "the answer")
    assert site.text("[data-test=what-if]") not in before
    assert site.complaints() == []


def test_who_never_bought_is_told_so_without_a_number(site):
    site.open("/users/u0")
    site.expect_text(SAID, "Has never bought: the model says nothing.")
    assert not site.all("[data-test=alive]")
