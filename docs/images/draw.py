"""Draw the pictures of the README from the sample shoot: `python docs/images/draw.py`.

shoot.jpg shows every photo of the sample shoot with the verdict of this very version and the strongest reason;
flaw-*.jpg show a clean picture and the same with one flaw. Run it after the model or the calibration changed.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import keepers
from keepers.flaws import FLAWS
from keepers.image.resize import fit, shrink
from keepers.types import VERDICT_TITLES, Opinion, Rgb

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "src" / "keepers" / "sample" / "data"
COLOURS = {"keep": "#2e8b57", "maybe": "#d9a514", "delete": "#c0392b"}
COLUMNS, CELL, PHOTO, GAP = 6, (196, 178), (196, 132), 8
EXAMPLES = {
    "blurred": ("raccoon", "defocus", 0.75),
    "camera_shake": ("rocket", "hand_shake", 0.8),
    "overexposed": ("astronaut", "overexposure", 0.6),
    "underexposed": ("coffee", "underexposure", 0.7),
    "noisy": ("cat", "sensor_noise", 1.0),
    "distorted": ("cat", "stretch", 0.9),
}


def middle(rgb: Rgb, width: int, height: int) -> Rgb:
    """The middle of `rgb`, scaled to fill `width` x `height`."""
    factor = max(width / rgb.shape[1], height / rgb.shape[0])
    small = shrink(rgb, max(1, round(min(rgb.shape[:2]) * factor)))
    top, left = (small.shape[0] - height) // 2, (small.shape[1] - width) // 2
    return small[max(top, 0) : max(top, 0) + height, max(left, 0) : max(left, 0) + width]


def example(label: str, width: int = 170, height: int = 120) -> Image.Image:
    """A clean picture and the same with the flaw, side by side."""
    picture, flaw, severity = EXAMPLES[label]
    clean = fit(np.asarray(Image.open(DATA / f"{picture}.jpg").convert("RGB")), 512)
    flawed, _ = FLAWS[flaw](clean, np.random.default_rng(5), severity)
    sheet = Image.new("RGB", (2 * width + 4, height), "white")
    for place, rgb in enumerate((clean, flawed)):
        view = cv2.resize(middle(rgb, width, height), (width, height), interpolation=cv2.INTER_AREA)
        sheet.paste(Image.fromarray(view), (place * (width + 4), 0))
    return sheet


def cell(opinion: Opinion) -> Image.Image:
    """One photo with its verdict and the strongest reason."""
    verdict = opinion.verdict
    assert verdict is not None, opinion.report.error
    sheet = Image.new("RGB", CELL, "#1d1f21")
    with Image.open(opinion.path) as image:
        image.thumbnail(PHOTO, Image.Resampling.LANCZOS)
        sheet.paste(image, ((PHOTO[0] - image.width) // 2, (PHOTO[1] - image.height) // 2))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, PHOTO[1] + 4, CELL[0], CELL[1]), fill=COLOURS[verdict.verdict])
    found = [name.replace("_", " ") for name, p in sorted(verdict.flaws.items(), key=lambda x: -x[1]) if p >= 0.5]
    words = ", ".join(found) or "no flaw found"
    draw.text((6, PHOTO[1] + 6), VERDICT_TITLES[verdict.verdict], fill="white", font=ImageFont.load_default(15))
    draw.text((6, PHOTO[1] + 25), words, fill="white", font=ImageFont.load_default(13))
    return sheet


def shoot() -> Image.Image:
    """The contact sheet of the sample shoot."""
    with tempfile.TemporaryDirectory() as folder:
        photos = keepers.make_sample(Path(folder) / "shoot")
        opinions = sorted(keepers.assess(photos), key=lambda opinion: opinion.path)
        cells = [cell(opinion) for opinion in opinions]
    rows = -(-len(cells) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (CELL[0] + GAP) + GAP, rows * (CELL[1] + GAP) + GAP), "#101112")
    for place, picture in enumerate(cells):
        row, column = divmod(place, COLUMNS)
        sheet.paste(picture, (GAP + column * (CELL[0] + GAP), GAP + row * (CELL[1] + GAP)))
    return sheet


def main() -> None:
    """Write all pictures beside this file."""
    for label in EXAMPLES:
        example(label).save(HERE / f"flaw-{label}.jpg", quality=82, optimize=True)
    shoot().save(HERE / "shoot.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main()
