"""The review page in a real browser, on a real server and catalog: what a photographer does, by keys and by hand."""

import re
from typing import Any

import pytest

from review_tab import current, expect, go, press, rows, settled, shoot, shown_in

pytestmark = pytest.mark.browser


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
