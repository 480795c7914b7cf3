"""A user's ids are merged and taken apart in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

import pytest

from api.times import now_ms
from tagging.access import Role
from tagging.identity import Merge
from tests.browser import Page
from tests.guarded_site import sign_in

pytestmark = pytest.mark.browser
CARD = "[data-test=identities]"


def merge(site: Page, into: str) -> None:
    site.find("[data-test=merge-into]").send_keys(into)
    site.find("[data-test=merge-reason]").send_keys("signed in on the same phone")
    site.click("[data-test=merge]")


def test_an_approver_merges_a_user_and_takes_it_apart_again_by_a_second_click(site, access):
    sign_in(site, access, Role.APPROVER, "/users/u1")
    site.expect_text(CARD, "This id is a person by itself.")
    assert site.accessibility_findings() == []
    merge(site, "u3")
    site.expect_text(f"{CARD} [data-identity=u1]", "signed in on the same phone")
    site.expect_text("[data-test=merged-into]", "u3")
    assert not site.all("[data-test=merge]"), "an id is merged once"
    site.driver.execute_script(f"document.querySelector('{CARD}').scrollIntoView()")
    site.shoot("identities")
    assert site.accessibility_findings() == []
    site.click("[data-test=unmerge]")
    site.expect_text("[data-test=unmerge]", "Really unmerge")
    assert access.world.identities.person("u1").is_merged, "the first click unmerged"
    site.click("[data-test=unmerge]")
    site.expect_text(CARD, "This id is a person by itself.")
    assert not access.world.identities.person("u1").is_merged


def test_what_is_refused_says_why_and_keeps_what_was_typed(site, access):
    sign_in(site, access, Role.APPROVER, "/users/u1")
    merge(site, "u1")
    site.expect_text("[data-test=merge-failure]", "not merged into itself")
    assert site.find("[data-test=merge-into]").get_attribute("value") == "u1"
    assert site.accessibility_findings() == []


def test_the_canonical_id_leads_to_the_others_and_a_search_says_where_an_id_went(site, access):
    access.world.identities.merge(Merge("d" * 32, "u1", "u3", "the same phone", "bob", now_ms()))
    sign_in(site, access, Role.VIEWER, "/users/u3")
    site.expect_text(f"{CARD} [data-identity=u3]", "tags go by this id")
    site.expect_text(f"{CARD} [data-identity=u1]", "The reason is not for your role")
    assert not site.all("[data-test=merge]") and not site.all("[data-test=unmerge]")
    site.find("[data-test=user-search]").send_keys("u1")
    site.expect_text("[role=listbox]", "u3")
    site.click(f"{CARD} [data-identity=u1] a")
    site.expect_text("[data-test=merged-into]", "u3")


def test_a_store_that_is_away_is_told_on_the_card(site, access):
    access.world.identities.fail()
    sign_in(site, access, Role.APPROVER, "/users/u1")
    site.find(f"{CARD} [role=alert]")
    assert site.accessibility_findings() == []
