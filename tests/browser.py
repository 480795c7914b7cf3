"""A real Chromium on the built dashboard: what a test sees and does there, always with a deadline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from werkzeug.serving import make_server

DASHBOARD = Path(__file__).parent.parent / "api" / "dashboard"
AXE = DASHBOARD / "node_modules" / "axe-core" / "axe.min.js"
WAIT_SECONDS = 15
_POLL_SECONDS = 0.02
"""How soon a server that serves a test notices that it should end."""
SCREENSHOTS = os.environ.get("TAGSTREAM_SCREENSHOTS")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
    # What moves is drawn by the processor here, frame by frame, while others wait for it.
    "--force-prefers-reduced-motion",
)


class Page:
    """One browser window. Waiting raises AssertionError with what was waited for and what was there instead."""

    def __init__(self, driver: webdriver.Chrome, base: str = "") -> None:
        self.driver = driver
        self.base = base

    def open(self, path: str) -> None:
        """Load an address of the dashboard, and wait for its heading."""
        self.driver.get(self.base + path)
        self.find("h1")

    def shoot(self, name: str) -> None:
        """For a person to look at, where TAGSTREAM_SCREENSHOTS names a folder."""
        if SCREENSHOTS:
            self.driver.save_screenshot(f"{SCREENSHOTS}/{name}.png")

    def find(self, css: str, seconds: float = WAIT_SECONDS) -> WebElement:
        """The first element, once it is shown."""
        return self.wait(lambda: self._shown(css), f"an element {css}", seconds)

    def all(self, css: str) -> list[WebElement]:
        """Every such element now."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        """What the first such element says now; empty without one."""
        try:
            return self.driver.find_element(By.CSS_SELECTOR, css).text
        except (NoSuchElementException, StaleElementReferenceException):
            return ""

    def expect_text(self, css: str, wanted: str, seconds: float = WAIT_SECONDS) -> None:
        """Wait until an element says something."""
        self.wait(lambda: wanted in self.text(css), f"{wanted!r} in {css}", seconds, lambda: self.text(css))

    def click(self, css: str) -> None:
        """Click the first such element, once it is shown."""
        self.find(css).click()

    def wait(
        self,
        found: Callable[[], Any],
        what: str,
        seconds: float = WAIT_SECONDS,
        instead: Callable[[], Any] = lambda: "nothing",
    ) -> Any:
        """Ask until the answer is true, and return it."""
        until = time.monotonic() + seconds
        while True:
            try:
                if answer := found():
                    return answer
            except (NoSuchElementException, StaleElementReferenceException):
                pass
            if time.monotonic() > until:
                raise AssertionError(
                    f"no {what} within {seconds:g} s at {self.driver.current_url}; there was {instead()!r}; "
                    f"the page says:\n{self.text('body')[:2000]}"
                )
            time.sleep(0.05)

    def narrow(self, width: int, height: int = 844) -> None:
        """Be as wide as a phone."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def hide(self, hidden: bool) -> None:
        """Make the page believe that its tab is in the background."""
        self.driver.execute_script(
            "Object.defineProperty(document, 'hidden', {configurable: true, get: () => arguments[0]});"
            "document.dispatchEvent(new Event('visibilitychange'))".replace("arguments[0]", json.dumps(hidden))
        )

    def complaints(self) -> list[str]:
        """What the console complained about since it was last asked: refused scripts and styles, errors, failed loads."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def accessibility_findings(self) -> list[str]:
        """What axe finds wrong with the page as it stands."""
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        found = self.driver.execute_async_script(
            # A colour on its way from one state to the next is nobody's choice; what turns for ever is not waited for.
            "const done = arguments[0]; const still = Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0)));"
            "Promise.race([still, new Promise(go => setTimeout(go, 1000))])"
            ".then(() => axe.run(document, {resultTypes: ['violations']})).then(({violations}) => done("
            "violations.map(v => `${v.id} (${v.impact}): ` + v.nodes.map(n => `${n.target} ${n.failureSummary}`).join('; '))))"
        )
        return list(found)

    def _shown(self, css: str) -> WebElement | None:
        return next((element for element in self.all(css) if element.is_displayed()), None)


@contextmanager
def chromium(width: int = 1440, height: int = 900) -> Iterator[webdriver.Chrome]:
    """A new browser with an empty profile, ended and removed afterwards."""
    binary, driver_binary = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver_binary:
        raise RuntimeError("Chromium is not installed. Fix: apt-get install -y chromium chromium-driver")
    options = Options()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(driver_binary))
        driver.set_script_timeout(30)
        try:
            yield driver
        finally:
            driver.quit()


def build_dashboard() -> Path:
    """The folder of the built dashboard, built anew when a source is newer. Raises CalledProcessError with npm's own words."""
    built = DASHBOARD / "dist" / "index.html"
    sources = [path for name in ("src", "index.html", "vite.config.ts", "package-lock.json") for path in _files(name)]
    if not AXE.exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=DASHBOARD, check=True)
    if not built.exists() or built.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        subprocess.run(["npm", "run", "build"], cwd=DASHBOARD, check=True)
    return built.parent


def _files(name: str) -> list[Path]:
    path = DASHBOARD / name
    return [found for found in path.rglob("*") if found.is_file()] if path.is_dir() else [path]


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a port of this machine; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served(page: Page, app: Flask) -> Iterator[Page]:
    """The page, with the application behind it."""
    with serving(app) as page.base:
        yield page
