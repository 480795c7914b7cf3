"""Signing in, what a role is offered, and the settings, in Chromium on the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.times import now_ms
from tagging.access import Role
from tests.access_app import PASSWORD, SETUP, Guarded, guarded
from tests.browser import Page, served
from tests.fakes.api_stores import seeded

pytestmark = pytest.mark.browser
CROWD = {"name": "vip", "title": "Best", "rule": {"tag": "tier", "in": ["gold"]}}


@pytest.fixture
def access() -> Guarded:
    """Access required, by the wall clock."""
    return guarded(seeded(40), now_ms())


@pytest.fixture
def site(page: Page, access: Guarded, dashboard: Path) -> Iterator[Page]:
    """The page, with the guarded application behind it."""
    app = create_app(access.settings, access.world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page
        page.driver.delete_all_cookies()


def sign_in(site: Page, name: str, password: str = PASSWORD) -> None:
    site.find("[data-test=login-name]").send_keys(name)
    give_password(site, password)


def give_password(site: Page, password: str) -> None:
    """After a refusal the name stands there still, and the password doesn't."""
    site.find("[data-test=login-password]").send_keys(password)
    site.click("[data-test=login-submit]")


def test_a_page_asks_to_sign_in_says_what_was_wrong_and_leads_back_to_the_page(site, access):
    access.user(Role.EDITOR, "ann")
    site.open("/crowds?x=1")
    site.expect_text("h1", "Sign in")
    site.shoot("login")
    assert site.accessibility_findings() == []
    sign_in(site, "ann", "not the password")
    site.expect_text("[data-test=login-failure]", "wrong")
    site.shoot("login_refused")
    give_password(site, PASSWORD)
    site.expect_text("h1", "Crowds")
    assert site.driver.current_url.endswith("/crowds?x=1")
    site.expect_text("[data-test=who-am-i]", "ann")
    site.click("[data-test=sign-out]")
    site.expect_text("h1", "Sign in")
    site.driver.get(site.base + "/users")
    site.expect_text("h1", "Sign in")


def test_a_viewer_sees_why_something_is_not_offered_and_no_masked_value(site, access):
    access.browser(Role.EDITOR, "bob").send("POST", "/crowds", json=CROWD)
    access.user(Role.VIEWER, "ann")
    site.open("/users/u1")
    sign_in(site, "ann")
    site.expect_text("[data-tag=spend]", "Hidden")
    site.expect_text("[data-tag=tier]", "gold")
    assert not site.find("[data-test=send]").is_enabled()
    site.shoot("viewer_profile")
    site.open("/tags/spend")
    site.expect_text("[data-test=members]", "Hidden")
    site.shoot("viewer_tag")
    site.open("/crowds/vip")
    site.expect_text("[data-test=why-not]", "Needs the role editor")
    assert not site.find("[data-test=save-crowd]").is_enabled()
    site.shoot("viewer_crowd")
    assert site.accessibility_findings() == []
    site.open("/settings")
    site.expect_text("main", "Needs the role admin")
    site.shoot("viewer_settings")


def test_another_editor_is_told_whose_crowd_it_is(site, access):
    access.browser(Role.EDITOR, "bob").send("POST", "/crowds", json=CROWD)
    access.user(Role.EDITOR, "ann")
    site.open("/crowds/vip")
    sign_in(site, "ann")
    site.expect_text("[data-test=why-not]", "This crowd is bob's")


def test_an_admin_adds_a_user_and_a_key_and_reads_who_did_it(site, access):
    access.user(Role.ADMIN, "ann")
    site.open("/settings")
    sign_in(site, "ann")
    site.expect_text("[data-test=users-panel]", "ann")
    site.find("[data-test=new-user-name]").send_keys("eve")
    site.find("[data-test=new-user-password]").send_keys(PASSWORD)
    site.click("[data-test=add-user]")
    site.expect_text("[data-user=eve]", "eve")
    site.shoot("settings_users")
    assert site.accessibility_findings() == []
    site.open("/settings?tab=keys")
    site.expect_text("[data-test=keys-panel]", "No API keys")
    site.find("[data-test=new-key-name]").send_keys("shop")
    site.click("[data-test=add-key]")
    key = site.find("[data-test=made-key]").text
    assert access.accounts.key_of(key).role is Role.SERVICE
    site.find("[data-key]")
    site.shoot("settings_keys")
    assert site.accessibility_findings() == []
    site.open("/settings?tab=audit")
    site.expect_text("[data-test=audit-panel]", "keys.add")
    site.shoot("settings_audit")
    assert site.accessibility_findings() == []
    site.find("[data-test=audit-who]").send_keys("nobody")
    site.expect_text("[data-test=audit-panel]", "Nothing was recorded")


def test_a_person_changes_the_own_password_and_signs_in_with_it(site, access):
    access.user(Role.VIEWER, "ann")
    site.open("/settings")
    sign_in(site, "ann")
    site.find("[data-test=old-password]").send_keys(PASSWORD)
    site.find("[data-test=new-password]").send_keys("another good password")
    site.shoot("own_password")
    site.click("[data-test=change-password]")
    site.expect_text("h1", "Sign in")
    sign_in(site, "ann", "another good password")
    site.expect_text("[data-test=who-am-i]", "ann")


def test_a_session_that_ends_is_said_to_have_ended_and_the_page_stays(site, access):
    access.user(Role.VIEWER, "ann")
    site.open("/users/u1")
    sign_in(site, "ann")
    site.expect_text("[data-tag=tier]", "gold")
    access.accounts.change_user(SETUP, "ann", password="another good password")
    site.expect_text("[data-test=session-ended]", "Your session has ended")
    site.expect_text("[data-tag=tier]", "gold")
    site.shoot("session_ended")
