"""The dashboard in Chromium before an application that asks who one is, over stores in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import create_app
from api.times import now_ms
from tagging.access import Role
from tests.access_app import PASSWORD, Guarded, guarded
from tests.browser import Page, served


@pytest.fixture
def access() -> Guarded:
    return guarded(now_ms=now_ms())


@pytest.fixture
def site(page: Page, access: Guarded, dashboard: Path) -> Iterator[Page]:
    """The page, with the application behind it, which asks who one is."""
    app = create_app(access.settings, access.world.stores(), clock=now_ms, built_dashboard=dashboard)
    with served(page, app):
        yield page


def sign_in(site: Page, access: Guarded, role: Role, path: str) -> None:
    """Open a path as somebody of this role."""
    access.user(role, "ann")
    site.open(path)
    site.find("[data-test=login-name]").send_keys("ann")
    site.find("[data-test=login-password]").send_keys(PASSWORD)
    site.click("[data-test=login-submit]")
