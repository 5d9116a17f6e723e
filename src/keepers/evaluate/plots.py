"""The plots of a report, as pictures: ROC curves, reliability, confusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keepers.evaluate.findings import Answered, Findings, Row
from keepers.evaluate.tables import figure
from keepers.image.canvas import BLACK, COLOURS, GREY, PALE, WHITE, Canvas, Colour, Point, shortened
from keepers.types import LABELS, VERDICT_TITLES, VERDICTS, Rgb

PANEL = 330
"""Edge of a plot with its labels, in pixels."""
COLUMNS = 3
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 44, 14, 46
_DASHES: tuple[tuple[float, ...], ...] = ((), (7, 4), (2, 3), (9, 3, 2, 3))


@dataclass(frozen=True, slots=True)
class Axes:
    """A square plot of 0..1 by 0..1 whose panel's corner is at (left, top)."""

    canvas: Canvas
    left: float
    top: float

    def at(self, x: float, y: float) -> Point:
        """Where a value lies on the canvas."""
        wide, high = PANEL - _LEFT - _RIGHT, PANEL - _TOP - _BOTTOM
        return self.left + _LEFT + x * wide, self.top + PANEL - _BOTTOM - y * high

    def frame(self, title: str, x: str, y: str) -> None:
        """Grid, numbers and names."""
        for value in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
            self.canvas.line([self.at(value, 0), self.at(value, 1)], PALE, 1)
            self.canvas.line([self.at(0, value), self.at(1, value)], PALE, 1)
            mark = "0" if value == 0 else "1" if value == 1 else figure(value, 1)
            (px, py), (qx, qy) = self.at(value, 0), self.at(0, value)
            self.canvas.text((px, py + 5), mark, 11, GREY, "ma")
            self.canvas.text((qx - 6, qy), mark, 11, GREY, "rm")
        self.canvas.line([self.at(0, 1), self.at(0, 0), self.at(1, 0)], GREY, 1)
        middle = self.at(0.5, 0.5)
        self.canvas.text((self.left + _LEFT, self.top + 14), shortened(title, PANEL - _LEFT - 6, 14), 14)
        self.canvas.text((middle[0], self.at(0, 0)[1] + 22), x, 12, BLACK, "ma")
        self.canvas.upright_text((self.left + 14, middle[1]), y, 12)


def _panels(asked: Sequence[Answered], draw: Callable[[Axes, Answered], None]) -> Rgb:
    columns = min(COLUMNS, len(asked))
    canvas = Canvas(columns * PANEL + 8, -(-len(asked) // columns) * PANEL + 8)
    for place, one in enumerate(asked):
        draw(Axes(canvas, place % columns * PANEL, place // columns * PANEL), one)
    return canvas.rgb()


def roc(findings: Findings) -> Rgb | None:
    """ROC curves, a panel a question; the dot is what keepers tells as it ships. None without a question."""
    return _panels(findings.questions, _roc) if findings.questions else None


def _roc(axes: Axes, one: Answered) -> None:
    axes.frame(f"{one.question.title}: {one.positives} of {one.positives + one.negatives}", "false alarms", "found")
    axes.canvas.line([axes.at(0, 0), axes.at(1, 1)], GREY, 1, (3, 4))
    for number, result in reversed(list(enumerate(one.results))):
        colour, dash = COLOURS[number % len(COLOURS)], _DASHES[number % len(_DASHES)]
        points = [axes.at(x, y) for x, y in zip(*one.curves[result.system], strict=True)]
        axes.canvas.line(points, colour, 2.0 if number == 0 else 1.5, dash)
        if result.found is not None and result.false_alarms is not None:
            dot = axes.at(result.false_alarms.estimate.value, result.found.estimate.value)
            axes.canvas.circle(dot, 5, colour)
        y = axes.at(0, 0)[1] - 14 - 17 * (len(one.results) - 1 - number)
        left, right = axes.at(0.36, 0)[0], axes.at(1, 0)[0]
        axes.canvas.rectangle((left - 4, y - 9, right - 1, y + 8), WHITE, alpha=0.8)
        axes.canvas.line([(left, y), (left + 20, y)], colour, 2, dash)
        words = shortened(result.system, right - left - 66, 11)
        axes.canvas.text((left + 25, y), f"{words} {figure(result.auc.value)}", 11, colour, "lm")


def reliability(findings: Findings) -> Rgb | None:
    """What keepers said against what was true, a panel a question; larger dots are more photos. None without one."""
    asked = [one for one in findings.questions if one.bins]
    return _panels(asked, _reliability) if asked else None


def _reliability(axes: Axes, one: Answered) -> None:
    axes.frame(f"{one.question.title}: error {figure(one.ece)}", "probability that keepers gave", "share that had it")
    axes.canvas.line([axes.at(0, 0), axes.at(1, 1)], GREY, 1, (3, 4))
    axes.canvas.line([axes.at(b.said, b.true) for b in one.bins], COLOURS[0], 1)
    for b in one.bins:
        x, y = axes.at(b.said, b.true)
        radius = 3 + min(9.0, b.count**0.5 / 2)
        axes.canvas.circle((x, y), radius, COLOURS[0])
        below = b.true > 0.5
        beside = (x, y + (radius + 2 if below else -radius - 3))
        axes.canvas.text(beside, str(b.count), 10, GREY, "ma" if below else "md")


_CELL, _HIGH, _NAMES = 92, 34, 190


def confusion(findings: Findings) -> Rgb:
    """Labels in lines; six-class answers and verdicts in columns. Cells hold photos, darker where a larger share is."""
    columns = [*LABELS, *VERDICTS]
    gap = 18
    canvas = Canvas(_NAMES + _CELL * len(columns) + gap + 12, 74 + _HIGH * len(findings.rows))
    places = [_NAMES + _CELL * i + (gap if i >= len(LABELS) else 0) for i in range(len(columns))]
    canvas.text((_NAMES, 10), "six-class answer", 13, GREY)
    canvas.text((places[len(LABELS)], 10), "verdict", 13, GREY)
    for name, x in zip(columns, places, strict=True):
        title = VERDICT_TITLES[name] if name in VERDICTS else name.replace("_", " ")
        canvas.text((x + _CELL / 2, 46), title, 12, BLACK, "mm")
    for number, row in enumerate(findings.rows):
        y = 62 + number * _HIGH
        name = shortened(row.label.replace("_", " "), _NAMES - 60, 13)
        canvas.text((_NAMES - 10, y + _HIGH / 2), f"{name}  ({row.photos})", 13, BLACK, "rm")
        for column, x in zip(columns, places, strict=True):
            _cell(canvas, (x, y), _count(row, column), row.photos)
    return canvas.rgb()


def _count(row: Row, column: str) -> int:
    return {**row.answers, **row.verdicts}[column]


def _cell(canvas: Canvas, corner: Point, count: int, total: int) -> None:
    share = count / total if total else 0.0
    base = COLOURS[0]
    fill: Colour = (round(255 + share * (base[0] - 255)), round(255 + share * (base[1] - 255)),
                    round(255 + share * (base[2] - 255)))  # fmt: skip
    x, y = corner
    canvas.rectangle((x + 1, y + 1, x + _CELL - 1, y + _HIGH - 1), fill, PALE)
    if count:
        words = f"{count}  ({share:.0%})".replace("%", " %")
        canvas.text((x + _CELL / 2, y + _HIGH / 2), words, 12, WHITE if share > 0.6 else BLACK, "mm")

