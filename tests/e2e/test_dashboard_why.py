"""Why, a tag's history, the timeline and live updates on a user's page in Chromium, over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api import create_app
from api.ports import ProfileValue
from api.times import now_ms
from jobs.builtin import builtin_tags
from stores.settings import Settings
from tagging.sources import CATALOG
from tests.browser import Page, served
from tests.fakes.api_stores import FixedRegistry, World, seeded
from tests.fakes.memory_history import MemoryUserHistory, StoredChange

pytestmark = pytest.mark.browser
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
VIEWS, HEAT, TIER = "views_7d", "heat_1h", "spend_tier_30d"


@pytest.fixture
def world() -> World:
    """ann paid for two orders of three and looked at things; her tier changed three times."""
    world, now = seeded(), now_ms()
    blank = dict.fromkeys(CATALOG["orders"].columns)
    orders = [
        {**blank, "order_id": f"o{number}", "user_id": "ann", "amount": amount, "status": status}
        | {"ordered_at": now - number * DAY, "op": "c", "offset": number, "logged_at": now - number * DAY}
        for number, (amount, status) in enumerate(
            [("100.00", "paid"), ("20.50", "shipped"), ("900.00", "cancelled")], 1
        )
    ]
    events = [
        {"event_id": f"e{number:02}", "user_id": "ann", "event_type": "product1" if number % 3 else "search"}
        | {"item_id": f"p{number}", "properties": {"session_id": f"s{number // 5}"}, "offset": number}
        | {"occurred_at": now - number * 7 * HOUR, "logged_at": now - number * 7 * HOUR + (HOUR if number == 2 else 0)}
        for number in range(1, 40)
    ]
    ticks = {minute: minute * MINUTE for minute in range((now - DAY) // MINUTE, now // MINUTE + 1)}
    stored = [
        StoredChange("ann", TIER, 1, value, now - days * DAY, offset)
        for offset, (value, days) in enumerate([("bronze", 9), ("gold", 5), (None, 4), ("silver", 1)])
    ]
    stored += [StoredChange("ann", VIEWS, 1, value, now - 3 * DAY + value * HOUR, value) for value in range(3, 30)]
    world.registry = FixedRegistry([tag.definition for tag in builtin_tags(VIEWS, HEAT, TIER)])
    world.history = MemoryUserHistory({"users": [], "products": [], "orders": orders, "events": events}, ticks, stored)
    world.profiles.values["ann"] = [ProfileValue(TIER, 1, "silver", now - DAY), ProfileValue(VIEWS, 1, 29, now - DAY)]
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page
        page.driver.get("about:blank")


def test_why_tells_the_steps_of_a_value_and_is_part_of_the_address(site):
    site.open("/users/ann")
    site.click(f"[data-tag={TIER}] .why")
    site.expect_text("[data-test=why-value]", "silver")
    assert site.driver.current_url.endswith(f"?why={TIER}")
    site.expect_text("[data-step=value]", "SUM(orders.amount) >= 100")
    site.expect_text("[data-step=value] .taken", "'silver'")
    site.click("[data-step=where] summary")
    site.expect_text("[data-step=where] [data-kept=false]", "cancelled")
    site.find("[data-test=tag-history] canvas")
    assert site.accessibility_findings() == []
    site.click("[data-test=why] .round")
    site.wait(lambda: "?why" not in site.driver.current_url, "address without the drawer")
    assert site.complaints() == []


def test_why_not_marks_the_step_at_which_nothing_was_left(site):
    site.open(f"/users/ann?why={HEAT}")
    site.expect_text("[data-test=why-value]", "does not have this tag")
    site.expect_text(".decided", "This decided")
    site.expect_text(".decided [data-kept=false]", "has left the window")
    site.expect_text("[data-test=tag-history]", "No change yet")


def test_a_value_that_the_rows_do_not_give_is_said_to_differ(site):
    site.open(f"/users/ann?why={VIEWS}")
    site.expect_text("[data-test=why] [role=status]", "parity is broken")


def test_why_that_cannot_be_answered_says_so_and_tries_again(site, world):
    world.history.fail("no server")
    site.open(f"/users/ann?why={TIER}")
    site.expect_text("[data-test=why]", "no server")
    world.history.reason = None
    site.expect_text("[data-test=why-value]", "silver")


def test_events_are_listed_page_by_page_and_a_late_one_is_marked(site):
    site.open("/users/ann")
    site.expect_text("[data-event=e02] .late", "late")
    assert [row.get_attribute("data-event") for row in site.all("[data-event]")][:3] == ["e01", "e02", "e03"]
    site.click("[data-test=timeline] button[aria-label='Next page']")
    site.find("[data-event=e16]")
    site.wait(lambda: not site.all("[data-event=e01]"), "the second page alone")


def test_a_user_without_events_has_an_empty_timeline(site, world):
    world.profiles.values["bob"] = [ProfileValue(TIER, 1, "gold", now_ms())]
    site.open("/users/bob")
    site.expect_text("[data-test=timeline]", "No event yet")


def test_a_change_is_pushed_to_the_page_without_being_asked_for(site, world):
    site.open("/users/ann")
    site.find(f"[data-tag={TIER}][data-value='\"silver\"']")
    streams = (
        "return performance.getEntriesByType('resource').filter(entry => entry.name.includes('/users/ann')).length"
    )
    site.wait(lambda: site.driver.execute_script(streams) > 0, "a first reading")
    held = world.profiles.values["ann"]
    world.profiles.values["ann"] = [replace(held[0], value="gold", changed_at_ms=now_ms()), held[1]]
    site.find(f"[data-tag={TIER}][data-value='\"gold\"']")
    site.expect_text("[data-test=changes]", "gold")


def test_all_of_it_is_there_in_chinese(site):
    site.open("/users/ann")
    site.driver.execute_script("localStorage.setItem('tagstream.locale', 'zh-CN')")
    site.open(f"/users/ann?why={HEAT}")
    site.expect_text("[data-test=why-value]", "该用户没有此标签")
    site.expect_text(".decided [data-kept=false]", "已离开窗口")
