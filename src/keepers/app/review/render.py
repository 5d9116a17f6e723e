"""Pictures to look at, made from a photo's file in a process of their own: a file that kills a decoder kills no server.

Everything here runs in that process but `Wanted`, which says what is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from keepers.errors import PhotoError, UnreadablePhoto
from keepers.pipeline.score import Scorer
from keepers.types import Report, Source

if TYPE_CHECKING:
    from keepers.types import Evidence, Frame, Photo, Rgb

What = Literal["thumb", "fit", "full", "sharp", "clipping", "facts"]
ENDINGS: dict[What, str] = {
    "thumb": "jpg",
    "fit": "jpg",
    "full": "jpg",
    "sharp": "png",
    "clipping": "png",
    "facts": "json",
}
THUMB, FIT, OVERLAY = 320, 2048, 1024
"""Pixels of the long side."""
_NATIVE = 1 << 20
QUALITY = {"thumb": 82, "fit": 88, "full": 92}
BINS = 64


def place(cache: Path, photo: str, what: What) -> Path:
    """Where the picture of a photo (by its content id) lies in the cache."""
    from keepers.io import thumbs

    return thumbs.place(cache, photo, what, ENDINGS[what])


@dataclass(frozen=True, slots=True)
class Wanted(Source):
    """A picture that shall be in `target`, of the photo whose content id is `photo`."""

    photo: str
    what: What
    target: Path


def build_renderer() -> Scorer:
    """What the process runs: answers a `Wanted` with a report, which has an error where nothing could be made."""
    import cv2

    cv2.setNumThreads(1)
    return _answer


def _answer(source: Source) -> Report:
    assert isinstance(source, Wanted)
    plain = Source(source.path, source.files)
    try:
        photo = _render(source, plain)
    except PhotoError as error:
        return Report(plain, error=str(error))
    except MemoryError:
        return Report(plain, error=f"{source.path.name} does not fit into memory; close other programs.", passing=True)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Report(plain, error=f"The folder {source.target.parent} cannot be written ({why}).", passing=True)
    return Report(plain, photo)


def _render(wanted: Wanted, plain: Source) -> Photo:
    from keepers.io import decode, thumbs
    from keepers.io.preview import quick_id

    long = {"thumb": THUMB, "fit": FIT, "full": _NATIVE}.get(wanted.what)
    photo, frame = decode.read(plain, long)
    if photo.id != wanted.photo and quick_id(wanted.path) != wanted.photo:
        raise UnreadablePhoto(f"{wanted.path.name} has changed since it was culled; cull its folder again.")
    makers: dict[What, Callable[[], bytes]] = {
        "thumb": lambda: _jpeg(_small(frame.rgb, THUMB), "thumb"),
        "fit": lambda: _jpeg(_small(frame.rgb, FIT), "fit"),
        "full": lambda: _jpeg(frame.rgb, "full"),
        "sharp": lambda: _sharp(frame, photo),
        "clipping": lambda: _clipping(frame.rgb),
        "facts": lambda: _facts(frame, photo),
    }
    thumbs.put(wanted.target, makers[wanted.what]())
    return photo


def _small(rgb: Rgb, long: int) -> Rgb:
    from keepers.image.resize import fit

    return fit(rgb, long)


def _jpeg(rgb: Rgb, what: Literal["thumb", "fit", "full"]) -> bytes:
    from keepers.io import thumbs

    return thumbs.encode(rgb, QUALITY[what], "444" if what == "full" else "420")


def _png(rgba: Rgb) -> bytes:
    import cv2

    _, data = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    return data.tobytes()


def _evidence(frame: Frame, photo: Photo) -> Evidence:
    from keepers.pipeline.observe import observe

    return observe(frame, photo, None)


def _sharp(frame: Frame, photo: Photo) -> bytes:
    """The tiles in the colours of the figures, the more opaque the clearer they are; none where there is no texture."""
    import numpy as np

    from keepers.app.picturing import sharp_tiles
    from keepers.image import heat

    height, width = frame.rgb.shape[:2]
    scale = min(1.0, OVERLAY / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    rgba = np.zeros((*size, 4), np.uint8)
    cells = sharp_tiles(_evidence(frame, photo))
    if cells is not None:
        values = heat.spread(cells, *size, scale)
        rgba[..., :3] = heat.colours(values).astype(np.uint8)
        rgba[..., 3] = np.where(np.isfinite(values), 60 + 240 * np.abs(np.nan_to_num(values, nan=0.5) - 0.5), 0)
    return _png(rgba)


def _clipping(rgb: Rgb) -> bytes:
    """Clipped highlights and blocked shadows as the checks see them, as opaque as the share of the area that is."""
    import cv2
    import numpy as np

    from keepers.image import exposure, overlay

    lowest, highest = rgb.min(axis=2), rgb.max(axis=2)
    blown = ((highest >= exposure.BLOWN).astype(np.float32) + (lowest >= exposure.BLOWN)) / 2
    blocked = (highest <= exposure.BLOCKED).astype(np.float32)
    height, width = lowest.shape
    scale = min(1.0, OVERLAY / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    blown, blocked = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) for mask in (blown, blocked))
    rgba = np.zeros((size[1], size[0], 4), np.uint8)
    rgba[..., :3] = np.where((blown >= blocked)[..., None], overlay.HIGHLIGHTS, overlay.SHADOWS)
    rgba[..., 3] = np.clip(np.maximum(blown, blocked) * 230, 0, 230)
    return _png(rgba)


def _facts(frame: Frame, photo: Photo) -> bytes:
    """How the tones are spread, and how sharp each tile is."""
    import numpy as np

    from keepers.app.picturing import sharp_tiles

    evidence = _evidence(frame, photo)
    channels = {name: frame.rgb[..., at] for at, name in enumerate("rgb")}
    codes = {**channels, "luma": np.rint(evidence.luma * 255).astype(np.uint8)}
    counts = {name: np.bincount(c.ravel() // (256 // BINS), minlength=BINS).tolist() for name, c in codes.items()}
    cells = sharp_tiles(evidence)
    tiles: dict[str, object] | None = None
    decided: list[int] = []
    if cells is not None:
        rows, columns = evidence.tiles.sharpness.shape
        sharp = [None if np.isnan(value) else round(float(value), 3) for value in cells.values]
        tiles = {"rows": rows, "columns": columns, "sharp": sharp}
        decided = np.flatnonzero(cells.decided).tolist()
    return json.dumps({"histogram": counts, "tiles": tiles, "decided_by": decided}).encode()
