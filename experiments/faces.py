"""Measure the faces: eye states on labelled faces, faces where there are none, milliseconds.

    python experiments/faces.py eyes FOLDER        FOLDER/MANIFEST.csv has file and label (closed, open)
    python experiments/faces.py found FOLDER       faces in the photos of a folder, and what they cost

Halves are by person (the file's name without its number): thresholds were chosen on half 0 and are reported on half 1.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sys
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from keepers.checks.people import EyeView, eyes, people
from keepers.models.faces import Faces
from keepers.pipeline.calibrate import wilson
from keepers.pipeline.people import look
from keepers.types import Face, Frame, Photo, Rgb, Source

SIZES = (None, 60, 40)


def seen(rgb: Rgb, stage: Faces) -> tuple[Face, ...]:
    """The faces of a picture as culling finds them."""
    photo = Photo("0" * 32, Source(Path("a.jpg"), ()), rgb.shape[1], rgb.shape[0])
    return look(Frame(rgb), photo, stage)


def read(path: Path) -> Rgb:
    """As culling sees it: at half scale from 8 megapixels."""
    rgb = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if rgb.shape[0] * rgb.shape[1] > 8_000_000:
        rgb = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2)
    return np.ascontiguousarray(rgb[..., ::-1])


def half(file: str) -> int:
    """0 or 1, the same for all photos of a person."""
    person = re.sub(r"_\d+$", "", Path(file).stem)
    return int(hashlib.sha256(person.encode()).hexdigest(), 16) % 2


def middle(faces: tuple[Face, ...], rgb: Rgb) -> Face | None:
    """The labelled face: large and in the middle."""
    height, width = rgb.shape[:2]

    def worth(face: Face) -> float:
        x, y, w, h = face.box
        return w - 0.5 * float(np.hypot(x + w / 2 - width / 2, y + h / 2 - height / 2))

    return max(faces, key=worth, default=None)


def measure_eyes(folder: Path) -> None:
    """Print the states of labelled eyes at full size and made smaller, each half by itself."""
    stage = Faces()
    answers: dict[tuple[int | None, int, str], list[EyeView]] = {}
    for row in csv.DictReader((folder / "MANIFEST.csv").open(encoding="utf-8")):
        rgb = read(folder / row["file"])
        full = middle(seen(rgb, stage), rgb)
        for size in SIZES:
            face = full
            if size is not None and full is not None:
                factor = size / full.box[2]
                small = np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
                face = middle(seen(small, stage), small)
            view = EyeView("unknown", "no face") if face is None else eyes(face)
            answers.setdefault((size, half(row["file"]), row["label"]), []).append(view)
    for (size, which, label), views in sorted(answers.items(), key=lambda item: (-(item[0][0] or 999), *item[0][1:])):
        states = Counter(view.state for view in views)
        low, high = wilson(states["closed"], len(views))
        why = Counter(view.why for view in views if view.why)
        print(
            f"{size or 'full':>4} half {which} {label:6} {len(views):3}: closed {states['closed']:3}"
            f" ({states['closed'] / len(views):.3f}, 95 % {low:.3f} to {high:.3f}), open {states['open']:3},"
            f" unknown {states['unknown']:2} {dict(why)}"
        )


def measure_found(folder: Path) -> None:
    """Print which faces are found, the states of those who count, and CPU milliseconds."""
    cv2.setNumThreads(1)
    stage = Faces()
    detect, closer, counts = [], [], Counter[str]()
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
        rgb = read(path)
        began = time.thread_time()
        found = stage.detect(rgb)
        detect.append(time.thread_time() - began)
        began = time.thread_time()
        faces = seen(rgb, stage)
        meshed = sum(face.right is not None for face in faces)
        if meshed:
            closer.append((time.thread_time() - began - detect[-1]) / meshed)
        counts.update(photos=1, faces=len(faces), with_faces=bool(faces), detections=len(found))
        for face in people(faces, max(rgb.shape[:2])):
            counts[f"counting: {eyes(face).state}"] += 1
        if faces:
            print(path.name, [(round(f.box[2]), round(f.confidence, 2), round(f.presence, 2)) for f in faces])
    print(dict(counts))
    print(f"CPU ms: looking {1000 * np.median(detect):.1f} a photo, {1000 * np.median(closer or [0]):.1f} a face")


if __name__ == "__main__":
    {"eyes": measure_eyes, "found": measure_found}[sys.argv[1]](Path(sys.argv[2]))
