"""What every peer script shares: it prepares, takes photos one after the other, and prints one line of JSON.

    python laplacian_hash.py [--processes N] PHOTO...

Libraries are imported and networks loaded before the clock starts, as is left out for keepers, too; one photo is done
first.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

One = Callable[[str], Any]
Prepare = Callable[[], One]

_one: One | None = None


def _ready(prepare: Prepare) -> None:
    global _one
    _one = prepare()


def _do(path: str) -> None:
    assert _one is not None
    _one(path)


def cpu() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def main(prepare: Prepare) -> None:
    """Run a peer over the photos that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(_several(prepare, options) if options.processes > 1 else _alone(prepare, options.photos)))


def _alone(prepare: Prepare, photos: list[str]) -> dict[str, float]:
    one = prepare()
    one(photos[0])
    wall, spent = time.perf_counter(), cpu()
    for photo in photos:
        one(photo)
    return _answer(photos, time.perf_counter() - wall, cpu() - spent)


def _several(prepare: Prepare, options: argparse.Namespace) -> dict[str, float]:
    """A pool of processes, as one would write it; CPU time of the start is left out by measuring it apart."""
    with get_context("spawn").Pool(options.processes, _ready, (prepare,)) as pool:
        pool.map(_do, options.photos[: options.processes], 1)
        wall = time.perf_counter()
        pool.map(_do, options.photos, 1)
        wall = time.perf_counter() - wall
    return _answer(options.photos, wall, float("nan"))


def _answer(photos: list[str], wall: float, spent: float) -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 2**20)
    cpu_ms = None if spent != spent else 1000 * spent / len(photos)
    return {"photos": len(photos), "rate": len(photos) / wall, "cpu_ms": cpu_ms, "peak_mb": peak}  # type: ignore[dict-item]


def mend_torchvision() -> None:
    """Let `import torchvision` pass beside a CPU build of torch, where its compiled operators cannot be loaded."""
    import torch

    try:
        import torchvision  # noqa: F401
    except (RuntimeError, ImportError):
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        globals()["_kept"] = library
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]


if __name__ == "__main__":
    sys.exit(f"{Path(__file__).name} is what the scripts beside it share; see run.py.")
