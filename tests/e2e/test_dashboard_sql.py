"""The SQL page in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from api import create_app
from api.times import now_ms
from stores.queries import QueryStopped, Rows
from stores.settings import Settings
from tagging.saved_queries import QueryText
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded

pytestmark = pytest.mark.browser

STAGES = Rows(
    (
        ("stage", "LowCardinality(String)"),
        ("users", "UInt64"),
        ("tags", "Map(String, String)"),
        ("at", "Nullable(String)"),
    ),
    [["active", 1_204, {"tier": "gold", "city": "上海"}, None], ["<b>new</b>", 7, {}, "2026-03-01"]],
)


@pytest.fixture
def world() -> World:
    world = seeded(5)
    world.queries.runs.answer = STAGES
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def write(site: Page, text: str, *, then: str = "") -> None:
    """Replace what the editor holds, key by key as a person does."""
    content = site.wait(
        lambda: site.driver.execute_script(
            "return document.querySelector('[data-test=sql-editor]')?.shadowRoot?.querySelector('.cm-content')"
        ),
        "the editor",
    )
    content.click()
    keys = ActionChains(site.driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).send_keys(text)
    if then:
        keys = keys.key_down(Keys.CONTROL).send_keys(then).key_up(Keys.CONTROL)
    keys.perform()


def asked(world: World) -> list[str]:
    return [query.text for query, _, _ in world.queries.runs.asked]


def test_a_query_is_run_by_keys_and_its_rows_are_shown_as_text(site, world):
    site.open("/sql")
    site.expect_text("main", "Not run yet")
    site.expect_text("[data-test=views]", "v_crowd_members")
    site.shoot("sql_empty")
    write(site, "SELECT event_type, count() FROM v_events GROUP BY event_type", then=Keys.ENTER)
    site.expect_text("[data-test=result]", "<b>new</b>")
    site.expect_text("[data-test=result]", '{"tier":"gold","city":"上海"}')
    site.expect_text("[data-test=result]", "NULL")
    site.expect_text("[data-test=result-said]", "2 rows")
    (text,) = asked(world)
    assert '"v_events"' in text and "LIMIT 1001" in text
    assert not site.all("[data-test=result] b")
    site.shoot("sql_result")
    assert site.complaints() == []


def test_the_first_query_runs_by_the_button(site, world):
    site.open("/sql")
    site.click("[data-test=run]")
    site.expect_text("[data-test=result]", "1204")
    assert "seen_profile" in asked(world)[0]


def test_what_is_not_allowed_is_marked_where_it_stands_and_not_run(site, world):
    site.open("/sql")
    write(site, "SELECT sleep(1) FROM tag_values")
    site.click("[data-test=run]")
    site.expect_text("[data-test=problems]", "the function sleep is not allowed")
    site.expect_text("[data-test=problems]", "there is no view tag_values")
    marks = (
        "return document.querySelector('[data-test=sql-editor]').shadowRoot.querySelectorAll('.cm-lint-marker').length"
    )
    site.wait(lambda: site.driver.execute_script(marks) == 1, "a mark at the line")
    assert asked(world) == []
    site.shoot("sql_problems")
    write(site, "SELECT 1", then=Keys.ENTER)
    site.wait(lambda: not site.text("[data-test=problems]"), "no problems")
    # The refusal itself is a failed load to the console.
    assert all("422" in complaint for complaint in site.complaints())


def test_a_query_that_was_stopped_and_one_whose_rows_are_cut_say_so(site, world):
    site.open("/sql")
    world.queries.runs.problem = QueryStopped("it takes longer than 15 s")
    site.click("[data-test=run]")
    site.expect_text("[data-test=run-failure]", "longer than 15 s")
    world.queries.runs.problem = None
    world.queries.runs.answer = Rows((("n", "UInt64"),), [[number] for number in range(1_001)])
    site.click("[data-test=run]")
    site.expect_text("[data-test=truncated]", "there are more")
    assert len(site.all("[data-test=result] tbody tr")) == 1_000


def test_a_query_is_saved_shared_opened_by_its_link_changed_and_removed(site, world):
    site.open("/sql")
    site.expect_text("[data-test=saved-queries]", "Nothing saved yet")
    write(site, "SELECT count() FROM v_events")
    site.find("[data-test=query-title]").send_keys("Events")
    site.click("[data-test=save-query]")
    site.expect_text("[data-test=saved-queries]", "Events")
    (saved,) = world.queries.saved.saved.values()
    assert (saved.title, saved.text, saved.shared) == ("Events", "SELECT count() FROM v_events", False)
    site.wait(lambda: site.driver.current_url.endswith(f"/sql/{saved.id}"), "the query's own address")
    site.driver.refresh()
    site.wait(lambda: site.find("[data-test=query-title]").get_attribute("value") == "Events", "the title")
    site.click("[data-test=query-shared]")
    site.click("[data-test=save-query]")
    site.wait(lambda: world.queries.saved.saved[saved.id].shared, "a shared query")
    site.expect_text("[data-test=saved-queries]", "local")
    site.shoot("sql_saved")
    site.click("[data-test=remove-query]")
    site.expect_text("[data-test=remove-query]", "Really remove?")
    site.click("[data-test=remove-query]")
    site.wait(lambda: not world.queries.saved.saved, "no saved query")
    site.wait(lambda: site.driver.current_url.endswith("/sql"), "the page of a new query")
    assert site.complaints() == []


def test_a_query_that_somebody_else_changed_meanwhile_is_not_overwritten(site, world):
    saved = world.queries.saved.add(QueryText("Theirs", "SELECT 1", True), "local")
    site.open(f"/sql/{saved.id}")
    site.wait(lambda: site.find("[data-test=query-title]").get_attribute("value") == "Theirs", "the title")
    world.queries.saved.change(saved.id, QueryText("Theirs", "SELECT 2", True), 1, lambda found: None)
    write(site, "SELECT 3")
    site.click("[data-test=save-query]")
    site.expect_text("[data-test=save-failure]", "changed since it was read")
    assert world.queries.saved.saved[saved.id].text == "SELECT 2"


def test_a_query_that_is_not_there_says_so(site):
    site.open(f"/sql/{'0' * 32}")
    site.expect_text("main [role=alert]", "There is no query")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page_wide_and_narrow(site, world, theme):
    world.queries.saved.add(QueryText("Stages of the life of a customer", "SELECT 1", True), "ann")
    site.open("/sql")
    site.driver.execute_script(f"localStorage.setItem('tagstream.theme', '{theme}')")
    site.open("/sql")
    site.click("[data-test=run]")
    site.expect_text("[data-test=result]", "active")
    site.click("[data-test=views] summary")
    assert site.accessibility_findings() == []
    site.shoot(f"sql_{theme}")
    site.narrow(390)
    site.find("[data-test=result]")
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert site.driver.execute_script(wide) <= 0
    site.shoot(f"sql_narrow_{theme}")
