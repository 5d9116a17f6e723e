"""What is drawn over a photo to show why it was judged as it was: one function a layer, and the list of them.

A new layer is one function with `@layer`; figures, `--layers` and the legend follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from keepers.image import exposure, heat
from keepers.image.canvas import BLACK, WHITE, Canvas, Colour, Point, text_width
from keepers.image.heat import Cells
from keepers.image.horizon import Horizon
from keepers.image.saliency import Box
from keepers.image.shake import Smear
from keepers.registry import Registry
from keepers.types import Patches, Rgb

HIGHLIGHTS: Colour = (220, 0, 120)
SHADOWS: Colour = (0, 190, 255)
ARROW: Colour = (240, 228, 66)
"""Yellow of Okabe and Ito, drawn with a black rim."""
_NARROW = 0.7
"""Octaves by which a blur is longer than it is wide, from which it has a line."""
OPEN: Colour = (0, 190, 140)
CLOSED: Colour = (240, 90, 0)
UNKNOWN: Colour = (190, 190, 190)
WORTH_SHOWING = 0.01
"""Share of the frame below which clipping is not worth a mark."""


@dataclass(frozen=True, slots=True)
class FaceMark:
    """A face to draw: its box (x, y, width, height) and the outlines of its eyes, N x 2, in pixels of the frame.

    label: what stands at the box, such as "2 closed"; empty for bystanders. eyes: an outline with its state, "open",
    "closed" or "unknown", each; none where the face is too small.
    """

    box: tuple[float, float, float, float]
    label: str = ""
    eyes: tuple[tuple[npt.NDArray[np.float64], str], ...] = ()


@dataclass(frozen=True, slots=True)
class Framing:
    """How the photo is composed; places are shares 0..1 of its width and height, as `image.composition` has them.

    subject: its box, with `anchor` its middle and `by` what found it ("faces" or "what stands out").
    """

    subject: Box | None = None
    anchor: Point | None = None
    by: str = ""
    horizon: Horizon | None = None
    mass: Point | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """All that layers may show; places are in pixels of the frame.

    frame: uint8 H x W x 3. rgb: the same as it is shown, larger or smaller. sharpness: the tiles by how sharp they were
    judged; None where nothing was. patches: the squares that the focus network looked at. smear: where there is
    evidence of shake. faces: from the left to the right. framing: None where nobody looked at the composition.
    """

    frame: Rgb
    rgb: Rgb
    sharpness: Cells | None = None
    patches: Patches | None = None
    smear: Smear | None = None
    faces: tuple[FaceMark, ...] = ()
    framing: Framing | None = None

    @property
    def scale(self) -> float:
        """Shown pixels per frame pixel."""
        return float(self.rgb.shape[1] / self.frame.shape[1])


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the legend: what it means, and how it is drawn: "colours", "outline", "squares", "line", "dot",
    "stripes /", "stripes \\" or "arrow"."""

    how: str
    colour: Colour
    means: str


Paint = Callable[[Scene, Rgb], Rgb]
"""Changes pixels: the scene, and the picture as the layers before left it."""
Draw = Callable[[Scene, Canvas, int, int], None]
"""Draws lines on top, the photo's corner being at (left, top) of the canvas."""
View = Literal["focus", "light", "framing"]
VIEWS: Mapping[View, str] = {"focus": "Focus and shake", "light": "Exposure and people", "framing": "Composition"}
"""A figure shows the photo once a view, so that what is drawn of the one does not hide the other."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A way to show something in one of the views. `marks` are empty where it has nothing to show of a photo."""

    name: str
    view: View
    marks: Callable[[Scene], Sequence[Mark]]
    paint: Paint | None = None
    draw: Draw | None = None


LAYERS: Registry[Layer] = Registry("layer")


def layer(one: Layer) -> Layer:
    """Register a layer; they are drawn in the order of registration, lines after all pixels."""
    LAYERS.add(one.name, one)
    return one


def shown(scene: Scene, names: Sequence[str] | None = None) -> list[Layer]:
    """The layers that have something to show, of those that are wanted (default: all).

    Raises:
        KeyError: a name that is no layer.
    """
    wanted = set(LAYERS) if names is None else {LAYERS[name].name for name in names}
    return [one for name, one in LAYERS.items() if name in wanted and one.marks(scene)]


def draw(scene: Scene, layers: Sequence[Layer], canvas: Canvas, left: int, top: int) -> None:
    """Draw the photo under the layers, its corner at (left, top): the pixels of all of them first, then the lines."""
    picture = scene.rgb
    for one in layers:
        if one.paint is not None:
            picture = one.paint(scene, picture)
    canvas.picture(picture, left, top)
    for one in layers:
        if one.draw is not None:
            one.draw(scene, canvas, left, top)


def _sharpness_marks(scene: Scene) -> Sequence[Mark]:
    if scene.sharpness is None or not np.isfinite(scene.sharpness.values).any():
        return ()
    colours = Mark("colours", heat.BAD, "blurred to sharp; grey: too plain to tell")
    if not scene.sharpness.decided.any():
        return (colours,)
    return colours, Mark("outline", BLACK, "the most detailed tiles: they decide")


def sharpness_map(scene: Scene, picture: Rgb) -> Rgb:
    """Tiles judged blurred in vermilion, sharp ones in blue; grey where there is too little detail to tell."""
    assert scene.sharpness is not None
    height, width = picture.shape[:2]
    return heat.tinted(picture, heat.spread(scene.sharpness, height, width, scene.scale))


def deciding_tiles(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """Outlines of the tiles that the judgement rests on."""
    assert scene.sharpness is not None
    for x, y, wide, high in scene.sharpness.boxes[scene.sharpness.decided] * scene.scale:
        box = (left + x, top + y, left + x + wide, top + y + high)
        canvas.rectangle(box, outline=WHITE, width=3.5)
        canvas.rectangle(box, outline=BLACK, width=1.5)


Mask = npt.NDArray[np.bool_]


def _mostly(mask: Mask, scene: Scene) -> Mask:
    """At the size shown, where most pixels around are in the mask: single ones would be confetti to the eye.

    They are counted on the frame, since reducing mixes clipped pixels with others.
    """
    height, width = scene.rgb.shape[:2]
    share = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(share, (9, 9)) >= 0.5)


def stripes(height: int, width: int, rising: bool, period: int = 12) -> npt.NDArray[np.bool_]:
    """Diagonal stripes, a third on and the rest off, H x W."""
    rows, columns = np.ogrid[:height, :width]
    return np.asarray((columns + (rows if rising else -rows)) % period < period // 3)


def _striped(picture: Rgb, where: Mask, colour: Colour, rising: bool, period: int = 12) -> Rgb:
    marked = picture.copy()
    marked[where & stripes(where.shape[0], where.shape[1], rising, period)] = colour
    return marked


def _clipping_marks(share: float, how: str, colour: Colour, words: str) -> Sequence[Mark]:
    return (Mark(how, colour, f"{words}: {100 * share:.0f} %"),) if share >= WORTH_SHOWING else ()


def _highlight_marks(scene: Scene) -> Sequence[Mark]:
    marks = _clipping_marks(exposure.blown(scene.frame).share, "stripes \\", HIGHLIGHTS, "clipped highlights")
    return [replace(one, means=f"{one.means}; wide: one colour") for one in marks]


def _shadow_marks(scene: Scene) -> Sequence[Mark]:
    return _clipping_marks(exposure.blocked(scene.frame).share, "stripes /", SHADOWS, "blocked shadows")


def blown_highlights(scene: Scene, picture: Rgb) -> Rgb:
    """Falling stripes where every channel is clipped, twice as far apart where one is (see `image.exposure.BLOWN`)."""
    some = _mostly(scene.frame.max(axis=2) >= exposure.BLOWN, scene)
    every = _mostly(scene.frame.min(axis=2) >= exposure.BLOWN, scene)
    wide = _striped(picture, some & ~every, HIGHLIGHTS, rising=False, period=28)
    return _striped(wide, every, HIGHLIGHTS, rising=False)


def blocked_shadows(scene: Scene, picture: Rgb) -> Rgb:
    """Rising stripes where every channel is black to the eye (see `image.exposure.BLOCKED`)."""
    return _striped(picture, _mostly(scene.frame.max(axis=2) <= exposure.BLOCKED, scene), SHADOWS, rising=True)


def _patch_marks(scene: Scene) -> Sequence[Mark]:
    if scene.patches is None or not len(scene.patches):
        return ()
    squares = Mark("squares", heat.BAD, "looked at closely: blurred, sharp")
    if not any(line is not None for line in map(partial(_line, scene.patches), range(len(scene.patches)))):
        return (squares,)
    return squares, Mark("line", ARROW, "the blur there: its line and length")


def patch_outlines(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """Squares in the colour of what the network made of them, and the line along which each is smeared."""
    assert scene.patches is not None
    seen, scale = scene.patches, scene.scale
    sharp = (1 / (1 + np.exp(np.clip(seen.blurred, -30, 30)))).astype(np.float32)
    for number, (above, beside) in enumerate(seen.places * scale):
        box = (left + beside, top + above, left + beside + seen.side * scale, top + above + seen.side * scale)
        red, green, blue = (int(part) for part in heat.colours(sharp[number : number + 1][None])[0, 0])
        canvas.rectangle(box, outline=BLACK, width=6)
        canvas.rectangle(box, outline=(red, green, blue), width=4)
        line = _line(seen, number)
        if line is not None:
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            dx, dy = line[0] * scale, line[1] * scale
            for colour, width in ((BLACK, 7), (ARROW, 3.5)):
                canvas.line([(x - dx, y - dy), (x + dx, y + dy)], colour, width)


def _line(seen: Patches, number: int) -> Point | None:
    """Half of the smear of a patch as a vector in frame pixels; None where it is sharp or blurred all around."""
    if seen.blurred[number] <= 0 or seen.major[number] - seen.minor[number] < _NARROW:
        return None
    angle = 0.5 * math.atan2(float(seen.axis[number, 1]), float(seen.axis[number, 0]))
    reach = min(math.sqrt(3) * 2.0 ** float(seen.major[number]), seen.side / 2)
    return reach * math.cos(angle), reach * math.sin(angle)


def _shake_marks(scene: Scene) -> Sequence[Mark]:
    if scene.smear is None:
        return ()
    far = "" if scene.smear.length is None else f", about {scene.smear.length:.0f} pixels"
    return (Mark("arrow", ARROW, f"shake: along this line{far}"),)


def shake_arrow(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """A double arrow along the smear, over the middle of the photo; its length is for the eye, not to scale."""
    assert scene.smear is not None
    height, width = scene.rgb.shape[:2]
    angle = math.radians(scene.smear.degrees)
    reach = 0.22 * min(height, width)
    x, y = left + width / 2, top + height / 2
    dx, dy = reach * math.cos(angle), -reach * math.sin(angle)
    double_arrow(canvas, (x - dx, y - dy), (x + dx, y + dy), ARROW)


def double_arrow(canvas: Canvas, start: Point, end: Point, colour: Colour, size: float = 1.0) -> None:
    """An arrow with a head at both ends and a black rim, which shows on every ground."""
    one, other = np.array(start, dtype=float), np.array(end, dtype=float)
    along = (other - one) / max(float(np.linalg.norm(other - one)), 1e-9)
    across = np.array([-along[1], along[0]])
    for ink, rim in ((BLACK, 3.0 * size), (colour, 0.0)):
        canvas.line([_pair(one + 14 * size * along), _pair(other - 14 * size * along)], ink, 7 * size + 2 * rim)
        for tip, back in ((one, along), (other, -along)):
            base = tip + (26 * size + 0.8 * rim) * back
            wing = (14 * size + 1.6 * rim) * across
            canvas.polygon([_pair(tip - 1.6 * rim * back), _pair(base + wing), _pair(base - wing)], ink)


_EYES: Mapping[str, tuple[Colour, str]] = {
    "open": (OPEN, "open eyes"),
    "closed": (CLOSED, "closed eyes (crossed out)"),
    "unknown": (UNKNOWN, "eyes of which it cannot be told"),
}


def _face_marks(scene: Scene) -> Sequence[Mark]:
    there = {state for face in scene.faces for _, state in face.eyes}
    marks = [Mark("outline", colour, words) for state, (colour, words) in _EYES.items() if state in there]
    return marks or ([Mark("outline", UNKNOWN, "a face, too small for its eyes")] if scene.faces else [])


def faces_and_eyes(scene: Scene, canvas: Canvas, left: int, top: int) -> None:
    """A box around every face, the number of those who count, and their eyes in the colour of their state."""
    for face in scene.faces:
        x, y, wide, high = (value * scene.scale for value in face.box)
        box = (left + max(x, 0), top + max(y, 0), left + min(x + wide, scene.rgb.shape[1]),
               top + min(y + high, scene.rgb.shape[0]))  # fmt: skip
        canvas.rectangle(box, outline=BLACK, width=3.0 if face.label else 2.0)
        canvas.rectangle(box, outline=WHITE if face.label else UNKNOWN, width=1.5 if face.label else 1.0)
        for outline, state in face.eyes:
            _eye(canvas, outline * scene.scale + (left, top), state)
        if face.label:
            _badge(canvas, face.label, box[0], box[1] - 20 if box[1] - 20 >= top else box[3])


def _eye(canvas: Canvas, outline: npt.NDArray[np.float64], state: str) -> None:
    colour = _EYES[state][0]
    ring = [_pair(point) for point in (*outline, outline[0])]
    canvas.line(ring, BLACK, 3.5)
    canvas.line(ring, colour, 1.8)
    if state == "closed":
        low, high = outline.min(axis=0) - 3, outline.max(axis=0) + 3
        for ink, width in ((BLACK, 3.5), (colour, 1.8)):
            canvas.line([_pair(low), _pair(high)], ink, width)
            canvas.line([(float(low[0]), float(high[1])), (float(high[0]), float(low[1]))], ink, width)


def _badge(canvas: Canvas, words: str, left: float, top: float) -> None:
    canvas.rectangle((left, top, left + text_width(words, 14) + 10, top + 20), BLACK)
    canvas.text((left + 5, top + 10), words, 14, WHITE, "lm")


def _pair(point: npt.NDArray[np.float64]) -> Point:
    return float(point[0]), float(point[1])


layer(Layer("sharpness", "focus", _sharpness_marks, sharpness_map, deciding_tiles))
layer(Layer("patches", "focus", _patch_marks, draw=patch_outlines))
layer(Layer("shake", "focus", _shake_marks, draw=shake_arrow))
layer(Layer("highlights", "light", _highlight_marks, blown_highlights))
layer(Layer("shadows", "light", _shadow_marks, blocked_shadows))
layer(Layer("faces", "light", _face_marks, draw=faces_and_eyes))
