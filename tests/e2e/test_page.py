"""The page in a real browser: Debian's `chromium`, Chrome, or the Chromium that `playwright install` fetches."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import browsing
import keepers
import web_fakes
from keepers.types import LABELS, Opinion
from keepers.web import create_app
from keepers.web.security import Keys

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the page is not tried")
pytestmark = pytest.mark.browser

MODEL = Path(keepers.__file__).parent / "models" / "data" / "classifier.onnx"
PREVIEW = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@dataclass
class Judge:
    """Fake opinions that take as long as the test says, and remember how many were wanted at once."""

    delays: dict[str, float] = field(default_factory=dict)
    now: int = 0
    most: int = 0
    names: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def assess(self, name: str, data: bytes) -> Opinion:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.names.append(name)
        time.sleep(self.delays.get(name, 0))
        with self.lock:
            self.now -= 1
        return web_fakes.assess(name, data)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def tab(chromium: Any, judge: Judge) -> Iterator[Any]:
    """The opened page; fails the test on any error in the browser's console, such as a policy violation."""
    keys = Keys()
    app = create_app(
        judge.assess,
        preview=lambda name, data: PREVIEW,
        keys=keys,
        body_limit=2 * 1024**2,
    )
    with web_fakes.running(app) as port:
        yield from opened(chromium, f"http://127.0.0.1:{port}/?token={keys.link}")


def opened(chromium: Any, link: str) -> Iterator[Any]:
    with browsing.tab(chromium, link, viewport={"width": 1024, "height": 768}, color_scheme="light") as page:
        yield page


def photo(path: Path, shade: int = 128) -> Path:
    ramp = np.linspace(0, shade, 96, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    made, data = cv2.imencode(".jpg", np.dstack([np.tile(ramp, (64, 1))] * 3))
    assert made
    path.write_bytes(data.tobytes())
    return path


def cards(tab: Any, count: int) -> Any:
    found = tab.locator("#cards > li")
    playwright.expect(found).to_have_count(count)
    return found


def choose(tab: Any, *paths: Path) -> None:
    tab.set_input_files("#files", list(paths))


def test_cards_show_label_probabilities_reasons_in_the_order_they_finish(
    tab: Any, judge: Judge, tmp_path: Path
) -> None:
    judge.delays = {"good1.jpg": 1.0, "shaken2.jpg": 0.4}
    choose(tab, *(photo(tmp_path / name) for name in ("good1.jpg", "shaken2.jpg", "blurred3.jpg")))
    found = cards(tab, 3)
    assert found.locator(".name").all_inner_texts() == ["blurred3.jpg", "shaken2.jpg", "good1.jpg"]
    shaken = found.nth(1)
    assert shaken.locator(".letter").inner_text() == "M"
    assert shaken.locator(".label").inner_text() == "Maybes · Camera shake"
    assert shaken.locator(".classes dt").all_inner_texts() == [name.replace("_", " ").capitalize() for name in LABELS]
    assert shaken.locator(".classes .percent").all_inner_texts()[2] == "83%"
    assert "as from a moving hand" in shaken.locator(".reasons li").first.inner_text()
    assert shaken.locator("img").evaluate("image => [image.complete, image.naturalWidth > 0]") == [True, True]
    shaken.locator("summary").click()
    assert shaken.locator(".flaws .most dt").all_inner_texts() == ["Camera shake", "Underexposed"]
    assert "3 photos in" in tab.locator("#status").inner_text()


def test_few_photos_are_sent_at_a_time(tab: Any, judge: Judge, tmp_path: Path) -> None:
    photos = [photo(tmp_path / f"good{i}.jpg") for i in range(8)]
    judge.delays = {path.name: 0.1 for path in photos}
    choose(tab, *photos)
    cards(tab, 8)
    assert 2 <= judge.most <= 3


def test_wrong_files_get_a_sentence_and_do_not_stop_the_rest(tab: Any, judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "huge.tif").write_bytes(bytes(2 * 1024**2 + 1))
    choose(tab, *(tmp_path / name for name in ("notes.txt", "empty.jpg", "huge.tif")), photo(tmp_path / "good.jpg"))
    found = cards(tab, 4)
    said = dict(zip(found.locator(".name").all_inner_texts(), found.locator(".reasons").all_inner_texts(), strict=True))
    assert said["notes.txt"] == "notes.txt is not a photo that keepers can read."
    assert said["empty.jpg"] == "The file is empty."
    assert said["huge.tif"] == "The file is larger than 2 MB, the most that keepers looks at."
    assert said["good.jpg"].startswith("The sharpest part")
    assert sorted(judge.names) == ["good.jpg", "notes.txt"]
    assert tab.get_by_role("button", name="Not judged 3").is_visible()


def test_a_format_the_browser_cannot_show_gets_the_servers_preview(tab: Any, tmp_path: Path) -> None:
    (tmp_path / "good.heic").write_bytes(b"not for browsers")
    choose(tab, tmp_path / "good.heic")
    assert cards(tab, 1).locator("img").get_attribute("src") == PREVIEW


def test_chips_count_and_filter_by_keyboard(tab: Any, tmp_path: Path) -> None:
    choose(tab, *(photo(tmp_path / name) for name in ("good1.jpg", "good2.jpg", "blurred1.jpg")))
    found = cards(tab, 3)
    deleted = tab.get_by_role("button", name="To be Deleted 1")
    deleted.focus()
    tab.keyboard.press("Enter")
    assert deleted.get_attribute("aria-pressed") == "true"
    assert [one.is_visible() for one in found.all()].count(True) == 1
    choose(tab, photo(tmp_path / "good4.jpg"))
    cards(tab, 4)
    assert [one.is_visible() for one in found.all()].count(True) == 1
    tab.get_by_role("button", name="Maybes 0").press("Space")
    assert tab.get_by_text("No photo here has this verdict.").is_visible()
    tab.get_by_role("button", name="All 4").press("Enter")
    assert [one.is_visible() for one in found.all()].count(True) == 4


def test_clear_forgets_also_what_is_on_its_way(tab: Any, judge: Judge, tmp_path: Path) -> None:
    judge.delays = {"good2.jpg": 0.6}
    choose(tab, photo(tmp_path / "good1.jpg"), photo(tmp_path / "good2.jpg"))
    cards(tab, 1)
    tab.get_by_role("button", name="Clear").click()
    assert tab.get_by_text("Drop photos or a folder here").is_visible()
    assert tab.evaluate("document.activeElement.id") == "choose"
    choose(tab, photo(tmp_path / "blurred3.jpg"))
    playwright.expect(tab.locator("#status")).to_contain_text("1 photo in")
    time.sleep(0.7)
    assert cards(tab, 1).locator(".name").inner_text() == "blurred3.jpg"


def test_a_folder_gives_its_photos_once(tab: Any, judge: Judge, tmp_path: Path) -> None:
    for name in ("a/good10.jpg", "a/good2.jpg", "a/good2.NEF", "b/good3.cr3", "b/.hidden.jpg", "@eaDir/good.jpg"):
        photo(tmp_path / "shoot" / name)
    (tmp_path / "shoot" / "notes.txt").write_text("not looked at")
    tab.set_input_files("#folder", tmp_path / "shoot")
    cards(tab, 3)
    assert sorted(judge.names) == ["good10.jpg", "good2.jpg", "good3.cr3"]
    assert tab.get_by_role("alert").inner_text() == "1 RAW file is judged by the JPEG of the same name."
    tab.get_by_role("button", name="Dismiss").click()
    assert not tab.locator("#note").is_visible()


def test_photos_can_be_dropped(tab: Any, tmp_path: Path) -> None:
    data = tab.evaluate_handle(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "good.jpg", {type: "image/jpeg"}));
            return data;
        }""",
        list(photo(tmp_path / "good.jpg").read_bytes()),
    )
    tab.dispatch_event("body", "dragenter", {"dataTransfer": data})
    assert "dropping" in (tab.locator("body").get_attribute("class") or "")
    tab.dispatch_event("body", "drop", {"dataTransfer": data})
    assert cards(tab, 1).locator(".name").inner_text() == "good.jpg"
    assert "dropping" not in (tab.locator("body").get_attribute("class") or "")


def test_the_token_leaves_the_address_and_reloading_works(tab: Any) -> None:
    assert tab.evaluate("location.search") == ""
    tab.reload()
    assert tab.get_by_role("button", name="Choose photos").is_visible()
    assert "keepers-" not in tab.evaluate("document.cookie")


@pytest.mark.parametrize("width", [320, 360, 768, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_any_width_and_either_theme(tab: Any, tmp_path: Path, width: int, scheme: str) -> None:
    tab.set_viewport_size({"width": width, "height": 700})
    tab.emulate_media(color_scheme=scheme)
    (tmp_path / f"{'long' * 40}.txt").write_text("x")
    choose(tab, photo(tmp_path / "shaken.jpg"), tmp_path / f"{'long' * 40}.txt")
    cards(tab, 2)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate("document.documentElement.dataset.bsTheme") == scheme
    colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    level = int(colour.removeprefix("rgb(").split(",")[0])
    assert (level > 128) == (scheme == "light")


def test_a_server_that_stopped_is_said_once(chromium: Any, judge: Judge, tmp_path: Path) -> None:
    keys = Keys()
    app = create_app(judge.assess, keys=keys)
    context = chromium.new_context()
    page = context.new_page()
    with web_fakes.running(app) as port:
        page.goto(f"http://127.0.0.1:{port}/?token={keys.link}")
    choose(page, *(photo(tmp_path / f"good{i}.jpg") for i in range(9)))
    playwright.expect(page.get_by_role("alert")).to_contain_text("keepers no longer answers")
    cards(page, 0)
    context.close()


@pytest.mark.skipif(not MODEL.exists(), reason="the packaged model is not here: only fakes judge the page's photos")
def test_with_the_real_model(chromium: Any, tmp_path: Path) -> None:
    keys = Keys()
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "dark.png"), noise // 16)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    with web_fakes.running(create_app(keys=keys)) as port:
        for page in opened(chromium, f"http://127.0.0.1:{port}/?token={keys.link}"):
            choose(page, tmp_path / "dark.png", tmp_path / "broken.jpg")
            found = cards(page, 2)
            dark = found.filter(has_text="dark.png")
            assert dark.locator(".classes dt").count() == len(LABELS)
            assert dark.locator(".letter").inner_text() in "KMD"
            broken = found.filter(has_text="broken.jpg")
            assert broken.locator(".letter").first.inner_text() == "!"
            assert "broken.jpg" in broken.locator(".reasons").inner_text()
