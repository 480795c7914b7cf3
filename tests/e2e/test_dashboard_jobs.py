"""The page of jobs, dead letters sent again, and a sign-in by the identity provider alone, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from selenium.webdriver.common.keys import Keys

from api import create_app
from api.health_ports import JobState
from api.quality_ports import DeadLetterPlace, DeadLetterRow
from api.times import now_ms
from stores.dead_letters import Place
from stores.job_requests import State, What
from stores.settings import Api, Oidc, Settings
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded

pytestmark = pytest.mark.browser

EVENT = {"event_id": "e1", "user_id": "u1", "event_type": "cart", "occurred_at": 1_700_000_000_000}


@pytest.fixture
def world() -> World:
    world = seeded(5)
    at = now_ms() - 4_000
    world.jobs.answer = [
        JobState("a1", "tags", "RUNNING", 93_600, at, None, False, 9_321, 2, 734_003_200, 1_250),
        JobState(
            "b2", "tag.heat_1h.v2", "RESTARTING", 61, at, "events: Could not find field with name 'city'", False, 12
        ),
        JobState("c3", "parity.spend_tier_30d", "RUNNING", 12, None, bounded=True),
    ]
    world.lags.answer = {"tagstream.tags.events": 1_203, "tagstream.tags.orders": 4}
    return world


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def test_jobs_show_their_state_checkpoints_and_lag_and_are_asked_for_a_savepoint(site, world):
    site.open("/jobs")
    site.expect_text("[data-job=tags]", "1,207")
    site.expect_text("[data-job=tags]", "2 failed")
    site.expect_text("[data-job='tag.heat_1h.v2']", "Could not find field")
    site.expect_text("main", "Nothing was asked of a job yet")
    assert not site.all("[data-job='parity.spend_tier_30d'] button")
    site.click("[data-job=tags] [data-test=savepoint]")
    site.expect_text("[data-job=tags]", "Savepoint under way")
    taken = world.operations.requests.take()
    assert (taken.job, taken.what) == ("tags", What.SAVEPOINT)
    world.operations.requests.finish(taken, State.DONE, "file:///state/savepoints/savepoint-a1-7f")
    site.expect_text("[data-test=job-requests]", "file:///state/savepoints/savepoint-a1-7f")
    site.find("[data-job=tags] [data-test=savepoint]")
    site.shoot("jobs")
    assert site.complaints() == []


def test_a_restart_is_asked_for_twice_before_it_is_sent(site, world):
    site.open("/jobs")
    site.click("[data-job=tags] [data-test=restart]")
    site.expect_text("[data-job=tags] [data-test=restart]", "Really restart?")
    assert world.operations.requests.requests == {}
    site.click("[data-job=tags] [data-test=restart]")
    site.expect_text("[data-job=tags]", "Restart under way")
    assert [one.what for one in world.operations.requests.requests.values()] == [What.RESTART]


def test_a_cluster_that_is_away_and_one_without_jobs_say_so(site, world):
    world.jobs.fail("connection refused")
    site.open("/jobs")
    site.expect_text("main [role=alert]", "flink does not answer")
    world.jobs.reason, world.jobs.answer = None, []
    site.click("main [role=alert] button")
    site.wait(lambda: "No job on the cluster" in site.text("main"), "no jobs")


def refuse(world: World, payload: bytes, reason: str = "missing_field") -> None:
    place = DeadLetterPlace(now_ms() - 60_000, "events", 0, 7)
    world.ledger.letters.append(DeadLetterRow(place, reason, "event_id: missing", payload, len(payload)))
    world.operations.letters.payloads[Place("events", 0, 7)] = payload


def test_a_dead_letter_is_corrected_and_sent_again_once(site, world):
    refuse(world, b'{"user_id": "u1", "event_type": "cart"}')
    site.open("/quality")
    site.click("[data-test=replay]")
    site.click("[data-test=send-again]")
    site.expect_text("[data-test=replay-failure]", "would be refused once more: missing_field")
    assert world.operations.resender.sent == []
    area = site.find("[data-test=replay-payload]")
    # As a person replaces it: the driver's own clear() tells the page nothing.
    area.send_keys(Keys.CONTROL, "a")
    area.send_keys(orjson.dumps(EVENT).decode())
    site.expect_text("[data-test=send-again]", "Send corrected")
    site.shoot("dead_letter")
    site.click("[data-test=send-again]")
    site.expect_text("[data-test=replayed]", "Sent again by local")
    assert world.operations.resender.sent == [("events", "u1", orjson.dumps(EVENT))]
    assert not site.all("[data-test=send-again]")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_and_in_the_dialog(site, world, theme):
    refuse(world, b'{"user_id": "u1"}')
    world.operations.requests.ask("tags", What.RESTART, "ann")
    site.open("/jobs")
    site.driver.execute_script(f"localStorage.setItem('tagstream.theme', '{theme}')")
    site.open("/jobs")
    site.find("[data-job=tags]")
    assert site.accessibility_findings() == []
    site.shoot(f"jobs_{theme}")
    site.open("/quality")
    site.click("[data-test=replay]")
    site.find("[data-test=replay-payload]")
    assert site.accessibility_findings() == []
    site.shoot(f"dead_letter_{theme}")
    site.open("/jobs")
    site.narrow(390)
    site.find("[data-job=tags]")
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert site.driver.execute_script(wide) <= 0


def test_the_theme_follows_the_system_until_one_is_chosen_and_then_stays(site):
    def prefers(scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        site.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def is_dark() -> bool:
        return site.driver.execute_script("return document.documentElement.classList.contains('dark')")

    try:
        prefers("dark")
        site.open("/jobs")
        assert is_dark()
        prefers("light")
        site.wait(lambda: not is_dark(), "the light theme of the system")
        site.click("[data-preference=theme]")
        site.click("[data-preference=theme]")
        site.wait(is_dark, "the dark theme that was chosen")
        site.driver.refresh()
        site.find("h1")
        assert is_dark()
    finally:
        site.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_where_the_provider_is_the_only_way_in_there_is_no_field_for_a_password(page, world, dashboard):
    oidc = Oidc(issuer="http://127.0.0.1:1", client_id="t", redirect_url="http://localhost/", title="Company sign-in")
    settings = Settings(api=Api(access="required", passwords=False, oidc=oidc))
    with served(page, create_app(settings, world.stores(), clock=now_ms, built_dashboard=dashboard)):
        page.open("/jobs")
        page.expect_text("[data-test=login-provider]", "Continue with Company sign-in")
        assert page.find("[data-test=login-provider]").get_attribute("href").endswith("/api/v1/session/oidc")
        assert not page.all("input")
        page.shoot("login_provider_only")
        page.open("/login?problem=oidc_refused")
        page.expect_text("[data-test=login-failure]", "didn't sign you in")
        assert page.accessibility_findings() == []
