"""The Lineage page and a tag's lineage panel in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from api import create_app
from api.live.registry import BuiltinTags
from api.times import now_ms
from stores.settings import Settings
from tests.browser import SCREENSHOTS, Page, served
from tests.fakes.api_stores import World, seeded

pytestmark = pytest.mark.browser
CROWDS = {
    "champions": {"tag": "customer_segment", "in": ["champion"]},
    "win_back": {"all": [{"tag": "lifecycle", "in": ["dormant"]}, {"not": {"crowd": "champions"}}]},
}


@pytest.fixture
def world() -> World:
    """The built-in tags, of which life cycle has moved on to version 2, and two crowds."""
    world = seeded()
    world.registry.definitions = [
        replace(tag, version=2) if tag.name == "lifecycle" else tag for tag in BuiltinTags().tags()
    ]
    client = create_app(Settings(), world.stores()).test_client()
    for name, rule in CROWDS.items():
        body = {"name": name, "title": name.replace("_", " ").capitalize(), "rule": rule}
        assert client.post("/api/v1/crowds", json=body).status_code == 201
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def shoot(site: Page, name: str) -> None:
    """For a person to look at, where TAGSTREAM_SCREENSHOTS names a folder."""
    if SCREENSHOTS:
        site.wait(lambda: not site.all(".chart .skeleton"), "the chart")
        site.shoot(name)


def test_the_whole_graph_is_drawn_and_said_in_words(site):
    site.open("/tags")
    site.click("[data-test=lineage]")
    site.expect_text("h1", "Lineage")
    site.expect_text("[data-node='tag:customer_segment']", "Life cycle")
    site.expect_text("[data-node='tag:customer_segment']", "reads v1, another version is live")
    site.expect_text("[data-node='tag:customer_segment']", "Champions")
    site.expect_text("[data-node='column:orders.amount']", "Spend tier")
    site.find(".chart canvas")
    shoot(site, "lineage")
    assert site.accessibility_findings() == [] and site.complaints() == []


def test_the_list_is_searched_and_followed_by_the_keyboard_alone(site):
    site.open("/lineage")
    site.find("[data-test=lineage-search]").send_keys("segment")
    site.wait(lambda: not site.all("[data-node='tag:city']"), "the list to be shorter")
    link = site.find("[data-node='tag:customer_segment'] a[href*='at=']")
    link.send_keys(Keys.ENTER)
    site.expect_text("h2", "Around Customer segment")
    site.find("[data-test=lineage-search]").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    site.find("[data-node='crowd:champions']")
    assert not site.all("[data-node='tag:city']")
    site.find("[data-node='crowd:champions'] .name a").send_keys(Keys.ENTER)
    site.wait(lambda: site.driver.current_url.endswith("/crowds/champions"), "the crowd's page")


def test_a_node_of_the_graph_leads_to_its_page(site):
    site.open("/lineage?at=tag:customer_segment")
    box = site.find(".chart canvas")
    site.wait(lambda: not site.all(".chart .skeleton"), "the chart")
    # The crowd that reads the segment stands alone at the right end, before its title.
    width, height = box.size["width"], box.size["height"]

    def opened() -> bool:
        for y in range(-height // 2 + 10, height // 2 - 10, 8):
            # The page of the crowd is loaded before it is shown, and the graph is gone with it.
            if "/crowds/" in site.driver.current_url:
                return True
            site.driver.execute_script(
                "const b = arguments[0].getBoundingClientRect();"
                "for (const type of ['mousemove', 'mousedown', 'mouseup', 'click']) arguments[0].dispatchEvent("
                "new MouseEvent(type, {bubbles: true, clientX: b.left + arguments[1], clientY: b.top + arguments[2]}))",
                box, width - 190, height // 2 + y,
            )  # fmt: skip
        return False

    site.wait(opened, "a crowd's page")


def test_a_tag_shows_its_part_of_the_graph(site):
    site.open("/tags/spend_tier_30d")
    site.expect_text("[data-node='tag:customer_segment']", "Spend tier")
    site.find("[data-node='column:orders.status']")
    assert not site.all("[data-node='tag:city']")
    site.driver.execute_script("document.querySelector('.lineage').scrollIntoView()")
    site.wait(lambda: site.all(".lineage .chart canvas"), "the graph")
    shoot(site, "lineage-tag")


def test_chinese_and_a_phone(site):
    site.open("/lineage?at=tag:customer_segment")
    site.driver.execute_script("localStorage.setItem('tagstream.locale', 'zh-CN')")
    site.narrow(390)
    site.open("/lineage?at=tag:customer_segment")
    site.find("[data-node='tag:customer_segment']")
    assert site.driver.execute_script("return document.documentElement.scrollWidth") <= 390
    shoot(site, "lineage-phone")


def test_what_is_not_there_and_what_fails_is_said_with_a_way_on(site, world):
    site.open("/lineage?at=tag:nope")
    site.expect_text("main", "There is no tag:nope in the graph")
    site.click(".sheet a")
    site.find("[data-node='tag:city']")
    world.crowds.fail()
    site.driver.refresh()
    site.expect_text("[role=alert]", "mysql does not answer")
    shoot(site, "lineage-error")
    world.crowds.reason = None
    site.click("[role=alert] > button")
    site.find("[data-node='tag:city']")


def test_without_a_tag_the_page_is_empty_and_says_so(site, world):
    world.registry.definitions = []
    world.crowds.saved.clear()
    site.open("/lineage")
    site.expect_text("main", "No lineage yet")
    shoot(site, "lineage-empty")
