"""The whole way round in Chromium: an event sent from the page, through Kafka, Flink and HBase, changes a tag on the page."""

from __future__ import annotations

import uuid

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import Page

pytestmark = [pytest.mark.stack, pytest.mark.browser]

STREAM_SECONDS = 120
"""How long a change may take on a machine that is busy starting everything."""


@pytest.fixture
def site(page: Page, app_url: str) -> Page:
    page.base = app_url
    return page


def send_views(site: Page, count: int) -> None:
    number = site.find("[data-test=event-count] input")
    number.send_keys(Keys.CONTROL, "a")
    number.send_keys(str(count), Keys.TAB)
    site.click("[data-test=send]")
    site.expect_text("[data-test=send-event]", f"{count} events are in the log")


def test_an_event_sent_from_the_page_changes_a_tag_on_the_page_without_a_reload(site: Page) -> None:
    user = f"e2e-{uuid.uuid4().hex[:12]}"
    site.open("/tags")
    site.expect_text("tr[data-tag=views_7d]", "Product views in 7 days")
    assert len(site.all("tr[data-tag]")) >= 16

    site.open(f"/users/{user}")
    site.expect_text("main", "Nobody knows this user yet")
    site.driver.execute_script("window.sameDocument = true")
    send_views(site, 3)
    site.find("li[data-tag=views_7d][data-value='3']", STREAM_SECONDS)
    send_views(site, 2)
    site.find("li[data-tag=views_7d][data-value='5']", STREAM_SECONDS)
    site.expect_text("[data-test=changes] li[data-tag=views_7d]", "5")
    assert site.driver.execute_script("return window.sameDocument")

    site.click("header a[href='/tags']")
    users = "tr[data-tag=views_7d] [data-users]:not([data-users='0'])"
    site.find(users, STREAM_SECONDS)
    assert site.driver.execute_script("return window.sameDocument")
    site.open("/tags/views_7d?value=5")
    site.find(f"tr[data-user='{user}']", STREAM_SECONDS)
    assert [line for line in site.complaints() if "404" not in line] == []


def test_the_overview_shows_every_service_at_work_and_the_tag_job_running(site: Page) -> None:
    site.open("/")
    for check in ("kafka", "mysql", "hbase", "clickhouse", "flink"):
        site.find(f"[data-check={check}]")
    site.wait(lambda: "Running" in site.text(".jobs"), "running job", STREAM_SECONDS, lambda: site.text(".jobs"))
    site.find("[data-group='tagstream.sink_values']", STREAM_SECONDS)
    site.find("[data-stat=events] .animated", STREAM_SECONDS)
    site.find("[role=img] canvas")
