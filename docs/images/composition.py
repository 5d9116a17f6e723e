"""Draw the picture of docs/composition.md from two sample photos: `python docs/images/composition.py`."""

from pathlib import Path

import numpy as np
from PIL import Image

from keepers.checks.composition import composed
from keepers.image import figure, overlay
from keepers.image.canvas import Canvas
from keepers.image.overlay import LAYERS, Framing, Scene
from keepers.models.faces import Faces
from keepers.pipeline.observe import observe
from keepers.pipeline.people import look
from keepers.types import Frame, Photo, Rgb, Source

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "src" / "keepers" / "sample" / "data"
HEIGHT, GAP = 400, 8
NAMES = [name for name, layer in LAYERS.items() if layer.view == "framing"]


def scene(name: str) -> Scene:
    """A photo and how it is composed."""
    rgb: Rgb = np.asarray(Image.open(DATA / f"{name}.jpg").convert("RGB"))
    photo = Photo(name, Source(DATA / f"{name}.jpg", ()), rgb.shape[1], rgb.shape[0])
    frame = Frame(rgb)
    seen = composed(observe(frame, photo, None, look(frame, photo, Faces())))
    framing = Framing(seen.subject, seen.anchor, "", seen.horizon, seen.mass)
    return Scene(rgb, figure.sized(rgb, 10_000, HEIGHT), framing=framing)


def main() -> None:
    """Write composition.jpg beside this file."""
    scenes = [scene(name) for name in ("raccoon", "astronaut")]
    canvas = Canvas(sum(one.rgb.shape[1] for one in scenes) + GAP * (len(scenes) - 1), HEIGHT)
    left = 0
    for one in scenes:
        overlay.draw(one, overlay.shown(one, NAMES), canvas, left, 0)
        left += one.rgb.shape[1] + GAP
    Image.fromarray(canvas.rgb()).save(HERE / "composition.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main()
