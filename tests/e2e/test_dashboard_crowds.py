"""The pages of crowds and portraits in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.times import now_ms
from stores.settings import Settings
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded

pytestmark = pytest.mark.browser
GOLD = {"all": [{"tag": "tier", "in": ["gold"]}, {"not": {"tag": "spend", "at_least": 2000}}]}


@pytest.fixture
def world() -> World:
    return seeded(400)


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def save(world: World, name: str, rule: dict) -> None:
    client = create_app(Settings(), world.stores()).test_client()
    answer = client.post("/api/v1/crowds", json={"name": name, "title": f"The {name} ones", "rule": rule})
    assert answer.status_code == 201, answer.text


def test_a_crowd_is_built_counted_saved_and_listed_by_a_person(site):
    site.open("/crowds")
    site.expect_text("main", "No crowds yet")
    site.click("[data-test=new-crowd]")
    site.find("[data-test=rule-tag]").click()
    site.wait(lambda: [item for item in site.all(".el-select-dropdown__item") if item.text == "Tier"], "the tag")[
        0
    ].click()
    site.find("[data-test=rule-values]").send_keys("gold")
    site.expect_text("[data-test=estimate]", "200 of 400 users")
    site.expect_text("[data-test=estimate]", 'Tier is "gold"')
    site.shoot("crowd_new")
    site.find("[data-test=crowd-title]").send_keys("Gold")
    site.find("[data-test=crowd-name]").send_keys("gold")
    site.click("[data-test=save-crowd]")
    site.expect_text("[data-test=crowd-members]", "u1")
    assert site.driver.current_url.endswith("/crowds/gold")
    assert site.complaints() == []


def test_a_crowd_that_does_not_fit_is_refused_in_words(site, world):
    save(world, "gold", GOLD)
    site.open("/crowds/_new")
    site.find("[data-test=rule-tag]").click()
    site.wait(lambda: [item for item in site.all(".el-select-dropdown__item") if item.text == "Tier"], "the tag")[
        0
    ].click()
    site.find("[data-test=rule-values]").send_keys("gold")
    site.find("[data-test=crowd-title]").send_keys("Gold")
    site.find("[data-test=crowd-name]").send_keys("gold")
    site.click("[data-test=save-crowd]")
    site.expect_text("[data-test=estimate]", "There is a crowd gold already")


def test_a_portrait_ranks_what_sets_a_crowd_apart(site, world):
    save(world, "gold", GOLD)
    site.open("/crowds/gold/portrait")
    site.expect_text("[data-test=ranking]", "gold")
    site.expect_text("[data-test=ranking]", "200")
    site.find("canvas")
    site.shoot("portrait")
    assert site.complaints() == []


@pytest.mark.parametrize("path", ["/crowds", "/crowds/gold", "/crowds/gold/portrait"])
def test_the_pages_of_crowds_can_be_used_by_everyone(site, world, path):
    save(world, "gold", GOLD)
    site.open(path)
    site.expect_text("main", "gold")
    site.shoot(path.strip("/").replace("/", "_"))
    assert site.accessibility_findings() == []


@pytest.mark.parametrize("path", ["/crowds/gold", "/crowds/gold/portrait"])
def test_a_store_that_is_down_is_said_to_be_down(site, world, path):
    save(world, "gold", GOLD)
    world.crowd_users.fail()
    site.open(path)
    site.expect_text("main", "A service is unavailable")


def test_crowds_are_laid_over_each_other_and_a_cell_is_saved_as_a_crowd(site, world):
    save(world, "gold", GOLD)
    save(world, "spent", {"tag": "spend", "at_least": 1000})
    site.open("/crowds?overlap=gold,spent&measure=jaccard")
    site.find("[data-test=overlap][data-state=shown] canvas")
    site.click("[data-test=overlap] summary")
    site.expect_text("[data-test=overlap]", "%")
    site.shoot("crowds_overlap")
    assert site.accessibility_findings() == []
    site.click("[data-test=overlap] button.point")
    site.expect_text("[data-test=save-dialog]", "of 400 users")
    site.find("[data-test=save-name]").send_keys("both")
    site.click("[data-test=save-point]")
    site.click("a[href='/crowds/both']")
    site.expect_text("[data-test=crowd-members]", "u")
    assert site.complaints() == []
