"""A real browser for tests: Debian's `chromium`, Chrome, or the Chromium that `playwright install` fetches."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE_MS = 60_000
"""A loaded computer takes its time; what is never going to happen fails all the same."""

# Chromium refuses to run as root with its sandbox, and would otherwise call home in the background.
FLAGS = ["--no-sandbox", "--disable-background-networking"]


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser; skips the test where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the page is not tried")
    api.expect.set_options(timeout=PATIENCE_MS)
    with api.sync_playwright() as driver:
        names = ("chromium", "chromium-browser", "google-chrome", "chrome")
        found = next(filter(None, map(shutil.which, names)), driver.chromium.executable_path)
        if not Path(found).exists():
            pytest.skip("no Chromium on this computer: the page is not tried in a browser")
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def tab(browser: Any, link: str, expected: str | None = None, **options: Any) -> Iterator[Any]:
    """An opened page; fails on any error in the browser's console, such as a violation of the page's policy.

    expected: what an error may hold, such as the status of a refusal that a test provokes.
    """
    context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **options})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(link)
    yield page
    context.close()
    assert [error for error in errors if expected is None or expected not in error] == []
