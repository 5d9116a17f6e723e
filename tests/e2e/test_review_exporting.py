"""Exporting from the review page: looked at first, then done, then taken back."""

from pathlib import Path
from typing import Any

import pytest

import browsing
from keepers.io.xmp import read_rating
from review_served import Served
from review_tab import current, expect, go, press, ready, settled

pytestmark = pytest.mark.browser


def files(served: Served) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in served.folder.parent.rglob("*") if path.suffix in (".JPG", ".xmp")}


def opened(tab: Any) -> Any:
    tab.locator(".row-1 > .acts [data-do=export]").click()
    return tab.get_by_role("dialog", name="Export")


def looked(dialog: Any) -> list[str]:
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("Nothing has been changed yet.")).to_be_visible()
    return list(dialog.locator(".planned .path").all_inner_texts())


def test_it_shows_first_and_writes_then_and_takes_back(tab: Any, served: Served) -> None:
    go(tab, "KPR_0001")
    press(tab, "p", "4", "9")
    settled(tab)
    before = files(served)
    dialog = opened(tab)
    planned = looked(dialog)
    assert planned and files(served) == before
    dialog.get_by_role("button", name=f"Write {len(planned)} files").click()
    expect(dialog.get_by_role("button", name="Undo this export")).to_be_visible()
    made = {Path(path).name for path in set(files(served)) - set(before)}
    assert made == set(planned)
    rating = read_rating((served.folder / "KPR_0001.xmp").read_bytes())
    assert (rating.verdict, rating.stars, rating.label, rating.by) == ("keep", 4, "Blue", "person")
    dialog.get_by_role("button", name="Undo this export").click()
    expect(dialog.get_by_text("The export is taken back")).to_be_visible()
    assert files(served) == before


def test_what_was_looked_at_is_what_can_be_done(tab: Any) -> None:
    dialog = opened(tab)
    every = len(looked(dialog))
    dialog.get_by_role("checkbox", name="Maybes").uncheck()
    expect(dialog.get_by_role("button", name="Export")).to_be_disabled()
    expect(dialog.locator(".planned")).to_have_count(0)
    assert 0 < len(looked(dialog)) < every
    for pile in ("Must Haves", "To be Deleted"):
        dialog.get_by_role("checkbox", name=pile, exact=True).uncheck()
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("Choose at least one pile of photos.")).to_be_visible()


OPTIONS = {
    "xmp": {"profile", "names", "embed", "stars"},
    "csv": {"out"},
    "json": {"out"},
    "files copy": {"mode", "out", "flat"},
    "files move": {"mode", "out", "flat", "trash"},
}


def test_each_format_offers_what_it_has_and_files_go_where_they_are_sent(tab: Any, served: Served) -> None:
    dialog, before = opened(tab), files(served)
    for kind, options in OPTIONS.items():
        to, _, mode = kind.partition(" ")
        dialog.get_by_label("Format").select_option(to)
        if mode:
            dialog.get_by_label("How", exact=True).select_option(mode)
        shown = dialog.locator("[data-option]").evaluate_all("(all) => all.map((e) => [e.dataset.option, e.hidden])")
        assert {name for name, hidden in shown if not hidden} == {"to", *options}
    dialog.get_by_label("How", exact=True).select_option("copy")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.locator(".wrong")).to_contain_text("Name the folder for the copies; it lies outside of this one.")
    out = served.folder.parent / "sorted"
    dialog.get_by_role("textbox", name="Into").fill(str(out))
    dialog.get_by_role("checkbox", name="Maybes").uncheck()
    count = len(looked(dialog))
    dialog.get_by_role("button", name=f"Copy {count} files").click()
    dialog.get_by_role("button", name="Undo this export").wait_for()
    copies = [path for path in out.rglob("*") if path.is_file()]
    assert len(copies) == count and {path.parent.name for path in copies} <= {"Must Haves", "To be Deleted"}
    dialog.get_by_role("button", name="Undo this export").click()
    expect(dialog.get_by_text("The export is taken back")).to_be_visible()
    assert files(served) == before


def test_a_choice_made_meanwhile_is_looked_at_again(chromium: Any, link: str, served: Served) -> None:
    with browsing.tab(chromium, link, expected="409") as tab:
        name = current(ready(tab))
        dialog, before = opened(tab), files(served)
        count = len(looked(dialog))
        assert served.desk is not None
        shoot = served.desk.open(served.folder)
        (row,) = [row for row in shoot.rows() if row["name"] == name]
        shoot.choose([row["id"]], "delete" if row["verdict"] != "delete" else "keep")
        dialog.get_by_role("button", name=f"Write {count} files").click()
        expect(dialog.locator(".wrong")).to_contain_text("look at it once more")
        assert files(served) == before
