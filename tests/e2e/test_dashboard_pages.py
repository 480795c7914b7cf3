"""The dashboard's pages in Chromium, served by the real application over stores in memory that a test can change and break."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from api import create_app
from api.ports import NumberedUser, ProfileValue
from api.times import now_ms
from stores.settings import Settings
from tests.browser import Page, served
from tests.fakes.api_stores import StoredValue, World, seeded
from tests.small_model import add_model

pytestmark = pytest.mark.browser

ADDRESSES = (
    *(
        "/",
        "/tags",
        "/tags/tier",
        "/tags/spend",
        "/tags/_new/edit",
        "/lineage",
        "/users",
        "/users/u1",
        "/users/old%2Fone",
    ),
    *("/crowds", "/crowds/_new", "/behaviour/trends", "/behaviour/funnel", "/behaviour/retention", "/behaviour/paths"),
    *(
        "/behaviour/sessions",
        "/models",
        "/models/buys",
        "/parity",
        "/quality",
        "/sql",
        "/jobs",
        "/settings",
        "/nowhere",
    ),
)


@pytest.fixture
def world() -> World:
    world = seeded(30)
    add_model(world.models)
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def give(world: World, user_id: str, tag: str, value: object) -> None:
    """Let a user have a value from now on."""
    others = [held for held in world.profiles.values.get(user_id, []) if held.tag != tag]
    world.profiles.values[user_id] = [*others, ProfileValue(tag, 1, value, now_ms(), absent=value is None)]


def test_every_address_opens_and_the_browser_refuses_nothing_of_it(site):
    for address in ADDRESSES:
        site.open(address)
        site.find("main")
        site.wait(lambda: not site.all("main [aria-busy=true]"), f"end of loading of {address}")
    assert site.complaints() == []


def test_axe_finds_nothing_in_either_theme(site, world):
    for theme in ("light", "dark"):
        site.open("/")
        site.driver.execute_script(f"localStorage.setItem('tagstream.theme', '{theme}')")
        for address in ADDRESSES:
            site.open(address)
            site.wait(lambda: not site.all("main [aria-busy=true]"), f"end of loading of {address}")
            assert (theme, address, site.accessibility_findings()) == (theme, address, [])
            site.shoot(f"{theme}{address.replace('/', '_').replace('%', '')}")


def test_the_overview_shows_what_the_api_says(site):
    site.open("/")
    site.expect_text("[data-stat=users]", "30")
    site.expect_text("[data-stat=events]", "1,000")
    site.expect_text("[data-stat=change-rate]", "4.5")
    site.expect_text("[data-stat=dead-letters]", "3")
    site.expect_text("[data-group='tagstream.sink_profile']", "3")
    site.expect_text("[data-check=kafka]", "4 topics")
    site.expect_text("main", "tagstream.tags")
    site.find("[role=img] canvas")


def test_a_part_of_the_overview_that_could_not_be_read_is_named(site, world):
    world.lags.fail("no broker")
    site.open("/")
    site.expect_text("main [role=status]", "no broker")


def test_tags_are_grouped_and_a_search_is_part_of_the_address(site):
    site.open("/tags")
    site.expect_text("[data-dimension=behaviour]", "Tier")
    assert len(site.all("tr[data-tag]")) == 3
    site.find("[data-test=tag-search]").send_keys("spend")
    site.wait(lambda: [row.get_attribute("data-tag") for row in site.all("tr[data-tag]")] == ["spend"], "one tag")
    assert site.driver.current_url.endswith("?q=spend")
    site.driver.refresh()
    site.wait(lambda: len(site.all("tr[data-tag]")) == 1, "one tag after a reload")


def test_a_count_moves_without_a_reload(site, world):
    site.open("/tags")
    site.expect_text("tr[data-tag=flag] .users", "30")
    site.driver.execute_script("window.sameDocument = true")
    world.statistics.rows.append(StoredValue("flag", 1, 30, "u30", True, now_ms()))
    site.expect_text("tr[data-tag=flag] .users", "31")
    assert site.driver.execute_script("return window.sameDocument")


def test_a_value_picked_on_the_tag_page_filters_its_members_and_is_part_of_the_address(site):
    site.open("/tags/tier")
    site.expect_text("main", "29")
    site.driver.find_element(
        By.XPATH, "//label[contains(., 'Table')] | //*[@role='radio' and contains(., 'Table')]"
    ).click()
    site.click("tr[data-value=gold] button")
    site.wait(lambda: site.driver.current_url.endswith("?value=gold"), "address with the value")

    def only_gold() -> bool:
        rows = [row.text for row in site.all("[data-test=members] tr[data-user]")]
        return len(rows) == 15 and all("gold" in row for row in rows)

    site.wait(only_gold, "15 members of gold")


def test_members_go_on_to_the_next_page_and_back(site):
    def first() -> str | None:
        rows = site.all("[data-test=members] tr[data-user]")
        return rows[0].get_attribute("data-user") if rows else None

    site.open("/tags/spend")
    site.wait(lambda: first() == "u0", "the first page")
    site.click("[data-test=members] [aria-label='Next page']")
    site.wait(lambda: first() == "u20", "the second page")
    site.click("[data-test=members] [aria-label='Previous page']")
    site.wait(lambda: first() == "u0", "the first page again")


def test_a_value_that_changes_while_one_watches_is_shown_and_written_down(site, world):
    site.open("/users/u1")
    site.expect_text("li[data-tag=tier]", "gold")
    assert site.text("[data-test=changes]") == ""
    give(world, "u1", "tier", "platinum")
    site.expect_text("li[data-tag=tier]", "platinum")
    site.expect_text("[data-test=changes] li[data-tag=tier]", "gold")
    site.expect_text("[data-test=changes] li[data-tag=tier]", "platinum")
    give(world, "u1", "tier", None)
    site.expect_text("[data-test=changes] li[data-tag=tier]", "no value")


def test_an_event_arrives_with_all_that_was_typed(site, world):
    site.open("/users/u1")
    site.find("[data-test=event-item]").send_keys("p7")
    site.click("[aria-controls$=more]")
    site.driver.find_element(By.XPATH, "//button[contains(., 'Add a property')]").click()
    site.find("[aria-label=Name]").send_keys("coupon")
    site.find("[aria-label=Value]").send_keys("SPRING")
    site.click("[data-test=send]")
    site.expect_text("[data-test=send-event]", "1 event is in the log")
    [event] = world.events.events
    assert (event["user_id"], event["event_type"], event["item_id"]) == ("u1", "product1", "p7")
    assert event["properties"] == {"coupon": "SPRING"}
    give(world, "u1", "tier", "platinum")
    site.expect_text("[data-test=send-event]", "A tag changed after")


def test_a_refused_event_says_so_at_its_field(site, world):
    site.open("/users/u1")
    site.find("[data-test=event-item]").send_keys("p" * 200)
    site.click("[data-test=send]")
    site.expect_text("[data-test=send-event]", "Not sent")
    site.expect_text("[data-test=send-event] .problem", "128")
    assert world.events.events == []


def test_a_user_whom_nobody_knows_fills_with_the_first_value(site, world):
    site.open("/users/newcomer")
    site.expect_text("main", "Nobody knows this user yet")
    world.users.users.append(NumberedUser("newcomer", 99))
    give(world, "newcomer", "tier", "bronze")
    site.expect_text("li[data-tag=tier]", "bronze")


def test_what_cannot_be_read_shows_the_message_and_request_id_and_heals_on_retry(site, world):
    world.statistics.fail("connection refused")
    site.open("/tags")
    site.expect_text("[role=alert]", "connection refused")
    site.find("[role=alert] [aria-label='Copy the request id']")
    button = site.find("[role=alert] .el-button")
    world.statistics.reason = None
    with contextlib.suppress(StaleElementReferenceException):  # the page may have asked again by itself just now
        button.click()
    site.expect_text("[data-dimension=behaviour]", "Tier")


def test_old_numbers_stay_while_the_store_is_away(site, world):
    site.open("/users/u1")
    site.expect_text("li[data-tag=tier]", "gold")
    world.profiles.fail("no region server")
    site.expect_text(".notice", "no region server")
    assert "gold" in site.text("li[data-tag=tier]")
    world.profiles.reason = None
    site.wait(lambda: not site.all(".notice"), "end of the notice", 40)


def test_a_hidden_tab_asks_for_nothing(site, world):
    site.open("/tags")
    site.expect_text("[data-dimension=behaviour]", "Tier")
    site.hide(True)
    site.expect_text("[data-state]", "Paused")
    world.statistics.rows.append(StoredValue("flag", 1, 30, "u30", True, now_ms()))
    asked = site.driver.execute_async_script(
        "const done = arguments[0], ask = window.fetch; let asked = 0;"
        "window.fetch = (...given) => { asked += 1; return ask(...given) }; setTimeout(() => done(asked), 2600)"
    )
    assert asked == 0
    site.hide(False)
    site.expect_text("tr[data-tag=flag] .users", "31")


def test_language_and_theme_are_kept(site):
    site.open("/tags")
    site.click("[data-preference=language]")
    site.expect_text("h1", "标签")
    assert site.driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == "zh-CN"
    site.click("[data-preference=theme]")
    site.click("[data-preference=theme]")
    assert site.find("html.dark")
    site.driver.refresh()
    site.expect_text("h1", "标签")
    assert site.find("html.dark")


def test_a_user_is_reached_from_the_keyboard_alone(site):
    site.open("/")
    body = site.driver.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.CONTROL, "k")
    site.find("dialog[open] input").send_keys("u17")
    site.expect_text("dialog [role=option]", "u17")
    site.driver.switch_to.active_element.send_keys(Keys.ENTER)
    site.expect_text("h1", "u17")
    assert not site.all("dialog[open]")


def test_the_search_offers_users_by_the_beginning_of_their_id(site):
    site.open("/users/u1")
    box = site.find("[data-test=user-search]")
    box.send_keys("u2")
    site.wait(lambda: len(site.all(".user-search [role=option]")) == 8, "eight suggestions")
    box.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    site.expect_text("h1", "u20")


def test_hostile_names_and_values_are_text(site, world):
    hostile = "<img src=x onerror=\"document.title='owned'\">"
    world.registry.definitions = [replace(tag, title=hostile) for tag in world.registry.definitions]
    give(world, "u1", "tier", hostile)
    site.open("/users/u1")
    site.expect_text("li[data-tag=tier] .plain", hostile)
    site.open("/tags/tier")
    site.expect_text("h1", hostile)
    assert "owned" not in site.driver.title
    assert site.all("main img") == []


def test_nothing_sticks_out_on_a_phone(site):
    site.narrow(390)
    for address in ADDRESSES:
        site.open(address)
        site.wait(lambda: not site.all("main [aria-busy=true]"), f"end of loading of {address}")
        width = site.driver.execute_script("return document.documentElement.scrollWidth")
        assert (address, width) == (address, 390)


def test_the_first_page_is_small(site):
    site.open("/")
    site.find("[role=img] canvas")
    loaded = json.loads(
        site.driver.execute_script(
            "return JSON.stringify(performance.getEntriesByType('resource')"
            ".map(({name, transferSize}) => ({name, transferSize})))"
        )
    )
    scripts = {entry["name"]: entry["transferSize"] for entry in loaded if entry["name"].endswith(".js")}
    charts = sum(size for name, size in scripts.items() if "echarts" in name)
    print({"scripts without the charts": sum(scripts.values()) - charts, "charts": charts})
    assert charts > 0
    assert sum(scripts.values()) - charts < 180_000
