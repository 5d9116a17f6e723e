"""How the review page comes up: photos at once, verdicts when they are there, and nothing moves meanwhile."""

import threading
from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import pytest

import browsing
from keepers.app.review import table
from review_served import Served
from review_world import PictureWorld, picture_world

pytestmark = pytest.mark.browser

EVERY = "() => [...document.querySelectorAll('#grid .letter')].every((one) => %s)"
LOADED = "() => [...document.querySelectorAll('#grid img')].every((img) => img.src && img.complete)"
SEEN = """() => [...document.querySelectorAll('#grid .cell')].map((cell) => [
    cell.dataset.pid, cell.style.transform, cell.style.width, cell.querySelector('img').src])"""
LETTERS = "() => [...document.querySelectorAll('#grid .cell .letter')].map((one) => one.textContent)"
TOP = "() => document.getElementById('grid').scrollTop"


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect as expecting

    expecting.set_options(timeout=20_000)
    return expecting(locator)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PictureWorld]:
    with picture_world(tmp_path) as here:
        yield here


class Gate:
    """Photos are judged when it is open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        judge = table.Table.of

        def waiting(*args: Any, **more: Any) -> table.Table:
            assert self.open.wait(300)
            return judge(*args, **more)

        monkeypatch.setattr(table.Table, "of", waiting)


def test_photos_come_first_and_verdicts_move_nothing(
    chromium: Any, world: PictureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.take(*(f"{kind}{letter}.jpg" for letter in ascii_uppercase for kind in ("soft", "well")), "bad.jpg")
    world.cull()
    gate = Gate(monkeypatch)
    with Served(world.shoot, world.catalog) as served, browsing.tab(chromium, served.link) as tab:
        tab.set_viewport_size({"width": 500, "height": 500})
        tab.locator("#grid .cell").first.wait_for()
        assert tab.locator("#decided").inner_text() == "Comparing the photos…"
        assert set(tab.evaluate(LETTERS)) - {"!"} == {"·"}
        # A person need not wait.
        tab.locator("#grid").focus()
        tab.keyboard.press("ArrowRight")
        tab.keyboard.press("p")
        expect(tab.locator("#grid .current .letter")).to_have_class("letter keep chosen")
        decided = tab.locator("#grid .current").get_attribute("data-pid")
        tab.evaluate("() => document.getElementById('grid').scrollTo(0, 700)")
        tab.wait_for_function(LOADED)
        before, top = tab.evaluate(SEEN), tab.evaluate(TOP)
        assert top > 300 and len(before) > 6
        gate.open.set()
        tab.wait_for_function(EVERY % "one.textContent !== '·'")
        assert (tab.evaluate(SEEN), tab.evaluate(TOP)) == (before, top)
        assert set(tab.evaluate(LETTERS)) == {"D"}
        expect(tab.locator("#decided")).to_have_text("1 of 52 decided")
        assert served.desk is not None
        rows = {row["id"]: row for row in served.desk.open(world.shoot).rows()}
        assert rows[decided]["choice"] == "keep"


def test_an_order_by_verdicts_that_was_asked_for_comes_with_them(
    chromium: Any, world: PictureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.take("soft1.jpg", "well1.jpg", "soft2.jpg", "well2.jpg")
    world.cull()
    gate = Gate(monkeypatch)
    with Served(world.shoot, world.catalog) as served, browsing.tab(chromium, served.link) as tab:
        tab.locator("#grid .cell").first.wait_for()
        tab.locator("[data-pile=delete]").click()
        expect(tab.locator("#grid .cell")).to_have_count(0)
        gate.open.set()
        expect(tab.locator("#grid .cell")).to_have_count(2)
        assert tab.evaluate(LETTERS) == ["D", "D"]


def test_new_photos_come_while_others_are_still_culled(
    chromium: Any, world: PictureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keepers.app import culling

    monkeypatch.setattr(culling, "CHUNK", 3)
    more, slowly = threading.Event(), world.report

    def report(source: Any) -> Any:
        assert source.path.name < "d" or more.wait(300)
        return slowly(source)

    monkeypatch.setattr(world, "report", report)
    world.take("a1.jpg", "b1.jpg", "c1.jpg", "d1.jpg", "e1.jpg")
    with Served(world.shoot, world.catalog) as served, browsing.tab(chromium, served.link) as tab:
        expect(tab.locator("#grid .cell")).to_have_count(3)
        expect(tab.locator("#decided")).to_have_text("Culling: 3 of 5")
        assert set(tab.evaluate(LETTERS)) == {"·"}
        tab.locator("#grid .cell img").first.wait_for()
        tab.locator("#grid .cell").nth(1).click()
        current = tab.locator("#grid .current").get_attribute("data-pid")
        more.set()
        expect(tab.locator("#grid .cell")).to_have_count(5)
        tab.wait_for_function(EVERY % "one.textContent === 'K'")
        assert tab.locator("#grid .current").get_attribute("data-pid") == current
