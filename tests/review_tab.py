"""What the tests of the review page do in a browser's tab, and ask of it."""

from typing import Any


def ready(tab: Any) -> Any:
    tab.locator("#grid .cell").first.wait_for()
    tab.locator("#grid").focus()
    return tab


def ready_at(tab: Any, url: str) -> Any:
    tab.goto(url)
    return ready(tab)


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
