"""Drawing lines, shapes and words on a picture with Pillow alone; positions in pixels of the finished picture.

Everything is drawn at twice the size and halved at the end, which makes lines and letters smooth.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keepers.types import Rgb

Colour = tuple[int, int, int]
Point = tuple[float, float]

WHITE, BLACK, GREY, PALE = (255, 255, 255), (20, 20, 20), (110, 110, 110), (225, 225, 225)
COLOURS: tuple[Colour, ...] = ((0, 114, 178), (196, 78, 0), (0, 125, 92), (156, 63, 125), (122, 90, 0), (77, 77, 77))
"""After Okabe and Ito 2008, which colour-blind people can tell apart; darker, so that text can be read on white."""

_FINER = 2


@lru_cache(maxsize=32)
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


class Canvas:
    """A picture of `width` x `height` pixels to draw on."""

    def __init__(self, width: int, height: int, background: Colour = WHITE) -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * _FINER, height * _FINER), background)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def rgb(self) -> Rgb:
        """The finished picture: uint8 H x W x 3."""
        return np.asarray(self._image.reduce(_FINER), dtype=np.uint8)

    def line(
        self, points: Sequence[Point], colour: Colour, width: float = 1.5, dash: Sequence[float] = ()
    ) -> None:
        """A line through `points`; `dash` are lengths in pixels, drawn and skipped in turn."""
        for part in _dashed(points, dash) if dash else (points,):
            if len(part) > 1:
                self._draw.line([self._at(p) for p in part], fill=colour, width=self._thick(width), joint="curve")

    def rectangle(
        self, box: tuple[float, float, float, float], fill: Colour | None = None, outline: Colour | None = None,
        width: float = 1.0, alpha: float = 1.0,
    ) -> None:  # fmt: skip
        """A rectangle left, top, right, bottom; `alpha` 0..1 of its filling."""
        corners = [self._at((box[0], box[1])), self._at((box[2], box[3]))]
        ink = None if fill is None else (*fill, round(255 * alpha))
        self._draw.rectangle(corners, fill=ink, outline=outline, width=self._thick(width))

    def polygon(self, points: Sequence[Point], fill: Colour, outline: Colour | None = None) -> None:
        """A filled shape."""
        self._draw.polygon([self._at(p) for p in points], fill=fill, outline=outline)

    def circle(self, centre: Point, radius: float, fill: Colour, outline: Colour = WHITE) -> None:
        """A filled disc with a thin rim."""
        x, y = self._at(centre)
        r = radius * _FINER
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=fill, outline=outline, width=1)

    def text(self, at: Point, words: str, size: float = 12, colour: Colour = BLACK, anchor: str = "la") -> None:
        """One line of text; `anchor` as Pillow's: l, m, r and a, m, s, d."""
        self._draw.text(self._at(at), words, fill=colour, font=_font(size * _FINER), anchor=anchor)

    def upright_text(self, at: Point, words: str, size: float = 12, colour: Colour = BLACK) -> None:
        """One line of text that reads upwards, its middle at `at`."""
        width, height = int(text_width(words, size) + 4), int(size * 1.5)
        label = Image.new("L", (width * _FINER, height * _FINER), 0)
        middle = (width * _FINER / 2, height * _FINER / 2)
        ImageDraw.Draw(label).text(middle, words, fill=255, font=_font(size * _FINER), anchor="mm")
        turned = label.rotate(90, expand=True)
        corner = (round(at[0] * _FINER - turned.width / 2), round(at[1] * _FINER - turned.height / 2))
        self._image.paste(Image.new("RGB", turned.size, colour), corner, turned)

    def picture(self, rgb: Rgb, left: int, top: int) -> None:
        """A picture with its upper left corner there, one pixel of it a pixel of the finished picture."""
        larger = Image.fromarray(rgb).resize((rgb.shape[1] * _FINER, rgb.shape[0] * _FINER), Image.Resampling.NEAREST)
        self._image.paste(larger, (left * _FINER, top * _FINER))

    def _at(self, point: Point) -> Point:
        return point[0] * _FINER, point[1] * _FINER

    @staticmethod
    def _thick(width: float) -> int:
        return max(1, round(width * _FINER))


def text_width(words: str, size: float = 12) -> float:
    """How wide a line of text is, in pixels."""
    return float(_font(size * _FINER).getlength(words)) / _FINER


def wrapped(words: str, width: float, size: float = 12, most: int = 0) -> list[str]:
    """The words in lines of at most `width` pixels; a longer word is cut. With `most`, the rest becomes an ellipsis."""
    lines: list[str] = []
    for word in (piece for whole in words.split() for piece in _pieces(whole, width, size)):
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if most and len(lines) > most:
        lines = [*lines[: most - 1], shortened(" ".join(lines[most - 1 :]), width, size)]
    return lines


def shortened(words: str, width: float, size: float = 12) -> str:
    """As much of one line as fits, with an ellipsis where something is missing."""
    if text_width(words, size) <= width:
        return words
    while words and text_width(f"{words}...", size) > width:
        words = words[:-1]
    return f"{words.rstrip()}..."


def _pieces(word: str, width: float, size: float) -> Iterator[str]:
    while len(word) > 1 and text_width(word, size) > width:
        fits = next((n for n in range(len(word) - 1, 1, -1) if text_width(word[:n], size) <= width), 1)
        yield word[:fits]
        word = word[fits:]
    yield word


def _dashed(points: Sequence[Point], dash: Sequence[float]) -> Iterator[list[Point]]:
    """The parts of a line that are drawn."""
    lengths = itertools.cycle(dash)
    left, drawn, part = next(lengths), True, [points[0]]
    for start, end in itertools.pairwise(points):
        whole = math.dist(start, end)
        done = 0.0
        while whole - done > left:
            done += left
            share = done / whole
            part.append((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
            if drawn:
                yield part
            part, drawn, left = [part[-1]], not drawn, next(lengths)
        left -= whole - done
        part.append(end)
    if drawn:
        yield part
