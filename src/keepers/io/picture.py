"""What every decoder returns, and the turns that make it upright."""

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from keepers.errors import PhotoTooLarge
from keepers.types import CameraFacts, Rgb

# One thread a photo: keepers decodes several photos side by side, and pools in pools cost a third of the speed.
cv2.setNumThreads(1)

MAX_PIXELS = 300_000_000
"""Beyond this a picture is refused before any memory is set aside for it."""
HALVE_FROM = 8_000_000
"""Pictures of at least this many native pixels are decoded at half scale."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture that may still lie on its side.

    `rgb` is uint8 H x W x 3, sRGB. `width` and `height` are native pixels before turning; `orientation` (EXIF
    1..8) is the turn that is still to be made.
    """

    rgb: Rgb
    width: int
    height: int
    camera: CameraFacts = field(default_factory=CameraFacts)
    orientation: int = 1
    origin: Literal["image", "preview", "demosaic"] = "image"

    @property
    def scale(self) -> float:
        """Frame pixels per native pixel, at most 1; exactly 0.5 for a halved picture of odd size."""
        height, width = self.rgb.shape[:2]
        if abs(2 * width - self.width) <= 1 and abs(2 * height - self.height) <= 1 and self.width > 2:
            return 0.5
        return float(min(1.0, max(width, height) / max(self.width, self.height)))


def refuse_pixels(name: str, width: int, height: int) -> None:
    """Raise `PhotoTooLarge` for a picture of more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise PhotoTooLarge(
            f"{name} claims {width} x {height} pixels, more than the {MAX_PIXELS // 1_000_000} million that keepers "
            "decodes; make it smaller first."
        )


def halve(rgb: Rgb) -> Rgb:
    """Exactly half the size by averaging 2 x 2 pixels; an odd last row or column is dropped."""
    height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
    even = rgb[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def upright(rgb: Rgb, orientation: int) -> Rgb:
    """`rgb` turned and mirrored as EXIF `orientation` (1..8) asks; other values leave it alone."""
    turned: cv2.typing.MatLike = rgb
    if orientation == 2:
        turned = cv2.flip(rgb, 1)
    elif orientation == 3:
        turned = cv2.rotate(rgb, cv2.ROTATE_180)
    elif orientation == 4:
        turned = cv2.flip(rgb, 0)
    elif orientation == 5:
        turned = cv2.transpose(rgb)
    elif orientation == 6:
        turned = cv2.rotate(rgb, cv2.ROTATE_90_CLOCKWISE)
    elif orientation == 7:
        turned = cv2.flip(cv2.transpose(rgb), -1)
    elif orientation == 8:
        turned = cv2.rotate(rgb, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return np.ascontiguousarray(turned, dtype=np.uint8)
