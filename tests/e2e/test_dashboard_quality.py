"""The pages of parity and of data quality in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.quality_ports import DeadLetterPlace, DeadLetterRow
from api.times import now_ms
from stores.settings import Settings
from tagging.parity import Finding, Outcome, TagParity
from tagging.parity_cause import Emitted, Evidence, InputRow
from tagging.parity_history import Origin
from tagging.parity_report import explained
from tagging.windows import MINUTE_MS, Window
from tests.browser import Page, served
from tests.fakes.api_stores import World, definition, seeded
from tests.fakes.memory_ledger import HOUR_MS, Arrival, Change, RowArrival

pytestmark = pytest.mark.browser


@pytest.fixture
def world() -> World:
    return seeded(40)


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def late_finding(user_id: str) -> Finding:
    """A count that lacks one late event."""
    now = now_ms() // MINUTE_MS
    at_ms = (now - 30) * MINUTE_MS
    rows = [InputRow("events", f"e{n}", 0, n, at_ms + n, at_ms, text='{"event_type":"cart"}') for n in range(2)]
    rows.append(InputRow("events", "late1", 1, 7, at_ms + 20 * MINUTE_MS, at_ms, text='{"event_type":"catalog"}'))
    known = Evidence(now * MINUTE_MS + 1, now, (Window("events", 60, 1),), rows, (Emitted(2, 5, at_ms + 9),))
    return explained(Finding(user_id, Outcome.DIFFERENT, 3, 2, 5), known)


def compared(world: World, at_ms: int, wrong: int = 0, origin: Origin = Origin.SCHEDULE) -> int:
    """A run over three tags; `spend` differs on so many users."""
    run_id = world.parity.begin(origin, at_ms)
    parities = []
    for name in ("tier", "spend", "flag"):
        for store in ("hbase", "clickhouse"):
            parity = TagParity(name, store, version=1, barrier_at_ms=at_ms + 500)
            parity.counts |= {Outcome.EQUAL: 3_412, Outcome.PENDING: at_ms // 1000 % 7}
            if name == "spend" and wrong:
                parity.counts[Outcome.DIFFERENT] = wrong
                parity.findings = [late_finding(f"u{number}") for number in range(wrong)]
            parities.append(parity)
    world.parity.finish(run_id, parities, at_ms + 14_000)
    return run_id


def test_before_any_run_the_page_says_what_to_do_and_a_click_asks_for_one(site, world):
    site.open("/parity")
    site.expect_text("main", "Nothing has been compared yet")
    site.shoot("parity_empty")
    site.click("[data-test=run-parity]")
    site.expect_text("[data-test=under-way]", "Waiting")
    asked = world.parity.runs(None, None, 9)
    assert [(run.tag, run.version) for run in asked] == [("", 0)]
    world.parity.claim(now_ms())
    site.expect_text("[data-test=under-way]", "Running")
    assert site.complaints() == []


def test_a_red_tag_comes_first_and_leads_down_to_the_row_that_decides(site, world):
    now = now_ms()
    for number in range(12):
        compared(world, now - (12 - number) * HOUR_MS, wrong=2 if number == 4 else 0)
    newest = compared(world, now - 60_000, wrong=3, origin=Origin.REQUEST)
    failed = world.parity.begin(Origin.SCHEDULE, now - 30_000)
    world.parity.give_up(failed, "Flink job tags is FAILED: no slot", now - 29_000)
    site.open("/parity")
    site.expect_text("[data-stat=red]", "1")
    first = site.wait(lambda: site.all("[data-tag]"), "the tags")[0]
    assert first.get_attribute("data-tag") == "spend" and "Differs" in first.text and "v1" in first.text
    site.expect_text("[data-test=parity-history]", "On demand")
    site.wait(lambda: site.all("[data-test=parity-history] canvas"), "the chart")
    site.shoot("parity")
    first.find_element("css selector", "[data-verdict=red]").click()
    site.expect_text("[data-finding=u1]", "Late event")
    assert site.driver.current_url.endswith(f"/parity/runs/{newest}?tag=spend")
    site.click("[data-finding=u1] [data-test=open-finding]")
    site.expect_text("[data-test=evidence]", "that the stream lacks: 1")
    deciding = site.wait(lambda: site.all("[data-decides=true]"), "the row that decides")
    assert [row.find_element("css selector", "code").text for row in deciding] == ["late1"]
    site.shoot("parity_run")
    assert site.complaints() == []


def test_one_tag_is_compared_again_and_its_page_shows_where_it_stands(site, world):
    compared(world, now_ms() - 60_000, wrong=1)
    site.open("/parity")
    site.wait(lambda: site.all("[data-tag=tier] button"), "the button")[0].click()
    site.expect_text("[data-test=under-way]", "tier")
    asked = world.parity.claim(now_ms())
    assert (asked.tag, asked.version) == ("tier", 1)
    site.open("/tags/spend")
    site.expect_text("[data-test=tag-parity]", "Differs")
    site.open("/tags/tier")
    site.expect_text("[data-test=tag-parity]", "Agrees")


def test_a_run_that_failed_says_why_and_one_that_there_is_not_leads_back(site, world):
    failed = world.parity.begin(Origin.SCHEDULE, now_ms())
    world.parity.give_up(failed, "Flink job tags is FAILED: no slot", now_ms())
    site.open(f"/parity/runs/{failed}")
    site.expect_text("main", "no slot")
    site.open("/parity/runs/99")
    site.expect_text("main", "There is no run 99")


def test_a_store_that_is_away_is_said_on_both_pages(site, world):
    world.parity.fail("refused")
    world.ledger.fail("refused")
    site.open("/parity")
    site.expect_text("main", "mysql does not answer")
    site.open("/quality")
    site.expect_text("main", "clickhouse does not answer")
    site.shoot("quality_error")


def fill(world: World) -> None:
    """Two days of events, some late, some twice, some refused."""
    now, ledger = now_ms(), world.ledger
    for number in range(600):
        logged = now - number * 4 * MINUTE_MS
        late = 90 * MINUTE_MS if number % 17 == 0 else 0
        ledger.arrivals.append(Arrival(f"e{number}", f"u{number % 40}", logged - late, logged, 0, 1_000 - number))
        if number % 23 == 0:
            ledger.arrivals.append(Arrival(f"e{number}", f"u{number % 40}", logged, logged + 5, 0, 2_000 - number))
        if number % 40 == 0:
            place = DeadLetterPlace(logged, "events", 1, number)
            reason, payload = ("future", b'{"event_id":"x"}') if number % 80 else ("malformed", "not json é".encode())
            ledger.letters.append(DeadLetterRow(place, reason, f"found at {number}", payload, len(payload)))
        ledger.changes.append(Change("heat", 1, f"u{number % 40}", logged + 1_000, number))
    sql = "SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR) GROUP BY user_id"
    tag = definition("heat", "integer")
    world.registry.definitions = [*world.registry.definitions, type(tag)(**{**tag.__dict__, "sql": sql})]


def test_the_ledger_shows_what_arrived_and_dead_letters_open_to_their_bytes(site, world):
    fill(world)
    site.open("/quality")
    site.wait(lambda: site.all("canvas"), "the chart")
    on_time = int(site.find("[data-stat=on_time] .value").text.replace(",", ""))
    assert 300 < on_time < 360
    site.expect_text("[data-stat=late]", "2")
    site.expect_text("[data-test=corrections]", "heat")
    site.expect_text("[data-test=dead-letters]", "found at 0")
    site.shoot("quality")
    site.find("[data-test=dead-letters] summary").click()
    site.expect_text("[data-test=dead-letters] pre", "not json é")
    future = next(chip for chip in site.all("[data-test=dead-letters] .chip") if chip.text == "From the future")
    future.click()
    site.expect_text("[data-test=dead-letters]", "found at 40")
    assert "reason=future" in site.driver.current_url
    assert site.complaints() == []


def test_a_tables_row_changes_are_shown_by_themselves(site, world):
    fill(world)
    now = now_ms()
    for number in range(30):
        world.ledger.rows.append(RowArrival("orders", f"o{number // 2}", now - number, now, 0, number))
    site.open("/quality")
    next(chip for chip in site.all("[data-test=sources] .chip") if chip.text == "orders").click()
    site.expect_text("[data-stat=on_time]", "15")
    site.expect_text("[data-stat=duplicate]", "15")
    assert "source=orders" in site.driver.current_url
    site.shoot("quality_of_orders")
    assert site.accessibility_findings() == []
    next(chip for chip in site.all("[data-test=sources] .chip") if chip.text == "users").click()
    site.expect_text("main", "No row of this table changed in this time")
    assert site.complaints() == []


def test_an_empty_ledger_says_so(site):
    site.open("/quality")
    site.expect_text("main", "No event arrived in this time")
    site.expect_text("main", "No dead letters")
    site.shoot("quality_empty")


@pytest.mark.parametrize(("path", "wanted"), [("/parity", "各标签状态"), ("/quality", "迟到但已计入")])
def test_both_pages_speak_chinese(site, world, path, wanted):
    fill(world)
    compared(world, now_ms() - 60_000, wrong=1)
    site.open(path)
    site.driver.execute_script("localStorage.setItem('tagstream.locale', 'zh-CN')")
    site.open(path)
    site.expect_text("main", wanted)
    site.wait(lambda: site.all("canvas"), "the chart")
    site.shoot(f"{path[1:]}_zh")


@pytest.mark.parametrize("path", ["/parity", "/parity/runs/1", "/quality"])
def test_the_pages_can_be_used_by_everyone(site, world, path):
    fill(world)
    compared(world, now_ms() - 60_000, wrong=1)
    site.open(path)
    site.wait(lambda: site.all("tbody tr td"), "a table")
    if path.endswith("1"):
        site.find("[data-test=open-finding]").click()
        site.find("[data-test=evidence]")
    assert site.accessibility_findings() == []


@pytest.mark.parametrize("path", ["/parity", "/quality"])
def test_the_pages_fit_a_phone(site, world, path):
    fill(world)
    compared(world, now_ms() - 60_000, wrong=1)
    site.narrow(390)
    site.open(path)
    site.wait(lambda: site.all("tbody tr td"), "a table")
    assert site.driver.execute_script("return document.documentElement.scrollWidth") <= 390
    site.shoot(f"{path[1:]}_phone")
