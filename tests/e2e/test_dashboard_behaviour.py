"""The pages of behaviour in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from api import create_app
from api.times import now_ms
from stores.settings import Settings
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded
from tests.fakes.memory_behaviour import made_up

pytestmark = pytest.mark.browser
CHARTS = ["trends", "funnel", "retention", "paths", "sessions"]
USERS = 60
PERIOD = {"last_days": 14, "zone": "UTC"}
STEPS = [{"event": kind, "where": []} for kind in ("view", "cart", "pay")]


@pytest.fixture
def world() -> World:
    world = seeded(USERS)
    world.behaviour.now_ms = now_ms()
    world.behaviour.events = made_up(USERS, world.behaviour.now_ms)
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def shown(site: Page, chart: str, query: dict | None = None) -> None:
    """Open a chart, and wait until it is drawn."""
    site.open(f"/behaviour/{chart}" + (f"?q={quote(json.dumps(query))}" if query else ""))
    site.find("[data-test=chart][data-state=shown] canvas")


def save(site: Page, name: str) -> None:
    """Give the chosen users a name, and open their crowd."""
    site.find("[data-test=save-name]").send_keys(name)
    site.click("[data-test=save-point]")
    site.click(f"a[href='/crowds/{name}']")
    site.expect_text("[data-test=crowd-members]", "u")


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_drawn_and_can_be_used_by_everyone(site, chart):
    shown(site, chart)
    site.shoot(f"behaviour_{chart}")
    assert site.accessibility_findings() == []
    assert site.complaints() == []


def test_the_users_lost_in_a_funnel_are_saved_as_a_crowd_of_that_many(site, world):
    shown(site, "funnel", {"period": PERIOD, "steps": STEPS, "window_seconds": 3600, "breakdown": "tier", "groups": 5})
    buttons = [
        button for button in site.all("button.point") if "lost after 1" in (button.get_attribute("aria-label") or "")
    ]
    count = buttons[0].text
    site.shoot("behaviour_funnel_groups")
    buttons[0].click()
    site.expect_text("[data-test=save-dialog]", f"{count} of {USERS} users")
    site.expect_text("[data-test=save-dialog]", 'did "view" and not "cart" within 1 hour')
    site.shoot("behaviour_save")
    save(site, "lost")
    assert site.text("[data-test=crowd-members] header").endswith(count)
    site.expect_text("main", "a point of: Funnel")
    site.shoot("behaviour_crowd")


def test_a_click_on_a_cell_of_the_heat_map_saves_who_came_back(site):
    shown(site, "retention", {"period": PERIOD})
    box = site.find("[data-test=chart] canvas")
    # The first cell: below the names of the days, beside the cohorts.
    across, down = 140 - box.size["width"] // 2, 40 - box.size["height"] // 2
    ActionChains(site.driver).move_to_element_with_offset(box, across, down).click().perform()
    site.expect_text("[data-test=save-dialog]", f"of {USERS} users")
    site.expect_text("[data-test=save-dialog]", "first did anything on")


def test_a_question_is_in_the_address_and_a_link_opens_it_again(site):
    shown(site, "trends")
    site.find("[data-test=event] input").send_keys("pay\n")
    site.wait(lambda: "%22pay%22" in site.driver.current_url, "the event in the address")
    address = site.driver.current_url
    site.open("/behaviour/sessions")
    site.driver.get(address)
    site.expect_text("[data-test=event]", "pay")


def test_who_did_it_often_is_a_condition_of_the_crowds_own_page(site):
    site.open("/crowds/_new")
    site.click("[data-test=add-behaviour]")
    site.find("button[aria-label='Remove the condition']").click()
    times = site.find("[data-test=rule-times] input")
    times.send_keys("\b9\n")
    site.expect_text("[data-test=estimate]", "did anything at least 9 times in the last 7 days")
    site.shoot("behaviour_condition")


def test_where_nothing_happened_and_where_the_store_is_down_are_said_apart(site, world):
    nobody = {"event": "never", "where": []}
    site.open(f"/behaviour/trends?q={quote(json.dumps({'period': PERIOD, 'event': nobody}))}")
    site.expect_text("main", "Nobody did that")
    world.behaviour.fail()
    site.open("/behaviour/trends")
    site.expect_text("main", "A service is unavailable")


def test_the_pages_speak_chinese_too(site):
    site.open("/behaviour/funnel")
    site.driver.execute_script("localStorage.setItem('tagstream.locale', 'zh-CN')")
    shown(site, "funnel")
    assert (site.text("h1"), "漏斗" in site.text("main")) == ("行为", True)
    site.shoot("behaviour_funnel_zh")
