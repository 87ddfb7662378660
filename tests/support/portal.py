"""The portal in Chromium, as a person uses it: signed in through the issuer, in one of the supported sizes
and languages. A page that does something forbidden (code that the content security policy refuses, a request
to another host, an exception) fails the test that visits it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.support.journey import poll
from tests.support.platform import RunningPlatform

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "tests/portal/screenshots"
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
PASSWORD = "sang-kien-demo"  # of the demo accounts
# Machines differ by a factor of ten; a step that takes longer than this is broken.
PATIENCE_MS = 90_000


@dataclass(frozen=True)
class View:
    """The window size and language of a visit."""

    width: int
    height: int
    language: str

    def __str__(self) -> str:
        return f"{self.width}x{self.height}-{self.language}"


PHONE_VI = View(320, 640, "vi")
PHONE_EN = View(320, 640, "en")
DESK_VI = View(1280, 800, "vi")
DESK_EN = View(1280, 800, "en")
EVERY_VIEW = (PHONE_VI, PHONE_EN, DESK_VI, DESK_EN)


def until(page: Page, expression: str) -> Any:
    """Poll the page until the expression is true; return its value.

    Playwright's wait_for_function does not work here: it evaluates the expression again inside the page,
    which the content security policy forbids.
    """
    return poll(expression, lambda: page.evaluate(expression) or None, PATIENCE_MS / 1000)


@dataclass
class Visit:
    """One person's window."""

    page: Page
    view: View
    gateway: str
    faults: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        """A page of the portal by its address, such as `/cases`."""
        self.page.evaluate("address => { location.hash = address }", address)
        return self.page

    def look(self, name: str) -> None:
        """Check the current page: take a screenshot, no findings of axe, nothing wider than the window."""
        expect(self.page.locator("main .skeleton")).to_have_count(0)
        SCREENSHOTS.mkdir(exist_ok=True)
        whole = self.page.locator("dialog[open]").count() == 0
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{self.view}.png", full_page=whole)
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        violations = {one["id"]: [node["html"][:200] for node in one["nodes"]] for one in found["violations"]}
        assert violations == {}, f"{name} {self.view}"
        root = "document.documentElement"
        widest = self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
        assert widest <= 0, f"{name} {self.view} is {widest} px too wide"

    def watch(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.page.on("request", lambda request: self._asked(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.faults.append(message.text)

    def _asked(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.netloc != urlsplit(self.gateway).netloc:
            self.faults.append(f"request to another host: {address}")


@dataclass
class Portal:
    """The portal of a platform in one browser."""

    platform: RunningPlatform
    browser: Browser
    # The issuer's session of each account, so that each uses the sign-in form only once.
    _remembered: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def visit(
        self, username: str | None, address: str, view: View = DESK_VI, **options: Any
    ) -> Iterator[Visit]:
        """A new window; options: of Playwright's new_context."""
        context = self.browser.new_context(
            viewport={"width": view.width, "height": view.height},
            storage_state=self._remembered.get(username or ""),
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        try:
            visit = Visit(context.new_page(), view, self.platform.gateway)
            visit.watch()
            to = f"/sign-in?to={address}" if username and username not in self._remembered else address
            visit.page.goto(f"{self.platform.gateway}/?lang={view.language}#{to}")
            if username is not None:
                self._signed_in(visit.page, context, username)
            yield visit
            assert visit.faults == []
        finally:
            context.close()

    def _signed_in(self, page: Page, context: BrowserContext, username: str) -> None:
        if username not in self._remembered:
            page.locator("#username").fill(username)
            page.locator("#password").fill(PASSWORD)
            page.keyboard.press("Enter")
        page.locator("header .account").wait_for()
        self._remembered[username] = context.storage_state()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no Chromium on PATH")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def portal(seeded_platform: RunningPlatform, browser: Browser) -> Portal:
    return Portal(seeded_platform, browser)
