"""From a crowd to the crowd of those who are most like it in Chromium, over stores in memory; the training is the real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.times import now_ms
from stores.settings import Settings
from tagging.definition import parse_definition
from tests.browser import Page, served
from tests.fakes.api_stores import World, seeded
from tests.lookalike_training import train

pytestmark = pytest.mark.browser
PANEL = "[data-test=lookalikes]"
MODEL = "[data-test=lookalike]"


@pytest.fixture
def world() -> World:
    return seeded(400)


@pytest.fixture
def site(page: Page, world: World, dashboard: Path) -> Iterator[Page]:
    """The page of the crowd `vip`, with the application behind it."""
    app = create_app(Settings(), world.stores(), clock=now_ms, built_dashboard=dashboard)
    crowd = {"name": "vip", "title": "Best", "rule": {"tag": "tier", "in": ["gold"]}}
    assert app.test_client().post("/api/v1/crowds", json=crowd).status_code == 201
    with served(page, app):
        page.open("/crowds/vip")
        page.expect_text(PANEL, "No model has learned this crowd yet")
        yield page


def show(site: Page) -> None:
    site.driver.execute_script("arguments[0].scrollIntoView()", site.find(PANEL))


def ask(site: Page) -> None:
    """For a model that goes by what users spent."""
    site.click(f"{PANEL} .features .el-select__wrapper")
    options = site.wait(
        lambda: [item for item in site.all(".el-select-dropdown__item") if item.text == "Spend"], "the tag"
    )
    options[0].click()
    site.click("[data-test=ask-lookalikes]")
    site.expect_text(MODEL, "Learning…")


def test_a_crowd_is_learned_measured_put_into_use_and_its_best_part_saved(site, world):
    ask(site)
    train(world, at_ms=now_ms())
    site.expect_text(MODEL, "Next: an approver puts the model into use.")
    site.expect_text("[data-test=lookalike-signs]", "Spend: more of it")
    parts = site.all("[data-test=lookalike-parts] tbody tr")
    assert parts and not site.all("[data-test=save-lookalikes]")
    show(site)
    site.shoot("lookalikes_learned")
    assert site.accessibility_findings() == []

    world.models.set_live("like_vip", 1, "ann", now_ms())
    site.open("/crowds/vip")
    site.expect_text(MODEL, "Next: publish the tag of the scores.")
    site.click("[data-test=make-lookalike-tag]")
    site.expect_text(MODEL, "Saved as a draft. Build and publish the tag")

    text = site.driver.execute_async_script(
        "fetch('/api/v1/crowds/vip/lookalikes').then(r => r.json()).then(a => arguments[0](a.items[0].tag_text))"
    )
    world.registry.definitions = [*world.registry.definitions, parse_definition(text)]
    site.open("/crowds/vip")
    site.expect_text(MODEL, "Any part can be saved as a crowd.")
    site.click("[data-test=save-lookalikes]")
    site.find("[data-test=save-dialog]")
    site.shoot("lookalikes_saved")
    assert site.accessibility_findings() == []
    assert site.complaints() == []


def test_a_crowd_that_is_like_everybody_is_refused_with_the_cause(site, world):
    ask(site)
    train(world, signal=0.0, at_ms=now_ms())
    site.expect_text(MODEL, "Refused: ")
    site.expect_text(MODEL, "no better than chance")
    show(site)
    site.shoot("lookalikes_refused")
    assert site.accessibility_findings() == []
