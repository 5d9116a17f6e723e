"""A photo with what was found in it drawn over it, and the verdict in words beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from keepers.image import overlay
from keepers.image import overlay_framing as _layers_of_composition  # noqa: F401  they register themselves
from keepers.image.canvas import BLACK, GREY, PALE, WHITE, Canvas, Colour, shortened, wrapped
from keepers.image.heat import BAD, GOOD, colours
from keepers.image.overlay import Mark, Scene, View
from keepers.types import Rgb

WIDTH = 1600
_HEIGHT = 980
_MARGIN, _PANEL, _TITLE = 24, 440, 26


@dataclass(frozen=True, slots=True)
class Words:
    """What is said beside the photo: its name, the verdict with the colour of its badge, sentences, the probability
    of each flaw (0..1), and small print."""

    name: str
    verdict: str
    colour: Colour
    summary: str
    reasons: Sequence[str]
    flaws: Mapping[str, float]
    more: Sequence[str] = ()


def sized_to(rgb: Rgb, width: int, height: int) -> tuple[int, int]:
    """Width and height of the picture when it is as large as fits into width x height."""
    factor = min(width / rgb.shape[1], height / rgb.shape[0])
    return max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor))


def sized(rgb: Rgb, width: int, height: int) -> Rgb:
    """The picture as large as fits into width x height, smaller or larger than it is."""
    size = sized_to(rgb, width, height)
    if size[0] < rgb.shape[1]:
        return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


Place = tuple[int, int, int, int]
"""Left and top of a picture, and the width and height that it must fit into."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where things are: the pictures, the first one large, and the words (left and width)."""

    pictures: tuple[Place, ...]
    words: tuple[int, int]


def _plan(frame: Rgb, words_end: int, count: int) -> _Plan:
    """A tall photo leaves room for other pictures beside it; otherwise those stand below the words."""
    wide, top = WIDTH - _PANEL - 3 * _MARGIN, _MARGIN + _TITLE
    if frame.shape[1] < 0.8 * frame.shape[0]:
        each = (wide - (count - 1) * _MARGIN) // count
        step = sized_to(frame, each, _HEIGHT)[0] + _MARGIN
        row = tuple((_MARGIN + n * step, top, each, _HEIGHT) for n in range(count))
        return _Plan(row, (_MARGIN + count * step, _PANEL))
    shown = sized_to(frame, wide, _HEIGHT)
    left = 2 * _MARGIN + shown[0]
    panel = min(WIDTH - left - _MARGIN, 600)
    below = words_end + _TITLE
    room = max(200, (top + shown[1] - below - (count - 2) * _TITLE) // max(count - 1, 1))
    step = sized_to(frame, panel, room)[1] + _TITLE
    column = tuple((left, below + n * step, panel, room) for n in range(count - 1))
    return _Plan(((_MARGIN, top, wide, _HEIGHT), *column), (left, panel))


def compose(
    frame: Rgb, scene: Callable[[Rgb], Scene], words: Words, wanted: Sequence[str] | None = None, first: View = "focus"
) -> Rgb:
    """The figure, `WIDTH` pixels wide: the photo in its views, the words and the legend.

    Args:
        frame: uint8 H x W x 3.
        scene: what there is to show, for the frame at the size at which it is shown.
        wanted: names of layers; default all that have something to show.
        first: the view that is shown large; where layers are wanted and none is of that view, the first that has one.
    """
    layers = overlay.shown(scene(frame), wanted)
    order = _views(layers, first, named=wanted is not None)
    marks = [mark for view in order for one in layers if one.view == view for mark in one.marks(scene(frame))]
    plan = _plan(frame, 0, len(order))
    end = _panel(Canvas(WIDTH, 8), words, marks, *plan.words)  # beyond its borders: only to learn its height
    plan = _plan(frame, end, len(order))
    views = [scene(sized(frame, *place[2:])) for place in plan.pictures]
    bottom = max(place[1] + view.rgb.shape[0] for place, view in zip(plan.pictures, views, strict=True))
    canvas = Canvas(WIDTH, max(bottom, end) + _MARGIN)
    _panel(canvas, words, marks, *plan.words)
    for view, shown, (left, top, _, _) in zip(order, views, plan.pictures, strict=True):
        canvas.text((left, top - 8), overlay.VIEWS[view], 16, GREY, "ls")
        overlay.draw(shown, [one for one in layers if one.view == view], canvas, left, top)
    return canvas.rgb()


def _views(layers: Sequence[overlay.Layer], first: View, named: bool) -> list[View]:
    """The views to show, the large one first: focus and light always, unless layers were named; composition where
    something of it was looked at."""
    there = {one.view for one in layers}
    usual: set[View] = set() if named and there else {"focus", "light"}
    order: list[View] = [view for view in overlay.VIEWS if view in there | usual]
    return sorted(order, key=lambda view: view != first)


def _panel(canvas: Canvas, words: Words, marks: Sequence[Mark], left: int, width: int) -> int:
    """Draw the words and the legend; return where they end."""
    wide, y = width, _MARGIN
    canvas.text((left, y), shortened(words.name, wide, 22), 22)
    y += 40
    canvas.rectangle((left, y, left + wide, y + 46), words.colour)
    canvas.text((left + 14, y + 23), words.verdict, 24, WHITE, "lm")
    canvas.text((left + wide - 14, y + 23), words.summary, 17, WHITE, "rm")
    y += 62
    for reason in words.reasons:
        for number, line in enumerate(wrapped(reason, wide - 20, 18)):
            if number == 0:
                canvas.circle((left + 5, y + 11), 4, words.colour)
            canvas.text((left + 20, y), line, 18)
            y += 25
        y += 5
    for sentence in words.more:
        for line in wrapped(sentence, wide, 15):
            canvas.text((left, y), line, 15, GREY)
            y += 21
        y += 5
    return _legend(canvas, marks, left, _bars(canvas, words.flaws, left, y + 8, wide) + 12)


def _bars(canvas: Canvas, flaws: Mapping[str, float], left: int, y: int, wide: int) -> int:
    """How likely each flaw is: a bar each, dark from one half on."""
    start, end = left + 150, left + wide - 58
    for name, probability in flaws.items():
        likely = probability >= 0.5
        canvas.text((left, y + 10), name, 15, BLACK if likely else GREY, "lm")
        canvas.rectangle((start, y + 2, end, y + 18), PALE)
        canvas.rectangle((start, y + 2, start + max(1, (end - start) * probability), y + 18), BLACK if likely else GREY)
        shown = f"{min(max(round(100 * probability), 1), 99)} %"
        canvas.text((left + wide, y + 10), shown, 15, BLACK if likely else GREY, "rm")
        y += 25
    return y


def _legend(canvas: Canvas, marks: Sequence[Mark], left: int, y: int) -> int:
    for mark in marks:
        _swatch(canvas, mark, left, y)
        canvas.text((left + 80, y + 11), mark.means, 16, BLACK, "lm")
        y += 32
    return y + 8


def _swatch(canvas: Canvas, mark: Mark, left: int, top: int) -> None:
    box = (left, top, left + 66, top + 22)
    if mark.how == "colours":
        ramp = colours(np.tile(np.linspace(0, 1, 66, dtype=np.float32), (22, 1)))
        canvas.picture(np.asarray(ramp, dtype=np.uint8), left, top)
    elif mark.how == "outline":
        canvas.rectangle((left + 22, top, left + 44, top + 22), GREY if mark.colour == WHITE else PALE, mark.colour, 2)
    elif mark.how == "squares":
        for place, ink in ((left + 6, BAD), (left + 38, GOOD)):
            canvas.rectangle((place, top, place + 22, top + 22), PALE, ink, 4)
    elif mark.how == "line":
        for ink, width in ((BLACK, 7.0), (mark.colour, 3.5)):
            canvas.line([(left + 16, top + 17), (left + 50, top + 5)], ink, width)
    elif mark.how == "dot":
        canvas.circle((left + 33, top + 11), 8, mark.colour, BLACK)
    elif mark.how.startswith("stripes"):
        field = np.full((22, 66, 3), 255, np.uint8)
        field[overlay.stripes(22, 66, mark.how.endswith("/"))] = mark.colour
        canvas.picture(field, left, top)
        canvas.rectangle(box, outline=PALE)
    else:
        overlay.double_arrow(canvas, (left + 1, top + 11), (left + 65, top + 11), mark.colour, 0.6)
