"""Two tabs on one shoot, and a server that goes and comes back."""

import re
from typing import Any

import pytest

from review_served import Served
from review_tab import current, expect, press, ready_at, rows, settled

pytestmark = pytest.mark.browser


def test_two_tabs_stay_in_step(tab: Any) -> None:
    other = ready_at(tab.context.new_page(), tab.url)
    press(tab, "Home", "x", "5")
    expect(other.locator("#grid .cell").first.locator(".letter")).to_have_class("letter delete chosen")
    expect(other.locator("#grid .cell").first.locator(".stars")).to_have_text("★★★★★")
    press(other, "Control+z", "Control+z")
    expect(tab.locator("#grid .cell").first.locator(".stars")).to_have_text("")
    expect(tab.locator("#decided")).to_have_text(re.compile("^0 of"))


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
