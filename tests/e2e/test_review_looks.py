"""How the review page looks at every width and in both themes, for fingers and for screen readers."""

from typing import Any

import pytest

import browsing
from review_tab import expect, go, press, ready, shown_in

pytestmark = pytest.mark.browser


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


GRAVE = ("serious", "critical")


def grave(tab: Any) -> list[str]:
    """What axe finds serious or critical in what is on the page now, with the elements that it finds so."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: see [test]").Axe()
    tab.wait_for_function("() => document.getAnimations().length === 0")
    found = axe.run(tab).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found if one["impact"] in GRAVE for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing_serious(tab: Any, scheme: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=scheme)
    expect(tab.locator("html")).to_have_attribute("data-bs-theme", scheme)
    go(tab, "KPR_0001")
    press(tab, "x", "3", "8")
    found = {"grid": grave(tab)}
    press(tab, "e", "o")
    shown_in(tab)
    found["loupe"] = grave(tab)
    press(tab, "o", "c")
    tab.locator("#panes .pane[data-pid]").first.wait_for()
    found["compare"] = grave(tab)
    press(tab, "?")
    tab.get_by_role("dialog", name="Keys").wait_for()
    found["help"] = grave(tab)
    press(tab, "Escape", "g")
    tab.get_by_role("button", name="More").click()
    found["menu"] = grave(tab)
    tab.locator("#menu [data-do=export]").click()
    tab.get_by_role("button", name="Preview").click()
    tab.get_by_text("Nothing has been changed yet.").wait_for()
    found["export"] = grave(tab)
    assert not [f"{view}: {one}" for view, all_of_it in found.items() for one in all_of_it]


def test_axe_would_find_a_button_without_a_name_and_text_without_contrast(tab: Any) -> None:
    tab.evaluate("""() => {
        const made = document.querySelector("main").appendChild(document.createElement("p"));
        made.append(document.createElement("button"), "faint");
        made.style.cssText = "position: fixed; inset: 40% 40% auto; z-index: 9; color: #777; background: #888";
    }""")
    assert {one.partition(":")[0] for one in grave(tab)} == {"button-name", "color-contrast"}


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
