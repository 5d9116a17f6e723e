"""The review page in a real browser, on a real server and catalog: what a photographer does, by keys and by hand."""

import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import browsing
from keepers import sample
from review_served import Served

pytestmark = pytest.mark.browser
PIXEL = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x80\x80\x80\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
PIXEL += b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
BUDGET_MS = 100


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sample shoot under review, culled once for all tests."""
    place = tmp_path_factory.mktemp("review")
    sample.make(place / "shoot")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEEPERS_CACHE", str(place / "cache"))
        with Served(place / "shoot", place / "catalog.db") as running:
            running.wait()
            yield running


@pytest.fixture
def link(served: Served) -> str:
    """The link of the shoot, of which nothing is decided."""
    served.forget()
    return served.link


@pytest.fixture
def tab(chromium: Any, link: str) -> Iterator[Any]:
    with browsing.tab(chromium, link) as opened:
        yield ready(opened)


def ready(tab: Any) -> Any:
    tab.locator("#grid .cell").first.wait_for()
    tab.locator("#grid").focus()
    return tab


def press(tab: Any, *keys: str) -> None:
    for key in keys:
        tab.keyboard.press(key)


def shoot(tab: Any) -> dict[str, Any]:
    """What the server has stored, asked for by the browser itself."""
    answer = tab.evaluate("fetch(`/api/shoots/${document.body.dataset.shoot}`).then((r) => r.json())")
    assert isinstance(answer, dict)
    return answer


def rows(tab: Any) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in shoot(tab)["photos"]}


def settled(tab: Any) -> None:
    """Wait until everything that was chosen is on the disk."""
    expect(tab.locator("#grid .unsaved")).to_have_count(0)
    tab.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('keepers-queue'))")


def current(tab: Any) -> str:
    return str(tab.locator("#deck-name").inner_text())


def go(tab: Any, name: str) -> None:
    tab.locator("#grid .cell", has=tab.locator(f"text={name}")).first.click()


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect as expecting

    return expecting(locator)


def shown_in(tab: Any, stage: str = "#stage") -> str:
    """The id of the photo in sight, once it is the one that is wanted."""
    tab.wait_for_function(
        """([stage]) => {
            const pane = document.querySelector(stage + ' .pane');
            const row = document.querySelector('#grid .current');
            return pane?.dataset.pid && (!row || pane.dataset.pid === row.dataset.pid);
        }""",
        arg=[stage],
    )
    return str(tab.locator(f"{stage} .pane").get_attribute("data-pid"))


def test_a_whole_session_by_keys_alone(tab: Any) -> None:
    before = rows(tab)
    wanted: dict[str, str] = {}
    press(tab, "Home", "a", "Enter")
    for _ in before:
        name = current(tab)
        shown_in(tab)
        key = {"keep": "p", "delete": "x"}.get(before[name]["machine"], "m")
        wanted[name] = {"p": "keep", "x": "delete", "m": "maybe"}[key]
        press(tab, key)
    assert set(wanted) == set(before)
    press(tab, "g")
    settled(tab)
    assert {name: row["choice"] for name, row in rows(tab).items()} == wanted
    assert tab.locator("#decided").inner_text() == f"{len(before)} of {len(before)} decided"
    press(tab, "n")
    expect(tab.locator("#note")).to_have_text("Every photo is decided.")


def test_undo_and_redo_of_choices_stars_and_colours(tab: Any) -> None:
    name = current(tab)
    press(tab, "x", "4", "7")
    settled(tab)
    decided = rows(tab)[name]
    assert (decided["choice"], decided["stars"], decided["colour"]) == ("delete", 4, "yellow")
    press(tab, "Control+z", "Control+z", "Control+z")
    expect(tab.locator("#redo")).to_be_enabled()
    expect(tab.locator("#decided")).to_have_text(re.compile("^0 of"))
    settled(tab)
    undone = rows(tab)[name]
    assert (undone["choice"], undone["stars"], undone["colour"]) == (None, 0, "")
    press(tab, "Control+Shift+z", "Control+y")
    expect(tab.locator("#grid .current .stars")).to_have_text("★★★★")
    settled(tab)
    assert rows(tab)[name]["choice"] == "delete"


def test_one_letter_says_whose_opinion_it_is(tab: Any) -> None:
    letter = tab.locator("#grid .current .letter")
    proposed = letter.inner_text()
    assert "chosen" not in (letter.get_attribute("class") or "")
    press(tab, "x")
    expect(letter).to_have_text("D")
    expect(letter).to_have_class("letter delete chosen")
    press(tab, "u")
    expect(letter).to_have_text(proposed)
    assert "decided" not in (tab.locator("#grid .current").get_attribute("aria-label") or "")


def test_a_photo_that_no_longer_passes_stays_until_the_filter_is_set_again(tab: Any) -> None:
    chip = tab.locator("[data-pile=undecided]")
    chip.click()
    count = tab.locator("#grid .cell").count()
    press(tab, "p")
    expect(chip.locator(".count")).to_have_text(str(count - 1))
    assert tab.locator("#grid .cell").count() == count
    chip.click()
    expect(tab.locator("#grid .cell")).to_have_count(count - 1)


def test_the_zoomed_place_is_kept_from_photo_to_photo(tab: Any) -> None:
    go(tab, "KPR_0001")
    press(tab, "e")
    shown_in(tab)
    place = "() => document.querySelector('#stage .sheet').style.transform"
    whole = tab.evaluate(place)
    tab.locator("#stage .pane").click(position={"x": 200, "y": 150})
    press(tab, "z", "z")  # out, and back to the same place
    zoomed = tab.evaluate(place)
    assert tab.locator("#stage .pane.zoomed").count() == tab.locator("#stage .pane").count()
    assert zoomed != whole
    for _ in range(3):
        press(tab, "ArrowRight")
        shown_in(tab)
        assert tab.evaluate(place) == zoomed
    press(tab, "Escape")
    assert tab.locator("#stage .pane.zoomed").count() == 0
    press(tab, "Escape")
    assert tab.evaluate("document.activeElement.id") == "grid"


def test_a_burst_is_compared_with_all_frames_moving_together(tab: Any) -> None:
    go(tab, "KPR_0001")
    press(tab, "c")
    group = next(group for group in shoot(tab)["groups"] if group["id"] == rows(tab)["KPR_0001.JPG"]["group"])
    panes = tab.locator("#panes .frame")
    expect(panes).to_have_count(len(group["members"]))
    expect(tab.locator("#panes .pane[data-pid]")).to_have_count(len(group["members"]))
    assert tab.locator("#panes .frame.best").count() == (group["best"] is not None)
    tab.locator("#panes .pane").first.click(position={"x": 60, "y": 60})
    places = "() => [...document.querySelectorAll('#panes .sheet')].map((sheet) => sheet.style.transform)"
    zoomed = tab.evaluate(places)
    assert len(set(zoomed)) == 1
    box = tab.locator("#panes .pane").nth(1).bounding_box()
    tab.mouse.move(box["x"] + 100, box["y"] + 100)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 60, box["y"] + 80, steps=4)
    tab.mouse.up()
    panned = tab.evaluate(places)
    assert len(set(panned)) == 1
    assert panned != zoomed
    keeper = current(tab)
    press(tab, "Shift+P", "Escape", "Escape")
    settled(tab)
    members = {name: row["choice"] for name, row in rows(tab).items() if row["group"] == group["id"]}
    assert members.pop(keeper) == "keep"
    assert set(members.values()) == {"delete"}


def test_stacks_show_each_burst_once(tab: Any) -> None:
    told = shoot(tab)
    grouped = [row for row in told["photos"] if row["group"] is not None]
    press(tab, "s")
    expect(tab.locator("#grid .cell")).to_have_count(len(told["photos"]) - len(grouped) + len(told["groups"]))
    expect(tab.locator("#grid .stack:visible")).to_have_count(len(told["groups"]))
    press(tab, "s")
    expect(tab.locator("#grid .cell")).to_have_count(len(told["photos"]))


def test_proposals_of_a_filter_are_accepted_after_a_look_at_the_numbers(tab: Any) -> None:
    tab.locator("[data-pile=delete]").click()
    count = int(tab.locator("[data-pile=delete] .count").inner_text())
    assert count > 0
    tab.locator(".row-1 > .acts [data-do=accept]").click()
    dialog = tab.get_by_role("dialog", name="Accept the proposals?")
    assert dialog.locator(".piles strong").all_inner_texts() == ["0", "0", str(count)]
    press(tab, "Enter")
    expect(dialog).to_have_count(0)
    settled(tab)
    assert [row["choice"] for row in rows(tab).values()].count("delete") == count
    press(tab, "Control+z")
    expect(tab.locator("#decided")).to_have_text(re.compile("^0 of"))
    assert [row["choice"] for row in rows(tab).values()].count("delete") == 0


def test_export_shows_first_and_writes_then_and_takes_back(tab: Any, served: Served) -> None:
    def sidecars() -> list[str]:
        return sorted(path.name for path in served.folder.glob("*.xmp"))

    tab.locator(".row-1 > .acts [data-do=export]").click()
    tab.get_by_role("button", name="What would be written?").click()
    expect(tab.get_by_text("Nothing has been written yet.")).to_be_visible()
    planned = tab.locator(".planned .path").count()
    assert planned > 0
    assert sidecars() == []
    tab.get_by_role("dialog").get_by_role("button", name="Export").click()
    expect(tab.get_by_role("button", name="Undo this export")).to_be_visible()
    assert len(sidecars()) == planned
    tab.get_by_role("button", name="Undo this export").click()
    expect(tab.get_by_text("The export is taken back.")).to_be_visible()
    assert sidecars() == []


def test_a_blind_check_hides_the_verdicts_and_gives_an_interval(tab: Any) -> None:
    tab.get_by_role("button", name="More").click()
    tab.get_by_role("button", name="Check keepers blindly").click()
    expect(tab.locator("#audited")).to_contain_text("1 of")
    count = int(tab.locator("#audited").inner_text().split()[-1])
    assert tab.locator(".view.audit .letter:visible").count() == 0
    assert not tab.locator("#deck").is_visible()
    for _ in range(count):
        press(tab, "p")
    dialog = tab.get_by_role("dialog", name="What the check found")
    expect(dialog.locator(".share").first).to_have_text("100 %")  # every rejected one would be kept
    assert "100.0 %" in dialog.locator(".finding").first.inner_text()
    press(tab, "Escape")
    assert all(row["choice"] is None for row in rows(tab).values())


def test_two_tabs_stay_in_step(tab: Any) -> None:
    other = ready_at(tab.context.new_page(), tab.url)
    press(tab, "Home", "x", "5")
    expect(other.locator("#grid .cell").first.locator(".letter")).to_have_class("letter delete chosen")
    expect(other.locator("#grid .cell").first.locator(".stars")).to_have_text("★★★★★")
    press(other, "Control+z", "Control+z")
    expect(tab.locator("#grid .cell").first.locator(".stars")).to_have_text("")
    expect(tab.locator("#decided")).to_have_text(re.compile("^0 of"))


def ready_at(tab: Any, url: str) -> Any:
    tab.goto(url)
    return ready(tab)


@pytest.mark.parametrize("anew", [False, True], ids=["the same server", "a server with other secrets"])
def test_choices_wait_for_a_server_that_is_gone(chromium: Any, served: Served, link: str, anew: bool) -> None:
    context = chromium.new_context()
    tab = ready_at(context.new_page(), link)
    name = current(tab)
    served.stop()
    press(tab, "x", "3")
    expect(tab.locator("#trouble")).to_contain_text("Waiting in this browser until it is back: 2 changes.")
    expect(tab.locator("#grid .current")).to_have_class("cell chosen current rejected unsaved")
    if anew:
        tab.close()
    served.start(anew=anew)
    served.wait()
    if anew:
        tab = ready_at(context.new_page(), served.link)
    expect(tab.locator("#trouble")).to_be_hidden()
    settled(tab)
    assert (rows(tab)[name]["choice"], rows(tab)[name]["stars"]) == ("delete", 3)
    context.close()


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


def skip_where_busy() -> None:
    """Where other programs wait for the cores, times say nothing about the page; a second test worker is one."""
    if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
        pytest.skip("another worker tests beside this one: time the page with `make test JOBS=0 ARGS=tests/e2e`")
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 1.5 * cores:
        pytest.skip(f"this computer is too busy to time a page: {load:.0f} programs for {cores} cores")


def test_ten_thousand_photos_scroll(chromium: Any, link: str) -> None:
    with browsing.tab(chromium, "about:blank") as tab:
        asked: list[str] = []
        tab.route("**/api/shoots/*", lambda route: route.fulfill(json=many(route.fetch().json(), 10_000)))

        def grey(route: Any) -> None:
            asked.append(route.request.url)
            route.fulfill(body=PIXEL, content_type="image/gif")

        tab.route("**/image/thumb.jpg", grey)
        ready_at(tab, link)
        expect(tab.locator("#shown")).to_have_text("10,000 photos")
        slow = tab.evaluate(SCROLL, [40, 60])
        asked.clear()
        fast = tab.evaluate(SCROLL, [60, 4000])
        assert len(asked) < 100, "pictures that fly past are not fetched"
        assert max(slow["most"], fast["most"]) < 200
        press(tab, "End")
        expect(tab.locator("#grid .current")).to_have_attribute("aria-posinset", "10000")
        assert tab.locator("#grid .current").is_visible()
        expect(tab.locator("#grid .current img")).to_have_attribute("src", re.compile("thumb"))
        press(tab, "Home", "Control+a")
        expect(tab.locator("#shown")).to_have_text("10,000 selected of 10,000 photos")
        skip_where_busy()
        assert slow["median"] < BUDGET_MS


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
MARK = """async () => {
    const from = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "m", bubbles: true}));
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    return [performance.now() - from, document.querySelector("#deck-letter").className];
}"""


def test_the_next_photo_and_every_key_within_a_tenth_of_a_second(tab: Any) -> None:
    go(tab, "KPR_0001")
    press(tab, "e")
    shown_in(tab)
    steps, keys = [], []
    for _ in range(8):
        tab.wait_for_function(AHEAD)  # a look at the photo, in which its neighbours are fetched
        steps.append(tab.evaluate(NEXT))
        took, letter = tab.evaluate(MARK)
        keys.append(took)
        assert letter == "letter maybe chosen"
    skip_where_busy()
    assert np.median(steps) < BUDGET_MS, steps
    assert np.median(keys) < BUDGET_MS, keys


def test_roles_names_and_pictures_without_words(tab: Any) -> None:
    assert tab.locator("main").count() == 1
    grid = tab.get_by_role("main").get_by_role("listbox", name="Photos")
    assert grid.get_by_role("option").count() == tab.locator("#grid .cell").count()
    option = tab.locator(f"#{grid.get_attribute('aria-activedescendant')}")
    assert option.get_attribute("aria-selected") == "true"
    press(tab, "e")
    shown_in(tab)
    nameless = tab.evaluate("""() => [...document.querySelectorAll("button, select, input, [role=img]")]
        .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim() || e.title || e.labels?.length))
        .map((e) => e.outerHTML)""")
    assert nameless == []
    assert tab.evaluate("[...document.images].filter((image) => !image.hasAttribute('alt')).length") == 0


CONTRAST = """() => {
    const level = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
    const light = (rgb) => 0.2126 * level(rgb[0]) + 0.7152 * level(rgb[1]) + 0.0722 * level(rgb[2]);
    const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
    const behind = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const rgb = parse(getComputedStyle(e).backgroundColor);
            if (rgb.length === 3 || rgb[3] === 1) return rgb;
        }
        return [255, 255, 255];
    };
    const weak = [];
    for (const e of document.querySelectorAll("header *, main *, footer *")) {
        const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
        if (!text || !e.checkVisibility({visibilityProperty: true}) || e.closest(":disabled")) continue;
        const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) weak.push(`${e.className} ${e.textContent.trim()}`);
    }
    return weak;
}"""


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (390, "light"), (768, "dark"), (1440, "light")])
def test_any_width_and_either_theme(tab: Any, width: int, scheme: str) -> None:
    tab.set_viewport_size({"width": width, "height": 760})
    tab.emulate_media(color_scheme=scheme)
    expect(tab.locator("html")).to_have_attribute("data-bs-theme", scheme)
    press(tab, "Home", "x", "ArrowRight", "p")
    assert tab.evaluate(CONTRAST) == []
    for view in ("e", "c"):
        press(tab, view)
        tab.locator(f"[data-for={'loupe' if view == 'e' else 'compare'}].view").wait_for()
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert tab.evaluate(CONTRAST) == []
    for name in ("Keep", "Maybe", "Reject"):
        box = tab.locator(f"#deck [data-do={ {'Reject': 'delete'}.get(name, name.lower()) }]").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_the_chosen_theme_is_remembered(tab: Any) -> None:
    before = tab.locator("html").get_attribute("data-bs-theme")
    tab.get_by_role("button", name="More").click()
    tab.get_by_role("button", name="Light or dark").click()
    tab.reload()
    assert tab.locator("html").get_attribute("data-bs-theme") != before


def test_fingers_swipe_and_zoom(chromium: Any, link: str) -> None:
    with browsing.tab(chromium, link, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800}) as tab:
        ready(tab)
        tab.locator("#grid .cell").first.dblclick()
        first = shown_in(tab)
        touch = tab.context.new_cdp_session(tab)

        def finger(kind: str, *points: tuple[int, int]) -> None:
            given = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})

        finger("touchStart", (300, 300))
        for x in range(280, 80, -40):
            finger("touchMove", (x, 300))
        finger("touchEnd")
        tab.wait_for_function("(first) => document.querySelector('#stage .pane').dataset.pid !== first", arg=first)
        finger("touchStart", (180, 300), (220, 300))
        for apart in range(30, 120, 30):
            finger("touchMove", (200 - apart, 300), (200 + apart, 300))
        finger("touchEnd")
        expect(tab.locator("#stage .pane.zoomed")).to_have_count(1)
        tab.locator("#deck [data-do=keep]").tap()
        expect(tab.locator("#deck-letter")).to_have_class("letter keep chosen")
        tab.go_back()
        assert tab.locator("body").get_attribute("data-view") == "grid"
