"""Fixtures of the browser tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from deploy.local.services import ALL
from tests.browser import Page, build_dashboard, chromium
from tests.conftest import RunningStack


@pytest.fixture(scope="session")
def dashboard() -> Path:
    """The built dashboard."""
    return build_dashboard()


@pytest.fixture(scope="session")
def chrome() -> Iterator[webdriver.Chrome]:
    with chromium() as driver:
        yield driver


@pytest.fixture
def page(chrome: webdriver.Chrome, dashboard: Path) -> Iterator[Page]:
    """A window as a new reader has it: nothing stored, nothing complained about. Set `base` to where the API serves."""
    yield Page(chrome)
    chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    if chrome.current_url.startswith("http"):
        chrome.execute_script("localStorage.clear(); sessionStorage.clear()")
    chrome.get("about:blank")
    chrome.get_log("browser")


@pytest.fixture(scope="session")
def app_url(stack: RunningStack, dashboard: Path) -> str:
    """Where Tagstream serves, with its clock, sinks, API and tag job running on the stack."""
    stack.up(*(name for name, service in ALL.items() if service.is_app and not service.by_request))
    subprocess.run(
        [sys.executable, "-m", "jobs", "submit"],
        env={**os.environ, "TAGSTREAM_CONFIG": str(stack.stack.layout.config)},
        check=True,
        timeout=300,
    )
    api = stack.settings.api
    return f"http://{api.host}:{api.port}"
