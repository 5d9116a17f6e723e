"""Photograph the page for docs/serve.md: `python docs/images/serve.py`. Needs playwright and a Chromium.

The page judges the sample shoot with this very version; run it after the page, the model or the calibration changed.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from keepers import sample
from keepers.web import create_app, server
from keepers.web.page import Assess
from keepers.web.security import Keys

HERE = Path(__file__).parent
SHOTS = (("serve.jpg", 1200, 800, "light"), ("serve-phone.jpg", 360, 740, "dark"))


@contextmanager
def running(assess: Assess | None) -> Iterator[str]:
    """The link of a page that is served for as long as this program runs."""
    keys = Keys()
    listener = server.listen("127.0.0.1", 0)
    served = server.make_server(create_app(assess, keys=keys), listener)
    threading.Thread(target=served.run, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/?token={keys.link}"


def photograph(browser: Browser, link: str, photos: list[Path]) -> None:
    """Write every picture of SHOTS."""
    for name, width, height, scheme in SHOTS:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(link)
        page.set_input_files("#files", photos)
        page.locator("#cards > li").nth(len(photos) - 1).wait_for()
        page.wait_for_timeout(500)
        page.screenshot(path=HERE / name, type="jpeg", quality=82)
        page.close()


def draw(assess: Assess | None = None) -> None:
    """Judge the sample shoot in the page and photograph it."""
    with tempfile.TemporaryDirectory() as folder, running(assess) as link, sync_playwright() as driver:
        photos = sample.make(Path(folder) / "shoot")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        photograph(browser, link, photos)
        browser.close()


if __name__ == "__main__":
    draw()
