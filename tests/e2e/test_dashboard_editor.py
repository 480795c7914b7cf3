"""The tag editor and the versions of tags in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from werkzeug.serving import make_server

from api import create_app
from api.publishing_ports import Replay
from api.times import now_ms
from stores.settings import Settings
from tagging import lifecycle
from tagging.lifecycle import Policy, Tag
from tagging.preview import compared
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded

pytestmark = pytest.mark.browser
HEADER = (
    "-- name: {}\n-- title: Heat\n-- description: How busy\n-- type: {}\n-- dimension: behaviour\n-- owner: ann\n\n"
)
COUNT = "SELECT user_id, COUNT(*) AS value\nFROM LAST(events, INTERVAL '{}' HOUR)\nGROUP BY user_id\n"
POLICY = Policy()


@pytest.fixture
def world() -> World:
    """`tier` is live in version 2; version 1 can be rolled back to, version 3 is a draft, and version 4 has failed."""
    world = seeded(400)
    tag = Tag("tier", "ann", "behaviour")
    for number, hours in enumerate((1, 6, 24, 48), 1):
        tag = lifecycle.add(tag, HEADER.format("tier", "integer") + COUNT.format(hours), "ann", now_ms())
        if number != 3:
            tag = lifecycle.build(tag, number, now_ms() - 10_000, POLICY)
        if number < 3:
            tag = lifecycle.switch(lifecycle.ready(tag, number, now_ms()), number, now_ms())
    cause = "hbase: 3 users differ between stream and batch, as u1 batch 4 stored 3"
    tag = lifecycle.fail(tag, 4, cause, now_ms())
    world.publishing.versions.save(tag, [])
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def inside(site: Page, css: str) -> list[WebElement]:
    """Elements of the editor, which has a shadow root of its own."""
    editor = site.find("[data-test=sql-editor]")
    return editor.shadow_root.find_elements(By.CSS_SELECTOR, css)


def expect_sql(site: Page, wanted: str) -> None:
    """Wait until the editor holds this."""
    site.wait(lambda: any(wanted in line.text for line in inside(site, ".cm-line")), f"{wanted!r} in the editor")


def write(site: Page, text: str) -> None:
    """Type a text in place of the one that is there."""
    content = site.wait(lambda: inside(site, ".cm-content"), "the editor")[0]
    content.click()
    # Not to the element: the driver takes one in a shadow root for not focused, and goes to its end first.
    keys = ActionChains(site.driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL)
    keys.send_keys(text).perform()


def save(site: Page) -> None:
    """Save the draft, once it may be saved."""
    site.wait(lambda: site.find("[data-test=save-draft]").is_enabled(), "a draft that can be saved")
    site.click("[data-test=save-draft]")


def answer_preview(site: Page, world: World, draft: dict, live: dict, live_version: int | None) -> None:
    """What the controller's process does, with values that are made up."""
    taken = site.wait(lambda: world.publishing.previews.take(now_ms(), 60_000), "a preview that was asked for")
    result = {"tag": "heat", "type": "integer", "live_version": live_version, "users_total": 400, "sampled_share": 0.25}
    result |= compared(draft, live, "integer")
    result |= {"rows_read": 12_345, "seconds": 3.4}
    result["state"] = [{"relation": "events__last_60m_1m", "rows": 900, "bytes": 18_400}]
    assert world.publishing.previews.finish(taken, now_ms(), result)


def test_a_tag_is_written_tried_saved_built_and_goes_live(site, world):
    site.open("/tags")
    site.click("[data-test=new-tag]")
    write(site, HEADER.format("heat", "integer") + COUNT.format(1).replace("COUNT(", "COUNTT("))
    site.expect_text("[data-test=problems]", "8:17")
    site.expect_text("[data-test=problems]", "COUNT")
    assert inside(site, ".cm-lintRange-error")
    assert not site.find("[data-test=save-draft]").is_enabled()
    site.shoot("editor_problems")
    write(site, HEADER.format("heat", "integer") + COUNT.format(1))
    site.expect_text("[data-test=problems]", "Valid")

    site.click("[data-test=run-preview]")
    live = {f"u{number}": number % 4 for number in range(80)}
    draft = {f"u{number}": number % 5 for number in range(10, 100)}
    answer_preview(site, world, draft, live, 1)
    site.expect_text("[data-test=preview]", "+20")
    site.expect_text("[data-test=preview]", "−10")
    site.expect_text("[data-test=preview]", "12,345 messages read in 3.4 s")
    site.find("[data-test=preview] canvas")
    site.shoot("editor_preview")

    save(site)
    site.expect_text("[data-test=publish]", "Draft")
    assert site.driver.current_url.endswith("/tags/heat/edit")
    world.publishing.replays.answer = Replay(1_000, 250)
    site.click("[data-test=build]")
    site.expect_text("[data-test=build-steps]", "750 of 1,000 messages to go")
    site.shoot("editor_building")
    versions = world.publishing.versions
    tag = lifecycle.ready(versions.tag("heat"), 1, now_ms())
    versions.save(lifecycle.switch(tag, 1, now_ms()), [])
    site.expect_text("[data-test=is-live]", "Readers see version 1")
    assert site.complaints() == []


def test_a_form_writes_the_same_sql_and_saves_it(site, world):
    site.open("/tags/_new/edit?tab=form")
    for field, text in (("title", "Carts"), ("name", "carts"), ("owner", "ann"), ("description", "Carts of a week")):
        site.find(f"[data-test=form-{field}]").send_keys(text)
    site.click("[data-test=add-condition]")
    site.find("[data-test=form-values]").send_keys("cart, it's")
    site.expect_text("[data-test=form-sql]", "WHERE\n  event_type IN ('cart', 'it''s')")
    site.click("[data-test=add-band]")
    site.find("[data-test=band-label]").send_keys("hot")
    site.expect_text("main", "is not a number")
    site.find("[data-test=band-at-least]").send_keys("3")
    site.expect_text("[data-test=form-sql]", "CASE WHEN COUNT(*) >= 3 THEN 'hot' END AS value")
    site.shoot("editor_form")
    save(site)
    site.expect_text("[data-test=publish]", "Draft")
    expect_sql(site, "WHEN COUNT(*) >= 3 THEN 'hot'")
    assert "event_type IN ('cart', 'it''s')" in world.publishing.versions.tag("carts").versions[0].text
    assert site.complaints() == []


def test_a_problem_of_the_form_stands_at_its_field(site):
    site.open("/tags/_new/edit?tab=form")
    site.find("[data-test=form-name]").send_keys("Not A Name")
    site.find("[data-test=form-title]").send_keys("T")
    site.find("[data-test=form-owner]").send_keys("ann")
    site.find("[data-test=form-description]").send_keys("D")
    site.expect_text("main", "'Not A Name' is not a tag name")
    window = site.find("[data-test=form-window]")
    window.send_keys(Keys.CONTROL, "a")
    window.send_keys("900")
    site.expect_text("main", "a window lasts from 1 minute to 400 days")
    site.shoot("editor_form_problems")


def test_a_failed_version_shows_its_cause_and_the_next_is_written_from_it(site, world):
    site.open("/tags/tier/edit")
    site.expect_text("[data-test=cause]", "3 users differ between stream and batch")
    expect_sql(site, "INTERVAL '48' HOUR")
    assert not site.find("[data-test=save-draft]").is_enabled()
    write(site, HEADER.format("tier", "integer") + COUNT.format(12))
    site.expect_text("[data-test=publish]", "changes that are not saved")
    save(site)
    site.expect_text("[data-test=publish]", "Version 5")
    assert len(world.publishing.versions.tag("tier").versions) == 5


def test_a_second_person_approves_where_that_is_required(page, world, dashboard):
    world.publishing.policy = Policy(approval_required=True)
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page.base = f"http://127.0.0.1:{server.port}"
    page.open("/tags/_new/edit")
    write(page, HEADER.format("heat", "integer") + COUNT.format(1))
    page.expect_text("[data-test=problems]", "Valid")
    save(page)
    page.expect_text("[data-test=publish]", "Somebody other than local has to approve this draft")
    assert not page.find("[data-test=build]").is_enabled()
    page.click("[data-test=approve]")
    page.expect_text("[data-test=publish]", "approved by its author local")
    versions = world.publishing.versions
    versions.save(lifecycle.approve(versions.tag("heat"), 1, "bob"), [])
    page.expect_text("[data-test=publish]", "approved by bob")
    page.click("[data-test=build]")
    page.expect_text("[data-test=publish]", "Building")
    server.shutdown()


def test_versions_are_compared_and_rolled_back_with_one_click(site, world):
    site.open("/tags/tier")
    site.expect_text("[data-test=versions]", "Roll back to version 1")
    site.expect_text("[data-test=versions] [data-version='4']", "Failed")
    site.expect_text("[data-test=diff]", "INTERVAL '48' HOUR")
    assert [row.text.strip() for row in site.all("[data-test=diff] tr.removed .text")] == [
        "FROM LAST(events, INTERVAL '6' HOUR)"
    ]
    site.driver.execute_script("document.querySelector('[data-test=versions]').scrollIntoView()")
    site.shoot("versions")
    site.click("[data-test=versions] [data-test=rollback]")
    site.expect_text("[data-test=versions] [data-version='1']", "Live")
    assert world.publishing.versions.tag("tier").live.version == 1
    site.expect_text("[data-test=versions] [data-version='2']", "Retired")
    site.click("[data-test=retire]")
    assert world.publishing.versions.tag("tier").live.version == 1
    site.click("[data-test=retire]")
    site.wait(lambda: world.publishing.versions.tag("tier").live is None, "the tag to be retired")
    assert site.complaints() == []


def test_what_is_in_the_works_is_seen_on_the_list_of_tags(site):
    site.open("/tags")
    site.expect_text("[data-test=open-versions]", "3 users differ")
    site.expect_text("[data-test=open-versions]", "Draft")
    site.shoot("tags_in_the_works")


def test_a_crowd_that_depends_on_the_tag_is_named(site, world):
    client = create_app(Settings(), world.stores()).test_client()
    rule = {"tag": "tier", "in": ["gold"]}
    client.post("/api/v1/crowds", json={"name": "gold", "title": "Golden ones", "rule": rule})
    client.post("/api/v1/crowds", json={"name": "not_gold", "title": "The others", "rule": {"not": {"crowd": "gold"}}})
    site.open("/tags/tier")
    site.expect_text("[data-test=impact]", "Golden ones")
    site.expect_text("[data-test=impact]", "through gold")


def test_a_registry_that_is_down_is_said_to_be_down(site, world):
    world.publishing.versions.away = True
    site.open("/tags/tier/edit")
    site.expect_text("main", "A service is unavailable")
    world.publishing.versions.away = False
    expect_sql(site, "INTERVAL '48' HOUR")


def test_a_preview_that_fails_says_why(site, world):
    site.open("/tags/tier/edit")
    site.expect_text("[data-test=problems]", "Valid")
    site.click("[data-test=run-preview]")
    previews = world.publishing.previews
    taken = site.wait(lambda: previews.take(now_ms(), 60_000), "a preview that was asked for")
    previews.finish(taken, now_ms(), None, "the run over 900 messages was stopped after 60 s; the cluster may be busy")
    site.expect_text("[data-test=preview]", "was stopped after 60 s")


def test_a_built_in_tag_that_nobody_has_registered_says_so(site):
    for address in ("/tags/spend", "/tags/spend/edit"):
        site.open(address)
        site.expect_text("main", "No version is registered")
    assert site.complaints() == []


def test_a_tag_that_there_is_not_can_be_made(site):
    site.open("/tags/nobody/edit")
    site.expect_text("main", "There is no tag “nobody”")


@pytest.mark.parametrize("path", ["/tags/_new/edit", "/tags/_new/edit?tab=form", "/tags/tier/edit", "/tags/tier"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_pages_can_be_used_by_everyone(site, path, language):
    site.open("/tags")
    site.driver.execute_script(f"localStorage.setItem('tagstream.locale', '{language}')")
    site.driver.execute_script(
        "localStorage.setItem('tagstream.theme', arguments[0])", "dark" if "zh" in language else "light"
    )
    site.open(path)
    wanted = {"/tags/tier": "[data-test=diff]", "/tags/_new/edit?tab=form": "[data-test=add-band]"}
    site.find(wanted.get(path, "[data-test=problems] *"))
    site.shoot(f"axe_{path.strip('/').replace('/', '_').replace('?', '_')}_{language}")
    assert site.accessibility_findings() == []


def test_the_editor_fits_a_phone(site):
    site.narrow(390)
    site.open("/tags/_new/edit")
    site.find("[data-test=problems] *")
    site.shoot("editor_phone")
    assert site.driver.execute_script("return document.documentElement.scrollWidth") <= 390
