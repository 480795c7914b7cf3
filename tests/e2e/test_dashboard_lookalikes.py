"""Who is like a crowd, in Chromium, from the question to the tag of the scores; the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.times import now_ms
from prediction.lookalike_asking import REFUSED
from stores.settings import Settings
from tagging.definition import parse_definition
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded
from tests.unit.test_api_lookalikes import ASK, CROWD, PATH, train

pytestmark = pytest.mark.browser
PANEL = "[data-test=lookalikes]"


@pytest.fixture
def world() -> World:
    world = seeded(40)
    client = create_app(Settings(), world.stores()).test_client()
    assert client.post("/api/v1/crowds", json=CROWD).status_code == 201
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    with served(page, create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)):
        yield page


def ask(site: Page) -> str:
    """Ask for a model with the features left to it, and return the name that the page gave it."""
    site.open("/crowds/vip")
    name = site.find("[data-test=lookalike-model]").get_attribute("value")
    site.click("[data-test=ask-lookalikes]")
    site.expect_text("[data-test=lookalike]", name)
    return str(name)


def test_a_crowd_without_a_model_says_so_and_one_that_was_asked_for_is_waited_for(site, world):
    site.open("/crowds/vip")
    site.expect_text(PANEL, "No model has learned this crowd yet")
    assert site.accessibility_findings() == []
    name = ask(site)
    assert site.all("[data-test=lookalike] [aria-busy=true]")
    assert world.models.model(name) is not None
    assert site.complaints() == []


def test_what_was_learned_is_told_and_leads_by_the_tag_to_a_crowd_of_the_best(site, world):
    client = create_app(Settings(), world.stores()).test_client()
    assert client.post(PATH, json=ASK | {"features": ["spend"]}).status_code == 202
    train(world)
    name = ASK["model"]
    site.open("/crowds/vip")
    site.wait(lambda: site.all("[data-test=lookalike] table, [data-test=lookalike] canvas"), "what was learned")
    site.expect_text("[data-test=lookalike]", "Spend")
    site.driver.execute_script(f"document.querySelector('{PANEL}').scrollIntoView()")
    site.shoot("lookalikes")
    assert site.accessibility_findings() == []
    # Its scores become a tag once it is in use.
    world.models.set_live(name, 1, "ann", now_ms())
    site.open("/crowds/vip")
    site.click("[data-test=make-lookalike-tag]")
    site.expect_text("[data-test=lookalike] .next a", "tag")
    assert world.publishing.versions.tag(name) is not None
    [item] = client.get(PATH).json["items"]
    world.registry.definitions = [*world.registry.definitions, parse_definition(item["tag_text"])]
    site.open("/crowds/vip")
    site.wait(lambda: [each for each in site.all("[data-test=save-lookalikes]") if each.is_enabled()], "save")[
        -1
    ].click()
    site.expect_text(PANEL, 'Like the "best" is at least')
    site.shoot("lookalikes_save")
    assert site.complaints() == []


def test_a_training_that_was_refused_says_why_and_may_be_asked_again(site, world):
    name = ask(site)
    world.models.note(name, "crowds", f"{REFUSED}a crowd of 20 users, needed 300", now_ms())
    site.expect_text("[data-test=lookalike] [role=status]", "Refused: a crowd of 20 users, needed 300")
    assert site.accessibility_findings() == []
    site.driver.find_element("xpath", "//*[@data-test='lookalike']//button[contains(., 'again')]").click()
    site.wait(lambda: site.all("[data-test=lookalike] [aria-busy=true]"), "the wait")
