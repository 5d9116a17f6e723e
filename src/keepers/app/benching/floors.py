"""What cannot be saved: for every stage the library's call alone, measured on the same photos in the same run.

A new floor is one function with `@floor`: it makes the call once on a photo of which everything lies ready.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import simplejpeg

from keepers.app.benching import peak
from keepers.app.benching.findings import Floor
from keepers.app.review import render
from keepers.errors import PhotoError
from keepers.image import signature
from keepers.image.colour import luma
from keepers.image.resize import fit
from keepers.io import decode
from keepers.io.files import hash_bytes, hash_windows
from keepers.models.faces import Faces
from keepers.models.focus import Focus
from keepers.models.session import Session, Tensor
from keepers.models.zoo import Classifier, Networks
from keepers.registry import Registry
from keepers.types import Report, Rgb

MOST = 12
"""Photos that are looked at, spread over the lot."""


@dataclass(frozen=True)
class Ready:
    """One photo with all that a call needs. jpeg: the file, or the preview in a RAW. least: rows and columns of the
    frame before it is turned upright. inputs: what its networks were asked."""

    path: Path
    raw: bool
    jpeg: bytes
    least: tuple[int, int]
    rgb: Rgb
    thumb: Rgb
    inputs: tuple[tuple[Session, Tensor], ...]
    faces: Faces


Call = Callable[[Ready], object]


@dataclass(frozen=True, slots=True)
class Bare:
    """A floor: in words, as the call, and as one that says what the machine could do at best, where that is less."""

    what: str
    call: Call
    limit: Call | None = None


FLOORS: Registry[Bare] = Registry("floor")


def floor(name: str, what: str, limit: Call | None = None) -> Callable[[Call], Call]:
    """Register the call that a stage cannot do without."""

    def added(call: Call) -> Call:
        FLOORS.add(name, Bare(what, call, limit))
        return call

    return added


@floor("read", "reading the file, or the preview of a RAW, from the system's memory")
def read(ready: Ready) -> object:
    """The bytes that are judged."""
    return _preview(ready.path) if ready.raw else ready.path.read_bytes()


@floor("hash", "BLAKE2b of the file (of a RAW 3 MiB of it), the fingerprint of its pixels and the perceptual hash")
def hash_(ready: Ready) -> object:
    """Three names of one photo."""
    if ready.raw:
        with ready.path.open("rb") as file:
            identity = hash_windows(file, file.seek(0, io.SEEK_END))
    else:
        identity = hash_bytes(ready.jpeg)
    return identity, signature.fingerprint(ready.rgb), signature.hash_of(ready.rgb)


def entropy(ready: Ready) -> object:
    """All that a decoder must do for any pixel: undo the Huffman code. At 1/8 and in grey next to nothing is added."""
    return simplejpeg.decode_jpeg(ready.jpeg, colorspace="GRAY", min_height=1, min_width=1, strict=False)


@floor("decode", "libjpeg-turbo at the scale used; its limit: entropy decoding alone", entropy)
def decode_(ready: Ready) -> object:
    """Pixels, not yet upright nor in sRGB."""
    height, width = ready.least
    return simplejpeg.decode_jpeg(ready.jpeg, min_height=height, min_width=width, strict=False)


@floor("faces", "the face networks on the ready frame")
def faces(ready: Ready) -> object:
    """Detector, mesh and blendshapes."""
    return ready.faces.find(ready.rgb)


@floor("networks", "the networks on their ready input; their limit: their operations at the measured int8 peak")
def networks(ready: Ready) -> object:
    """One run of each."""
    return [session.run(x) for session, x in ready.inputs]


@floor("encode", "JPEG encoding of the small picture, its pixels ready")
def encode(ready: Ready) -> object:
    """The picture of the grid."""
    quality = render.QUALITY["thumb"]
    return simplejpeg.encode_jpeg(ready.thumb, quality=quality, colorspace="RGB", colorsubsampling="420")


class Recorder:
    """A session that remembers what it was asked."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.asked: list[Tensor] = []

    def run(self, x: Tensor) -> Tensor:
        """See `Session`."""
        self.asked.append(x)
        return self.session.run(x)


class Tools:
    """The networks, loaded once, and what they need of this machine."""

    def __init__(self, loaded: Networks | None) -> None:
        self.faces = Faces()
        self._loaded = loaded
        self.recorders: dict[str, Recorder] = {}
        self.networks: Networks | None = None
        if loaded is not None:
            whole = self._recorded(loaded.whole)
            focus = Focus(loaded.focus.model, self._recorded(loaded.focus)) if loaded.focus else None
            self.networks = Networks(Classifier(loaded.whole.model, whole), focus)

    def _recorded(self, network: Classifier | Focus) -> Recorder:
        recorder = Recorder(network._session)
        self.recorders[network.name] = recorder
        return recorder

    @cached_property
    def peak_int8(self) -> float:
        """See `peak.peak`."""
        return peak.peak("int8")

    @cached_property
    def peak_fp32(self) -> float:
        """See `peak.peak`."""
        return peak.peak("fp32")

    @cached_property
    def operations(self) -> dict[str, float]:
        """10^9 operations a photo by network, for the last photo that was made ready."""
        if self._loaded is None:
            return {}
        models = [one.model for one in (self._loaded.whole, self._loaded.focus) if one is not None]
        asked = [(model, self.recorders[model.name].asked) for model in models]
        return {model.name: peak.operations(model.path.read_bytes(), x[-1]) for model, x in asked if x}

    def ready(self, report: Report) -> Ready | None:
        """The photo of a report, or None where it is neither JPEG nor a RAW with a JPEG in it."""
        source = report.source
        raw = any(file.path == source.path and file.role == "raw" for file in source.files)
        photo, frame = decode.read(source)
        data = _preview(source.path) if raw else source.path.read_bytes()
        if not data.startswith(b"\xff\xd8\xff") or frame.origin == "demosaic":
            return None
        height, width = frame.rgb.shape[:2]
        least = (width, height) if photo.camera.orientation >= 5 else (height, width)
        thumb = np.ascontiguousarray(fit(frame.rgb, render.THUMB))
        return Ready(source.path, raw, data, least, frame.rgb, thumb, self._inputs(frame.rgb), self.faces)

    def _inputs(self, rgb: Rgb) -> tuple[tuple[Session, Tensor], ...]:
        if self.networks is None:
            return ()
        for recorder in self.recorders.values():
            recorder.asked.clear()
        self.networks.log_odds(rgb)
        self.networks.look_closely(rgb, luma(rgb))
        return tuple((one.session, x) for one in self.recorders.values() for x in one.asked)


def floors(reports: Sequence[Report], tools: Tools, tell: Callable[[], None]) -> tuple[Floor, ...]:
    """Every floor of these photos; none where one of them is of a kind whose decoder has no bare call.

    Args:
        tell: called after every photo.
    """
    some = [reports[i * len(reports) // MOST] for i in range(MOST)] if len(reports) > MOST else list(reports)
    rows: list[dict[str, tuple[float, float]]] = []
    for report in some:
        with suppress(PhotoError):
            ready = tools.ready(report)
            if ready is None:
                return ()
            rows.append({name: _measured(bare, ready, tools) for name, bare in FLOORS.items()})
        tell()
    if not rows:
        return ()
    found = [Floor(name, FLOORS[name].what, *_means(rows, name)) for name in FLOORS]
    saving = _saving(reports)
    return (*found, Floor("write", "SQLite, all photos in one transaction", saving, saving))


def _means(rows: Sequence[dict[str, tuple[float, float]]], name: str) -> Iterator[float]:
    return (sum(row[name][i] for row in rows) / len(rows) for i in range(2))


def _measured(bare: Bare, ready: Ready, tools: Tools) -> tuple[float, float]:
    """Milliseconds of the bare call, and at best."""
    alone = _ms(bare.call, ready)
    if bare.call is networks and tools.operations:
        return alone, min(alone, 1000 * sum(tools.operations.values()) / tools.peak_int8)
    return alone, alone if bare.limit is None else min(alone, _ms(bare.limit, ready))


def _ms(call: Call, ready: Ready) -> float:
    """The lesser of two: what else the computer does makes a call slower and never faster."""

    def once() -> float:
        began = time.thread_time()
        call(ready)
        return 1000 * (time.thread_time() - began)

    return min(once(), once())


def _saving(reports: Sequence[Report]) -> float:
    from keepers.catalog.db import Catalog

    with TemporaryDirectory(prefix="keepers-bench-") as folder, Catalog(Path(folder) / "catalog.db") as store:
        began = time.thread_time()
        store.save(reports)
        return 1000 * (time.thread_time() - began) / len(reports)


def _preview(path: Path) -> bytes:
    import rawpy

    with rawpy.imread(str(path)) as raw:
        thumb: Any = raw.extract_thumb()
        return bytes(thumb.data)
