"""How long it takes to group 10,000 and 100,000 photos, and to find the best of each group.

    python tests/soak/groups.py                       10,000 and 100,000 photos
    python tests/soak/groups.py --photos 1000000
    python tests/soak/groups.py --without-time 0.5    half of them without metadata: the index has more to do

The facts are made up: bursts of one to twelve frames of two cameras, with pauses as at a wedding, brackets among them.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from keepers.image import signature as looks
from keepers.pipeline.frames import frames
from keepers.pipeline.group import group
from keepers.pipeline.members import together
from keepers.types import CameraFacts, Measurement, Opinion, Photo, PhotoFile, Report, Signature, Source, Verdict

START = datetime(2024, 5, 6, 10, 0, 0)


def invent(count: int, without_time: float) -> list[Report]:
    """Reports of a shoot of `count` photos."""
    rng = np.random.default_rng(count)
    reports: list[Report] = []
    moment = 0.0
    while len(reports) < count:
        moment += float(rng.lognormal(2.0, 1.5))
        base = rng.normal(0, 40, 256)
        hash_ = int(rng.integers(0, 2**64, dtype=np.uint64))
        focus = rng.integers(40, 200, 64)
        stepping = rng.uniform() < 0.05
        for frame in range(3 if stepping else int(rng.integers(1, 13))):
            moment += 0.15
            pattern = np.clip(base + rng.normal(0, 12, 256), -127, 127).astype(np.int8).tobytes()
            bias = float((0, -2, 2)[frame]) if stepping else 0.0
            timed = rng.uniform() >= without_time
            seconds = moment if timed else None
            reports.append(_report(len(reports), seconds, pattern, hash_ ^ (1 << frame), bias, focus, rng))
    return reports[:count]


def _report(
    number: int,
    seconds: float | None,
    pattern: bytes,
    hash_: int,
    bias: float,
    focus: np.ndarray,
    rng: np.random.Generator,
) -> Report:
    path = Path(f"/shoot/{number:07}.jpg")
    camera = CameraFacts()
    if seconds is not None:
        body = "AB"[number // 50 % 2]
        camera = CameraFacts(START + timedelta(seconds=seconds), "Maker", body, 100, 0.01, 4.0, 50.0, bias)
    source = Source(path, (PhotoFile(path, "image", 1, 1),))
    sharp = (focus + rng.integers(-30, 30, 64)).astype(np.uint8).tobytes()
    sign = Signature(looks.VERSION, number.to_bytes(16, "big"), hash_, pattern, sharp, -2.5 + bias)
    facts = (Measurement("tile_sharpness", "1", float(rng.normal(-2, 0.5))),)
    return Report(source, Photo(f"{number:032x}", source, 6000, 4000, camera), facts, signature=sign)


def main() -> None:
    """Time it and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, action="append")
    parser.add_argument("--without-time", type=float, default=0.02)
    chosen = parser.parse_args()
    print("| photos | facts to arrays, s of CPU | grouping | all, with the best and verdicts | groups | kinds |")
    print("|---|---|---|---|---|---|")
    for count in chosen.photos or [10_000, 100_000]:
        reports = invent(count, chosen.without_time)
        began = time.process_time()
        arrays = frames(reports)
        between = time.process_time()
        found = group(arrays)
        ended = time.process_time()
        good = Verdict("keep", 0.8, "original", {}, {"blurred": 0.1}, ())
        opinions = [Opinion(report, good) for report in reports]
        again = time.process_time()
        together(opinions)
        last = time.process_time()
        kinds = ", ".join(f"{kind} {number}" for kind, number in Counter(found.kinds).most_common())
        spent = f"{between - began:.2f} | {ended - between:.2f} | {last - again:.2f}"
        print(f"| {count:,} | {spent} | {len(found.kinds):,} | {kinds} |", flush=True)


if __name__ == "__main__":
    main()
