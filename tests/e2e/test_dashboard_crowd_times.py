"""A crowd over time in Chromium, served by the real application over stores in memory, with the real workers behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.times import now_ms
from jobs.crowd_snapshots import SnapshotWorker
from jobs.worker import work
from stores.bitmaps import Generation
from stores.settings import Settings
from tests.browser import Page, served
from tests.delta_lives import publish
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.fakes.memory_history import StoredChange
from tests.fakes.memory_statistics import StoredValue

pytestmark = pytest.mark.browser
GOLD = {"all": [{"tag": "tier", "in": ["gold"]}]}


@pytest.fixture
def world() -> World:
    return seeded(40)


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application and a worker of snapshots behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    app.test_client().post("/api/v1/crowds", json={"name": "gold", "title": "Gold ones", "rule": GOLD})
    times, stop = world.crowd_times, threading.Event()
    worker = SnapshotWorker(times.snapshots, times.users, now_ms)
    thread = threading.Thread(target=work, args=(lambda: None, worker, stop, 0.05), daemon=True)
    thread.start()
    try:
        with served(page, app):
            yield page
    finally:
        stop.set()
        thread.join()


def leave(world: World, number: int) -> None:
    """The user is silver from the next generation on."""
    rows = [row for row in world.statistics.rows if (row.tag, row.user_no) != ("tier", number)]
    world.statistics.rows = [*rows, StoredValue("tier", 1, number, f"u{number - 1}", "silver", AT_MS)]
    world.crowd_times.users.generation = Generation(8, AT_MS + 60_000)


def test_two_snapshots_are_made_and_compared_by_a_person(site, world):
    site.open("/crowds/gold")
    site.expect_text("[data-test=crowd-snapshots]", "No snapshot yet")
    site.click("[data-test=make-snapshot]")
    site.expect_text("[data-test=crowd-snapshots]", "20")
    leave(world, 2)
    site.click("[data-test=make-snapshot]")
    site.expect_text("[data-test=crowd-snapshots]", "19")
    for box in site.all("[data-test=snapshot] input"):
        box.click()
    site.expect_text("[data-test=group-left]", "Left 1")
    site.click("[data-test=group-left]")
    site.expect_text("[data-test=snapshot-changes]", "u1")
    site.driver.execute_script("document.querySelector('[data-test=crowd-snapshots]').scrollIntoView()")
    site.shoot("crowd_snapshots")
    assert site.accessibility_findings() == []
    assert site.complaints() == []


def test_a_snapshot_is_removed_only_when_that_is_confirmed(site, world):
    site.open("/crowds/gold")
    site.click("[data-test=make-snapshot]")
    site.expect_text("[data-test=crowd-snapshots]", "20")
    site.click("[data-test=remove-snapshot]")
    site.expect_text("[data-test=remove-snapshot]", "Delete for good?")
    assert len(world.crowd_times.snapshots.of("gold")) == 1
    site.click("[data-test=remove-snapshot]")
    site.expect_text("[data-test=crowd-snapshots]", "No snapshot yet")


def test_a_user_is_followed_back_in_time(site, world):
    world.history.stored += [StoredChange("u1", "tier", 1, "silver", AT_MS - 60_000, 9)]
    site.open("/crowds/gold")
    site.find("[data-test=moves-user]").send_keys("u1")
    site.click("[data-test=moves-ask]")
    site.expect_text("[data-test=moves]", "u1 is not in the crowd")
    site.expect_text("[data-test=moves]", 'no longer: Tier is "gold"')
    site.expect_text("[data-test=moves]", "came in")
    site.driver.execute_script("document.querySelector('[data-test=crowd-past]').scrollIntoView()")
    site.shoot("crowd_past")
    assert site.accessibility_findings() == []


def test_a_crowd_is_watched_and_who_comes_and_goes_is_seen(site, world):
    site.open("/crowds/gold")
    site.click("[data-test=watch-present]")
    site.click("[data-test=watch-put]")
    site.expect_text("[data-test=crowd-watch]", "Nothing has been told yet")
    publish(world.crowd_times, {2, 4})
    publish(world.crowd_times, {4})
    site.expect_text("[data-test=watch-state]", "2 entered, 1 left")
    site.expect_text("[data-test=deltas]", "− left")
    site.driver.execute_script("document.querySelector('[data-test=crowd-watch]').scrollIntoView()")
    site.shoot("crowd_watch")
    assert site.accessibility_findings() == []
    site.click("[data-test=watch-stop]")
    site.click("[data-test=watch-stop]")
    site.expect_text("[data-test=watch-put]", "Watch")
    assert world.crowd_times.watches.all() == []


def test_a_watch_that_cannot_go_on_says_why(site, world):
    site.open("/crowds/gold")
    site.click("[data-test=watch-put]")
    site.expect_text("[data-test=watch-state]", "Watched")
    watches = world.crowd_times.watches
    watches.note_problem(watches.of("gold"), "there is no such tag")
    site.expect_text("[data-test=crowd-watch]", "there is no such tag")


def test_deltas_are_sent_to_a_web_address_too(site, world):
    site.open("/crowds/gold")
    site.click("[data-test=watch-put]")
    site.expect_text("[data-test=crowd-hooks]", "To no web address yet")
    site.find("[data-test=hook-url]").send_keys("https://127.0.0.1/in")
    site.find("[data-test=hook-secret]").send_keys("a secret of both sides")
    site.click("[data-test=hook-add]")
    site.expect_text("[data-test=crowd-hooks]", "is a private or local address")
    site.find("[data-test=hook-url]").clear()
    site.find("[data-test=hook-url]").send_keys("https://hooks.example.com/in")
    site.click("[data-test=hook-add]")
    site.expect_text("[data-test=hook]", "https://hooks.example.com/in")
    site.driver.execute_script("document.querySelector('[data-test=crowd-hooks]').scrollIntoView()")
    site.shoot("crowd_hooks")
    assert site.accessibility_findings() == []
    assert "a secret" not in site.text("body")
    site.click("[data-test=hook-remove]")
    site.expect_text("[data-test=crowd-hooks]", "To no web address yet")


def test_the_page_speaks_chinese_too(site, world):
    site.open("/crowds/gold")
    site.driver.execute_script("localStorage.setItem('tagstream.locale', 'zh-CN')")
    site.open("/crowds/gold")
    site.shoot("crowd_times_zh")
    for test, text in (("crowd-snapshots", "还没有快照"), ("crowd-watch", "开始监控"), ("crowd-past", "回到过去")):
        site.expect_text(f"[data-test={test}]", text)
