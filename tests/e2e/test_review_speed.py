"""The review page with ten thousand photos, and how quick it is."""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import browsing
from review_tab import expect, go, press, ready_at, shown_in

pytestmark = pytest.mark.browser
timed = pytest.mark.timed

PIXEL = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x80\x80\x80\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
PIXEL += b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
BUDGET_MS = 100
ATTEMPTS = 25


def many(answer: dict[str, Any], count: int) -> dict[str, Any]:
    """The shoot with so many photos of all shapes."""
    shapes = [(3000, 2000), (2000, 3000), (4000, 3000), (5000, 1500), (2000, 2000)]
    made = []
    for i in range(count):
        row = answer["photos"][i % len(answer["photos"])]
        width, height = shapes[i * i % len(shapes)]
        name = f"MANY_{i:05}.JPG"
        made.append(
            {
                **row,
                "id": f"{i:032x}",
                "name": name,
                "path": name,
                "group": None,
                "width": width,
                "height": height,
                "time": None,
            }
        )
    return {**answer, "photos": made, "groups": []}


SCROLL = """async ([steps, by]) => {
    const grid = document.getElementById("grid");
    const frames = [];
    let most = 0;
    for (let i = 0; i < steps; i++) {
        const from = performance.now();
        grid.scrollTop += by;
        await new Promise((next) => requestAnimationFrame(next));
        frames.push(performance.now() - from);
        most = Math.max(most, grid.querySelectorAll(".cell").length);
    }
    frames.sort((a, b) => a - b);
    return {most, median: frames[steps >> 1], top: grid.scrollTop};
}"""


def least(measure: Callable[[], float], budget: float = BUDGET_MS) -> float:
    """The least of several measurements, or the first within the budget: other programs only add to them."""
    found = math.inf
    for _ in range(ATTEMPTS):
        found = min(found, measure())
        if found < budget:
            break
    return found


@contextmanager
def large(chromium: Any, link: str) -> Iterator[tuple[Any, list[str]]]:
    """The shoot as if it had ten thousand photos, and which pictures were asked for."""
    with browsing.tab(chromium, "about:blank") as tab:
        asked: list[str] = []
        tab.route("**/api/shoots/*", lambda route: route.fulfill(json=many(route.fetch().json(), 10_000)))

        def grey(route: Any) -> None:
            asked.append(route.request.url)
            route.fulfill(body=PIXEL, content_type="image/gif")

        tab.route("**/image/thumb.jpg", grey)
        ready_at(tab, link)
        expect(tab.locator("#shown")).to_have_text("10,000 photos")
        yield tab, asked


def test_ten_thousand_photos_scroll(chromium: Any, link: str) -> None:
    with large(chromium, link) as (tab, _):
        slow, fast = tab.evaluate(SCROLL, [40, 60]), tab.evaluate(SCROLL, [60, 4000])
        assert max(slow["most"], fast["most"]) < 200
        press(tab, "End")
        expect(tab.locator("#grid .current")).to_have_attribute("aria-posinset", "10000")
        assert tab.locator("#grid .current").is_visible()
        expect(tab.locator("#grid .current img")).to_have_attribute("src", re.compile("thumb"))
        press(tab, "Home", "Control+a")
        expect(tab.locator("#shown")).to_have_text("10,000 selected of 10,000 photos")


@timed
def test_ten_thousand_photos_scroll_smoothly(chromium: Any, link: str) -> None:
    with large(chromium, link) as (tab, asked):
        assert least(lambda: float(tab.evaluate(SCROLL, [20, 60])["median"])) < BUDGET_MS

        def flown_past() -> float:
            tab.evaluate("document.getElementById('grid').scrollTop = 0")
            asked.clear()
            tab.evaluate(SCROLL, [20, 4000])  # some two thousand photos
            return float(len(asked))

        assert least(flown_past, 100) < 100, "pictures that fly past are not fetched"


NEXT = """async () => {
    const pane = document.querySelector("#stage .pane");
    const before = pane.dataset.pid;
    const from = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
    while (pane.dataset.pid === before) await new Promise((next) => setTimeout(next));
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    return performance.now() - from;
}"""
AHEAD = """async () => {
    const {fit} = await import("/static/review/images.js");
    const place = (frame) => frame.getBoundingClientRect().left;
    const current = document.querySelector("#strip .current");
    const next = [...document.querySelectorAll("#strip .frame")].find((frame) => place(frame) > place(current) + 1
        && place(frame) < place(current) + 100);
    return fit.ready(next.dataset.pid) !== null;
}"""
MORE = """() => {
    const [place, count] = document.getElementById("position").textContent.match(/\\d+/g).map(Number);
    return place < count;
}"""
MARK = """async () => {
    const from = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "m", bubbles: true}));
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    return [performance.now() - from, document.querySelector("#deck-letter").className];
}"""


@timed
def test_the_next_photo_within_a_tenth_of_a_second(tab: Any) -> None:
    go(tab, "KPR_0001")
    press(tab, "e")
    shown_in(tab)

    def step() -> float:
        if not tab.evaluate(MORE):
            press(tab, "Home")
            shown_in(tab)
        tab.wait_for_function(AHEAD)  # a look at the photo, in which its neighbours are fetched
        return float(tab.evaluate(NEXT))

    assert least(step) < BUDGET_MS


@timed
@pytest.mark.parametrize("view", ["g", "e", "c"])
def test_every_key_within_a_tenth_of_a_second(tab: Any, view: str) -> None:
    go(tab, "KPR_0001")
    press(tab, view)

    def key() -> float:
        took, letter = tab.evaluate(MARK)
        assert letter == "letter maybe chosen"
        press(tab, "u")
        return float(took)

    assert least(key) < BUDGET_MS
