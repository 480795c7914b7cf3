"""A user is erased in Chromium and the certificate is read, served by the real application over stores in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.times import now_ms
from tagging.access import Role
from tagging.erasure import STORES, State, Step, StepState
from tests.guarded_site import sign_in

pytestmark = pytest.mark.browser


def test_an_admin_erases_a_user_by_a_second_click_and_lands_at_the_certificate(site, access):
    sign_in(site, access, Role.ADMIN, "/users/u1")
    site.click("[data-test=erase]")
    site.expect_text("[data-test=erase]", "Really erase, for ever")
    assert not access.world.erasures.rows, "the first click erased"
    site.driver.execute_script("document.querySelector('[data-test=erase-panel]').scrollIntoView()")
    site.shoot("erase_user")
    assert site.accessibility_findings() == []
    site.click("[data-test=erase]")
    site.find("[data-test=certificate]")
    [erasure] = access.world.erasures.rows.values()
    assert f"erasure={erasure.id}" in site.driver.current_url
    site.expect_text(f"[data-erasure='{erasure.id}']", "ann")
    site.expect_text("[data-test=certificate]", erasure.subject)
    site.shoot("erasures")
    assert site.accessibility_findings() == []
    site.open("/users/u1")
    site.expect_text("main", "erased")
    assert not site.all("[data-test=erase]")


def test_a_step_that_failed_says_why_and_a_complete_erasure_names_the_user_no_more(site, access):
    sign_in(site, access, Role.ADMIN, "/users/u3")
    site.click("[data-test=erase]")
    site.click("[data-test=erase]")
    site.find("[data-test=certificate]")
    [erasure] = access.world.erasures.rows.values()
    access.world.erasures.write(replace(erasure, state=State.FAILED, cause="HBase did not answer in 10 s"))
    site.expect_text(f"[data-erasure='{erasure.id}']", "HBase did not answer in 10 s")
    assert site.accessibility_findings() == []
    emptied = [Step(store, StepState.DONE, 7, now_ms()) for store in STORES]
    kept = Step("events_log", StepState.KEPT, detail="seven days of events")
    access.world.erasures.write(erasure.noting(*emptied, kept).completed(now_ms()))
    site.wait(lambda: "u3" not in site.text("[data-test=erasures-panel]"), "a list without the user's id")
    site.expect_text(f"[data-erasure='{erasure.id}']", erasure.subject[:16])
    site.expect_text("[data-test=certificate]", "seven days of events")
    site.expect_text("[data-test=certificate]", "emptied")
    site.shoot("erasures_complete")


def test_who_is_no_admin_is_offered_no_erasure(site, access):
    sign_in(site, access, Role.APPROVER, "/users/u1")
    site.expect_text("main", "u1")
    site.expect_text("main", "Predictions")
    assert not site.all("[data-test=erase]")


def test_a_list_without_an_erasure_says_so(site, access):
    sign_in(site, access, Role.ADMIN, "/settings?tab=erasures")
    site.expect_text("[data-test=erasures-panel]", "Nobody was erased")
    assert site.accessibility_findings() == []
