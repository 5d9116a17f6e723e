"""The figure of a bench: what a photo costs by stage beside what cannot be saved, a pair of bars for each lot."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from PIL import Image

from keepers.app.benching.findings import Bench, Lot, ordered
from keepers.image.canvas import BLACK, GREY, PALE, Canvas, Colour
from keepers.types import Rgb

_WIDTH, _LEFT, _RIGHT, _TOP = 900, 130, 90, 96
_BAR, _GAP, _BETWEEN = 26, 6, 26
# Neighbours differ in lightness as well as in hue (after Okabe and Ito 2008), and no pair is red beside green.
_INKS: Mapping[str, Colour] = {
    "read": (120, 120, 120), "hash": (200, 200, 200), "decode": (0, 114, 178), "faces": (230, 159, 0),
    "tiles": (86, 180, 233), "networks": (196, 78, 0), "checks": (240, 228, 66), "encode": (0, 125, 92),
    "write": (156, 63, 125), "driver": (60, 60, 60), "pictures": (120, 200, 170), "other": (225, 225, 225),
}  # fmt: skip
_UNKNOWN: Colour = (90, 90, 160)


def figure(bench: Bench) -> Rgb:
    """Bars of milliseconds a photo: what keepers spends, the bare calls, the limits."""
    bars = {lot.name: _bars(lot) for lot in bench.lots}
    most = max((sum(parts.values()) for rows in bars.values() for parts in rows.values()), default=1.0) or 1.0
    rows = sum(len(one) for one in bars.values())
    height = _TOP + rows * (_BAR + _GAP) + len(bars) * (_BETWEEN + 12) + 34
    canvas = Canvas(_WIDTH, height)
    canvas.text((16, 12), f"CPU milliseconds a photo, {bench.workers} threads", 17)
    canvas.text((16, 36), bench.machine, 11, GREY)
    _legend(canvas, ordered(dict.fromkeys(name for one in bars.values() for parts in one.values() for name in parts)))
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    y = _TOP + 8.0
    _grid(canvas, most, scale, height)
    for lot in bench.lots:
        canvas.text((16, y + 2), f"{lot.name}: {lot.whole.rate:.1f} photos a second", 13)
        y += 20
        for title, parts in bars[lot.name].items():
            _row(canvas, y, title, parts, scale)
            y += _BAR + _GAP
        y += _BETWEEN - 8
    return canvas.rgb()


def png(rgb: Rgb) -> bytes:
    """Few colours: a palette makes the file a quarter as large."""
    target = BytesIO()
    Image.fromarray(rgb).quantize(64).save(target, "PNG", optimize=True)
    return target.getvalue()


def _bars(lot: Lot) -> dict[str, dict[str, float]]:
    rows = {"keepers": {name: ms for name, ms in lot.costs.items() if ms > 0}}
    if lot.floors:
        rows["bare calls"] = {floor.name: floor.bare_ms for floor in lot.floors}
        rows["limits"] = {floor.name: floor.limit_ms for floor in lot.floors}
    return rows


def _row(canvas: Canvas, y: float, title: str, parts: Mapping[str, float], scale: float) -> None:
    canvas.text((_LEFT - 10, y + _BAR / 2), title, 12, BLACK, "rm")
    x = float(_LEFT)
    for name in ordered(parts):
        wide = parts[name] * scale
        canvas.rectangle((x, y, x + wide, y + _BAR), _INKS.get(name, _UNKNOWN))
        x += wide
    canvas.text((x + 6, y + _BAR / 2), f"{sum(parts.values()):.0f}", 12, BLACK, "lm")


def _legend(canvas: Canvas, names: list[str]) -> None:
    for number, name in enumerate(names):
        x, y = 16 + number % 8 * 108, 58 + number // 8 * 18
        canvas.rectangle((x, y, x + 12, y + 12), _INKS.get(name, _UNKNOWN))
        canvas.text((x + 17, y + 6), name, 12, BLACK, "lm")


def _grid(canvas: Canvas, most: float, scale: float, height: int) -> None:
    step = next(size for size in (10, 20, 50, 100, 200, 500, 1000, 10**9) if most / size <= 10)
    for value in range(0, int(most) + 1, step):
        x = _LEFT + value * scale
        canvas.line([(x, _TOP), (x, height - 30)], PALE, 1)
        canvas.text((x, height - 24), str(value), 11, GREY, "ma")
