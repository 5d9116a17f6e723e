"""Photograph the review page for docs/review.md: `python docs/images/review.py`. Needs playwright and a Chromium.

The sample shoot is culled with this very version; run it after the page, the model or the calibration changed.
"""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from keepers import sample
from keepers.app.review import Desk
from keepers.web import create_app, server
from keepers.web.security import Keys

HERE = Path(__file__).parent
WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}


@contextmanager
def reviewed(place: Path) -> Iterator[str]:
    """The link of the sample shoot under review, for as long as this program runs."""
    sample.make(place / "sample-shoot")
    desk, keys = Desk(catalog=place / "catalog.db"), Keys()
    shoot = desk.open(place / "sample-shoot")
    while shoot.state == "culling":
        time.sleep(0.1)
    listener = server.listen("127.0.0.1", 0)
    served = server.make_server(create_app(keys=keys, desk=desk, first=shoot.id), listener)
    threading.Thread(target=served.run, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/?token={keys.link}"
    desk.close()


def opened(browser: Browser, link: str, options: dict[str, Any]) -> Any:
    """The grid, with its pictures there."""
    page = browser.new_page(color_scheme="dark", **options)
    page.goto(link)
    page.locator("#grid .cell").first.wait_for()
    page.wait_for_load_state("load")
    page.wait_for_timeout(4000)
    return page


def go(page: Any, name: str) -> None:
    """Make a photo the current one."""
    page.locator("#grid .cell", has=page.locator(f"text={name}")).first.click()


def keep(page: Any, name: str) -> None:
    """Write a picture of what the page shows, once all is there."""
    page.wait_for_timeout(2500)
    page.screenshot(path=HERE / f"review-{name}.jpg", type="jpeg", quality=84)


def photograph(browser: Browser, link: str) -> None:
    """Write the five pictures, in the course of a session."""
    page = opened(browser, link, WIDE)
    for key in (
        "Home",
        "p",
        "5",
        "ArrowRight",
        "ArrowRight",
        "p",
        "ArrowRight",
        "x",
        "ArrowRight",
        "x",
        "ArrowRight",
        "x",
    ):
        page.keyboard.press(key)
    keep(page, "grid")
    go(page, "KPR_0001")
    page.keyboard.press("e")
    page.keyboard.press("o")
    keep(page, "loupe")
    page.keyboard.press("o")
    page.keyboard.press("c")
    keep(page, "compare")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator(".row-1 [data-do=export]").click()
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Nothing has been changed yet.").wait_for()
    keep(page, "export")
    page.close()
    page = opened(browser, link, PHONE)
    keep(page, "phone")
    page.close()


def draw() -> None:
    """Cull the sample shoot, open it in the page and photograph it."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KEEPERS_CACHE"] = str(Path(folder) / "cache")
        with reviewed(Path(folder)) as link, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            photograph(browser, link)
            browser.close()


if __name__ == "__main__":
    draw()
