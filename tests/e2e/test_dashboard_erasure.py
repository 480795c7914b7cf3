"""A user is erased by an admin in Chromium, served by the real application over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.times import now_ms
from stores.settings import Settings
from tagging.erasure import KEEPERS, STORES, State, Step, StepState
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded

pytestmark = pytest.mark.browser


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it."""
    with served(page, create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)):
        yield page


def erase(site: Page) -> None:
    site.open("/users/u1")
    site.click("[data-test=erase]")
    site.expect_text("[data-test=erase]", "Really erase, for ever")
    site.click("[data-test=erase]")
    site.find("[data-test=certificate]")


def work_off(world: World) -> None:
    """What the worker of erasures does with the one that waits."""
    erasure = world.erasures.next(now_ms())
    assert erasure is not None
    done = (Step(store, StepState.DONE, place, now_ms()) for place, store in enumerate(STORES, 3))
    kept = (Step(store, StepState.KEPT, kept_until_ms=now_ms() + 86_400_000, detail="a day") for store in KEEPERS)
    world.erasures.write(erasure.noting(*done, *kept).completed(now_ms()))


def test_the_first_click_erases_nobody(site, world):
    site.open("/users/u1")
    site.click("[data-test=erase]")
    site.expect_text("[data-test=erase]", "Really erase, for ever")
    assert world.erasures.page(None, 10) == []
    site.open("/users/u3")
    site.expect_text("[data-test=erase]", "Erase")
    assert "Really" not in site.text("[data-test=erase]")


def test_the_second_click_leads_to_the_certificate_which_fills_while_one_watches(site, world):
    erase(site)
    [asked] = world.erasures.page(None, 10)
    row = f"[data-erasure='{asked.id}']"
    site.expect_text(row, "u1")
    site.expect_text(row, f"0 of {len(STORES)} stores")
    site.expect_text("[data-test=certificate]", asked.subject)
    site.shoot("erasure_asked")
    assert site.accessibility_findings() == []
    work_off(world)
    site.expect_text(row, "complete")
    assert world.erasures.read(asked.id).state is State.COMPLETE
    # From here on nobody knows of whom it was.
    site.expect_text(row, asked.subject[:16])
    lines = [line.text for line in site.all("[data-test=certificate] tbody tr")]
    assert len(lines) == len(STORES) + len(KEEPERS)
    assert sum("emptied" in line for line in lines) == len(STORES)
    assert sum("something is left" in line for line in lines) == len(KEEPERS)
    site.shoot("erasure_complete")
    assert site.accessibility_findings() == []
    assert site.complaints() == []


def test_the_page_of_who_was_erased_says_so_and_shows_nothing_else(site):
    erase(site)
    site.open("/users/u1")
    site.expect_text("main", "This user was erased")
    assert not site.all("[data-test=erase]") and not site.all("tr[data-tag]")
    site.shoot("user_erased")
    assert site.accessibility_findings() == []
