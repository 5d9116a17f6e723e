"""The parts of the review page that are numbers alone, in a real browser: layout, zoom, filters, people, intervals."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import browsing
import web_fakes
from keepers.web import create_app
from keepers.web.security import Keys

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    keys = Keys()
    with (
        browsing.chromium() as browser,
        web_fakes.running(create_app(web_fakes.assess, keys=keys)) as port,
        browsing.tab(browser, f"http://127.0.0.1:{port}/?token={keys.link}") as tab,
    ):
        yield tab


def call(page: Any, module: str, body: str, given: Any = None) -> Any:
    """What `body`, a function of the module and of what is given, answers in the browser."""
    script = f"async (given) => ({body})(await import('/static/review/{module}.js'), given)"
    return page.evaluate(script, given)


ROWS = """(m, {aspects, width, target, gap, caption, looks}) => {
    const layout = m.justify(aspects, width, target, gap, caption);
    return {...layout, seen: looks.map(([top, bottom]) => m.within(layout, top, bottom))};
}"""


@pytest.mark.parametrize("seed", range(6))
def test_rows_are_flush_in_order_and_never_overlap(page: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    aspects = np.exp(rng.normal(0.2, 0.5, int(rng.integers(1, 400)))).tolist()
    width, target, gap = int(rng.integers(300, 2400)), int(rng.integers(80, 400)), 6
    looks = [[int(a), int(a) + 900] for a in rng.integers(-1000, 20_000, 20)]
    given = {"aspects": aspects, "width": width, "target": target, "gap": gap, "caption": 24, "looks": looks}
    layout = call(page, "layout", ROWS, given)
    boxes, starts = layout["boxes"], [*layout["rows"], len(aspects)]
    assert len(boxes) == len(aspects)
    below = 0
    for first, end in pairwise(starts):
        row = boxes[first:end]
        assert {(b["y"], b["height"]) for b in row} == {(row[0]["y"], row[0]["height"])}
        assert row[0]["x"] == 0
        assert row[0]["y"] >= below
        assert all(b["x"] >= a["x"] + a["width"] + gap - 1 for a, b in pairwise(row))
        right = row[-1]["x"] + row[-1]["width"]
        assert right == width or (end == len(aspects) and right < width)
        assert row[0]["height"] - 24 <= target + 1
        below = row[0]["y"] + row[0]["height"]
    for (top, bottom), (first, end) in zip(looks, layout["seen"], strict=True):
        in_sight = {i for i, b in enumerate(boxes) if b["y"] < bottom and b["y"] + b["height"] > top}
        assert in_sight == set(range(first, end))


ZOOM = """(m, {view, photo, pane, x, y, scale}) => {
    const before = m.placed(view, photo, pane);
    const zoomed = m.zoomAt(view, photo, pane, x, y, scale);
    const panned = m.panned(zoomed, photo, pane, 1e6, -1e6);
    return {before, zoomed, after: m.placed(zoomed, photo, pane), panned: m.placed(panned, photo, pane)};
}"""


@pytest.mark.parametrize("seed", range(12))
def test_a_picture_covers_its_pane_and_the_point_under_the_pointer_stays(page: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    photo = {"width": int(rng.integers(2000, 8000)), "height": int(rng.integers(2000, 8000))}
    pane = {"width": int(rng.integers(300, 1500)), "height": int(rng.integers(300, 1200))}
    given = {"view": {"scale": 1, "x": 0.5, "y": 0.5}, "photo": photo, "pane": pane}
    given |= {"x": pane["width"] * 0.6, "y": pane["height"] * 0.4, "scale": 2}
    told = call(page, "zoom", ZOOM, given)
    for side, length, at in (("left", "width", given["x"]), ("top", "height", given["y"])):
        before, after = told["before"], told["after"]
        assert (at - before[side]) / before[length] == pytest.approx((at - after[side]) / after[length])
        for placed in (after, told["panned"]):
            assert placed[side] <= 0.001
            assert placed[side] + placed[length] >= pane[length] - 0.001
    whole = call(page, "zoom", ZOOM, {**given, "scale": 0.001})
    assert whole["zoomed"]["scale"] is None


def row(pid: str, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": pid,
        "path": pid,
        "verdict": "keep",
        "machine": "keep",
        "choice": None,
        "reasons": [],
        "stars": 0,
    }
    return {**plain, "error": None, "group": None, "camera": None, "colour": "", "faces": 0, "eyes": "none", **more}


SIFT = """(m, {rows, filter}) => ({
    ids: rows.filter((row) => m.passes(row, {...m.ALL, ...filter})).map((row) => row.id),
    counts: m.piles(rows, {...m.ALL, ...filter}),
})"""


@pytest.mark.parametrize(
    ("sieve", "through"),
    [
        ({}, "abcde"),
        ({"pile": "maybe"}, "b"),
        ({"pile": "delete"}, "cd"),
        ({"pile": "undecided"}, "abc"),
        ({"pile": "unreadable"}, "e"),
        ({"flaw": "blurred"}, "bc"),
        ({"flaw": "blurred", "pile": "delete"}, "c"),
        ({"eyes": "closed"}, "b"),
        ({"eyes": "some"}, "ab"),
        ({"stars": 2}, "a"),
        ({"group": "grouped"}, "cd"),
        ({"group": "single"}, "abe"),
        ({"group": "7"}, "d"),
        ({"camera": "X"}, "a"),
        ({"words": "D"}, "d"),
    ],
)
def test_filters_and_their_counts(page: Any, sieve: dict[str, Any], through: str) -> None:
    rows = [
        row("a", stars=3, camera="X", faces=2, eyes="open"),
        row("b", verdict="maybe", reasons=["blurred"], faces=1, eyes="closed"),
        row("c", verdict="delete", reasons=["noisy", "blurred"], group=6),
        row("d", verdict="delete", choice="delete", group=7),
        row("e", verdict=None, machine=None, error="broken"),
    ]
    told = call(page, "filters", SIFT, {"rows": rows, "filter": sieve})
    assert "".join(told["ids"]) == through
    assert told["counts"][sieve.get("pile", "")] == len(through)


def test_a_group_becomes_one_place_with_its_best_on_top(page: Any) -> None:
    rows = [row("a"), row("b", group=1), row("c", group=1), row("d", group=1), row("e")]
    group = {"id": 1, "best": "c", "members": ["b", "c", "d"]}
    body = "(m, {rows, group}) => m.stacked(rows, new Map([[1, group]]))"
    items = call(page, "filters", body, {"rows": rows, "group": group})
    assert [(item["pid"], "".join(item["members"])) for item in items] == [("a", "a"), ("c", "bcd"), ("e", "e")]


def test_selecting_as_in_a_file_list(page: Any) -> None:
    body = """(m) => {
        const order = [..."abcdef"];
        const steps = [m.only("b")];
        const then = (next) => steps.push(next);
        then(m.ranged(steps.at(-1), "d", order));
        then(m.toggled(steps.at(-1), "c"));
        then(m.toggled(steps.at(-1), "f"));
        then(m.ranged(m.only("e"), "a", order));
        then(m.everything(steps.at(-1), order));
        return steps.map((s) => [s.current, m.meant(s, order).join("")]);
    }"""
    assert call(page, "selection", body) == [
        ["b", "b"],
        ["d", "bcd"],
        ["c", "c"],  # taken out: a key acts on the current photo, not on the others
        ["f", "bdf"],
        ["a", "abcde"],
        ["a", "abcdef"],
    ]


def face(x: float, person: int | None = 1, eyes: str = "open", sharpness: float = 0.5) -> dict[str, Any]:
    box = [x, 100, 80, 80]
    return {"person": person, "box": box, "width": 80, "eyes": eyes, "sharpness": sharpness, "smile": 0}


def test_people_are_found_again_and_their_best_frame_is_the_one_with_open_eyes(page: Any) -> None:
    frames = [
        [face(100, 1, "closed", 0.9), face(600, 2, sharpness=0.2)],
        [face(620, 1, sharpness=0.8)],
        [face(130, 1, "open", 0.4), face(640, 2, "unknown", 0.9), face(900, None)],
    ]
    given = [{"faces": faces, "width": 1000, "height": 800} for faces in frames]
    body = "(m, frames) => m.people(frames).map((person) => [person.map((f) => f && f.box[0]), m.bestOf(person)])"
    assert call(page, "people", body, given) == [[[100, None, 130], 2], [[600, 620, 640], 1]]


def test_a_face_is_not_best_in_a_frame_that_is_to_be_deleted(page: Any) -> None:
    person = [face(100, sharpness=0.3), face(100, sharpness=0.9), None]
    body = "(m, [person, frames]) => m.bestOf(person, frames)"
    assert call(page, "people", body, [person, [0, 0, 0]]) == 1
    assert call(page, "people", body, [person, [0, -15, 0]]) == 0
    assert call(page, "people", body, [[None, face(100), None], []]) == -1
