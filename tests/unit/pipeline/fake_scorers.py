"""Scorers that do what a file name says; a child process imports this module by name."""

import ctypes
import os
import time
from functools import partial
from pathlib import Path

import numpy as np

from keepers.errors import ModelError
from keepers.pipeline.limits import memory_limit, physical_memory
from keepers.pipeline.score import Scorer
from keepers.types import PhotoFile, Report, Source


def source(name: str) -> Source:
    path = Path("/shoot") / name
    return Source(path, (PhotoFile(path, "image", 1, 1),))


def scored(one: Source, log: Path | None = None) -> Report:
    name = one.path.stem
    if log is not None:
        with log.open("a") as lines:
            lines.write(name + "\n")
    if name.startswith("segfault"):
        ctypes.string_at(0)
    if name.startswith("hang"):
        time.sleep(600)
    if name.startswith("hungry"):
        np.empty(memory_limit(8, physical_memory()), dtype=np.uint8)
    if name.startswith("exit"):
        os._exit(3)
    if name.startswith("slow"):
        time.sleep(0.2)
    print("a library that talks on stdout")
    return Report(one, error=f"scored {name}")


def build(log: Path | None = None) -> Scorer:
    return partial(scored, log=log)


def build_broken() -> Scorer:
    raise ModelError("no.onnx is damaged; install keepers again.")


def build_defective() -> Scorer:
    raise ZeroDivisionError("oh")


def build_dying() -> Scorer:
    os._exit(7)
