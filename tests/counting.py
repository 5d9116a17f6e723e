"""Counts what the libraries below keepers are asked to do while photos run through it; no clock is involved."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
import simplejpeg
from PIL import Image, ImageFile

from keepers.image import patches

RESIZERS = ("resize", "pyrDown", "pyrUp", "warpAffine", "warpPerspective", "remap")
CONVERTERS = ("cvtColor", "cvtColorTwoPlane")


@dataclass
class Counts:
    """Calls by what they do, and the pixels that they were given (decoders: that they made)."""

    calls: Counter[str] = field(default_factory=Counter)
    pixels: Counter[str] = field(default_factory=Counter)
    _lock: Any = field(default_factory=threading.Lock)

    def add(self, what: str, pixels: int = 0) -> None:
        with self._lock:
            self.calls[what] += 1
            self.pixels[what] += pixels


@contextmanager
def counted() -> Iterator[Counts]:
    """As long as it lasts, decoders, encoders, resizers, colour conversions, networks and their runs are counted.

    What OpenCV, ONNX Runtime, simplejpeg and Pillow do is done all the same.
    """
    counts = Counts()
    with pytest.MonkeyPatch.context() as patch:

        def count(holder: Any, name: str, what: str, pixels: Callable[[tuple[Any, ...], Any], int]) -> None:
            real = getattr(holder, name)

            def counting(*args: Any, **more: Any) -> Any:
                result = real(*args, **more)
                counts.add(what, pixels(args, result))
                return result

            patch.setattr(holder, name, counting)

        count(simplejpeg, "decode_jpeg", "decode", lambda args, result: _area(result))
        for name in ("imdecode", "imread"):
            count(cv2, name, "decode", lambda args, result: _area(result))
        for holder, name in ((simplejpeg, "encode_jpeg"), (cv2, "imencode"), (cv2, "imwrite")):
            count(holder, name, "encode", lambda args, result: max(map(_area, args)))
        count(Image.Image, "save", "encode", lambda args, result: args[0].width * args[0].height)
        for name in RESIZERS:
            count(cv2, name, "resize", lambda args, result: _area(args[0]))
        for name in CONVERTERS:
            count(cv2, name, "convert", lambda args, result: _area(args[0]))
        count(cv2.dnn, "readNetFromTFLite", "own network", lambda args, result: 0)
        patch.setattr(ImageFile.ImageFile, "load", _counting_load(counts, ImageFile.ImageFile.load))
        patch.setattr(onnxruntime, "InferenceSession", _counting_session(counts))
        yield counts


def _area(value: Any) -> int:
    return int(np.prod(value.shape[:2])) if isinstance(value, np.ndarray) and value.ndim >= 2 else 0


def _counting_load(counts: Counts, real: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def load(image: Any) -> Any:
        if getattr(image, "tile", None):  # it was only opened so far
            counts.add("decode", image.size[0] * image.size[1])
        return real(image)

    return load


def _counting_session(counts: Counts) -> type:
    class Counting(onnxruntime.InferenceSession):  # type: ignore[misc]
        def __init__(self, model: Any, *args: Any, **more: Any) -> None:
            super().__init__(model, *args, **more)
            counts.add("session")
            self.detects = len(self.get_outputs()) > 1

        def run(self, names: Any, feed: dict[str, np.ndarray], *more: Any) -> Any:
            (x,) = feed.values()
            what = "faces" if self.detects else "patches" if x.shape[2] == patches.SIDE else "whole"
            counts.add(f"run {what}", x.shape[0] * x.shape[2] * x.shape[3])
            return super().run(names, feed, *more)

    return Counting


@contextmanager
def statements() -> Iterator[Counter[str]]:
    """As long as it lasts, SQLite's statements are counted by their first word, on connections that are opened in it.

    One that is executed with many rows counts as many.
    """
    found: Counter[str] = Counter()
    real, lock = sqlite3.connect, threading.Lock()

    def heard(statement: str) -> None:
        with lock:
            found[statement.split(None, 1)[0].upper() if statement.strip() else ""] += 1

    def connect(*args: Any, **more: Any) -> sqlite3.Connection:
        connection = real(*args, **more)
        connection.set_trace_callback(heard)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        yield found
