"""The face stage: YuNet finds faces, MediaPipe's mesh and blendshapes look at each; three networks behind one call.

    S. Wu, H. Peng, S. Yu, "YuNet: a tiny millisecond-level face detector", MIR 2023, doi:10.1007/s11633-023-1423-y
    I. Grishchenko et al., "Attention Mesh", 2020, arXiv:2006.10962; MediaPipe's model cards (Apache-2.0)

YuNet runs in ONNX Runtime, where it takes a third of the time that OpenCV needs for it and one session serves all
threads. The other two are TensorFlow Lite files, which OpenCV runs; its networks keep state between calls, so every
thread has its own.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from keepers.errors import ModelError
from keepers.image.aligning import Points, alignment, crop, inverse, transformed
from keepers.image.resize import fit
from keepers.types import Rgb

LONG_SIDE = 960
"""Faces are looked for in a view of at most this long side; smaller pictures are not enlarged."""
GROUP_SIDE = 1280
"""Long side of the view in which a group is looked at once more, where it has that many pixels."""
GROUP, SMALL = 2, 0.05
"""A group has so many faces narrower than this share of the long side: where some are, others may be missed."""
COARSE = 320
"""Long side of the small view, in which large faces are looked for."""
LARGE = 0.15
"""Width of a large face, as a share of the picture's long side: 48 pixels in the small view."""
MOST = 20
"""Faces that are looked at closely: the largest ones. A crowd costs no more than these."""
LEAST_MESHED = 30
"""Width in pixels of the narrowest face that the mesh looks at: of smaller ones it says nothing reliable."""
LEAST_CONFIDENCE, OVERLAP, SURE = 0.6, 0.3, 0.8
MESH_SIZE = 256
_STRIDES = (8, 16, 32)

DATA = Path(__file__).parent / "data"
DETECTOR, MESH, BLENDSHAPES = (
    "face_detection_yunet_2023mar.onnx",
    "face_landmarks_detector.tflite",
    "face_blendshapes.tflite",
)


@dataclass(frozen=True, slots=True)
class Detection:
    """What the detector says of one face, in pixels; see `Found`."""

    box: Points
    confidence: float
    marks: Points


@dataclass(frozen=True, slots=True)
class Found:
    """One face as the networks see it, in pixels of the picture that was given.

    box: float32 x, y, width, height. confidence: of the detector, 0..1. marks: 5 x 2, the detector's right eye, left
    eye, nose, right and left corner of the mouth (the person's own right and left). presence: of the mesh, 0..1, low
    for profiles and for what is no face. mesh: 478 x 3, depth in pixels, too, smaller is nearer. scores: the 52
    blendshapes of `SCORES`, 0..1. Of a face less than `LEAST_MESHED` pixels wide presence is the detector's
    confidence, and mesh and scores are empty.
    """

    box: Points
    confidence: float
    marks: Points
    presence: float
    mesh: Points
    scores: Mapping[str, float]


class FaceStage(Protocol):
    """What looks for faces; safe to call from several threads at once."""

    @property
    def name(self) -> str:
        """What facts of faces are stored under: it changes with the networks."""
        ...

    def find(self, rgb: Rgb) -> list[Found]:
        """The faces of a picture (uint8 H x W x 3, sRGB, upright), the largest first; `MOST` of them with a mesh."""
        ...


class Faces:
    """The networks that keepers ships. One instance serves all threads.

    Raises:
        ModelError: a file is missing or damaged.
    """

    def __init__(self, folder: Path = DATA) -> None:
        from keepers.models.session import OnnxSession

        self.name = name_of(folder)
        self._folder = folder
        self._detector = OnnxSession(_read(folder / DETECTOR), folder / DETECTOR, outputs=12)
        self._own = threading.local()
        self._net(MESH), self._net(BLENDSHAPES)  # a damaged file must not come out at the first face

    def find(self, rgb: Rgb) -> list[Found]:
        """See `FaceStage`. Raises ModelError where a network answers with what makes no sense."""
        faces = self.detect(rgb)
        near = [self._look(rgb, face) for face in faces[:MOST] if face.box[2] >= LEAST_MESHED]
        far = [_unmeshed(face) for face in faces[len(near) :]]
        return [face for face in (*near, *far) if plausible(face)]

    def detect(self, rgb: Rgb) -> list[Detection]:
        """Every face that YuNet finds, the largest first.

        It places the boxes of very large faces badly and sees some where none are, so faces that are large in the view
        are taken from a small one, where they have the size that it is best at.
        """
        long_side = max(rgb.shape[:2])
        view = fit(rgb, LONG_SIDE, cv2.INTER_LINEAR)
        fine = self._in_view(view, long_side)
        if long_side > LONG_SIDE and sum(face.box[2] < SMALL * long_side for face in fine) >= GROUP:
            fine = self._in_view(fit(rgb, GROUP_SIDE, cv2.INTER_LINEAR), long_side)
        if long_side > COARSE:
            fine = merged(fine, self._in_view(fit(view, COARSE), long_side), LARGE * long_side)
        return sorted(fine, key=lambda face: -float(face.box[2] * face.box[3]))

    def _in_view(self, view: Rgb, long_side: int) -> list[Detection]:
        """The faces of a view, in pixels of the picture, whose long side has so many of them."""
        height, width = (-(-side // 32) * 32 for side in view.shape[:2])
        found = decode(self._detector.run_all(to_detector(view)), height, width)
        scale = long_side / max(view.shape[:2])
        return [Detection(one.box * scale, one.confidence, one.marks * scale) for one in found]

    def _look(self, rgb: Rgb, face: Detection) -> Found:
        matrix = alignment(face.box, face.marks[:2], MESH_SIZE)
        presence, mesh = self._mesh(crop(rgb, matrix, MESH_SIZE))
        mesh = transformed(mesh, inverse(matrix))
        return Found(face.box, face.confidence, face.marks, presence, mesh, self._scores(mesh))

    def _mesh(self, square: Rgb) -> tuple[float, Points]:
        net = self._net(MESH)
        net.setInput(np.ascontiguousarray(square.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255))
        points, logit = net.forward(["Identity", "Identity_1"])
        mesh = np.asarray(points, dtype=np.float32).reshape(-1, 3)
        if mesh.shape != (478, 3) or not np.isfinite(mesh).all():
            raise ModelError(f"{self._folder / MESH} answers with {mesh.shape}, not 478 points; install keepers again.")
        return float(1 / (1 + np.exp(-np.clip(float(logit.ravel()[0]), -50, 50)))), mesh

    def _scores(self, mesh: Points) -> Mapping[str, float]:
        net = self._net(BLENDSHAPES)
        net.setInput(np.ascontiguousarray(mesh[list(BLENDSHAPE_POINTS), :2][None]))
        scores = np.asarray(net.forward(), dtype=np.float32).ravel()
        if scores.shape != (len(SCORES),):
            raise ModelError(f"{self._folder / BLENDSHAPES} answers with {scores.shape}; install keepers again.")
        return dict(zip(SCORES, np.clip(scores, 0, 1).tolist(), strict=True))

    def _net(self, file: str) -> Any:
        """This thread's own network."""
        net = getattr(self._own, file, None)
        if net is None:
            try:
                net = _tflite_net(self._folder / file)
            except cv2.error as error:
                raise ModelError(f"{self._folder / file} is damaged or no network; install keepers again.") from error
            setattr(self._own, file, net)
        return net


def to_detector(view: Rgb) -> npt.NDArray[np.float32]:
    """float32 1 x 3 x H x W, BGR 0..255, with black at the right and below up to multiples of 32."""
    height, width = (-(-side // 32) * 32 for side in view.shape[:2])
    x = np.zeros((1, 3, height, width), np.float32)
    for channel, plane in enumerate(reversed(cv2.split(view))):
        x[0, channel, : view.shape[0], : view.shape[1]] = plane
    return x


def decode(outputs: list[npt.NDArray[np.float32]], height: int, width: int) -> list[Detection]:
    """YuNet's twelve outputs (cls, obj, bbox, kps at strides 8, 16, 32) as faces.

    The arithmetic of OpenCV's `FaceDetectorYN`: confidence is the geometric mean of class and objectness; of boxes
    that overlap by more than `OVERLAP` the most confident stays.
    """
    boxes, scores, marks = [], [], []
    for level, stride in enumerate(_STRIDES):
        cls, obj, bbox, kps = (outputs[kind * 3 + level][0] for kind in range(4))
        confidence = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
        (use,) = np.nonzero(confidence >= LEAST_CONFIDENCE)
        columns = width // stride
        cell = np.stack([use % columns, use // columns], axis=1).astype(np.float32)
        size = np.exp(bbox[use, 2:]) * stride
        boxes.append(np.concatenate([(cell + bbox[use, :2]) * stride - size / 2, size], axis=1))
        marks.append((kps[use].reshape(-1, 5, 2) + cell[:, None]) * stride)
        scores.append(confidence[use])
    box, score, mark = np.concatenate(boxes), np.concatenate(scores), np.concatenate(marks)
    keep = cv2.dnn.NMSBoxes(box.tolist(), score.tolist(), LEAST_CONFIDENCE, OVERLAP) if len(box) else []
    return [Detection(box[i], float(score[i]), mark[i]) for i in np.asarray(keep, dtype=int).ravel()]


def merged(fine: list[Detection], coarse: list[Detection], large: float) -> list[Detection]:
    """Faces at least `large` pixels wide from the coarse view, others from the fine one where no large face is."""
    big = [one for one in coarse if one.box[2] >= large]
    rest = [one for one in fine if one.box[2] < 1.3 * large or one.confidence >= SURE]
    return big + [one for one in rest if not any(_same(one, other) for other in big)]


def plausible(face: Found) -> bool:
    """Whether it is a face: the detector is sure, or the mesh agrees with it.

    The mesh knows burgers from faces, but not a profile from a burger; below `LEAST_MESHED` it says nothing.
    """
    return face.confidence >= SURE or (len(face.mesh) > 0 and face.presence >= 0.5)


def _unmeshed(face: Detection) -> Found:
    return Found(face.box, face.confidence, face.marks, face.confidence, np.zeros((0, 3), np.float32), {})


def _same(one: Detection, other: Detection) -> bool:
    """Whether more than half of the smaller box lies in the other."""
    first, second = one.box, other.box
    corner = np.minimum(first[:2] + first[2:], second[:2] + second[2:]) - np.maximum(first[:2], second[:2])
    area = float(np.prod(np.maximum(corner, 0)))
    return area > 0.5 * min(float(np.prod(first[2:])), float(np.prod(second[2:])))


def name_of(folder: Path = DATA) -> str:
    """What facts of faces are stored under, such as "faces 3f2a91c0": the first digits of the files' joint sha256.

    Raises:
        ModelError: a file is missing.
    """
    try:
        facts = tuple((f, (folder / f).stat().st_size, (folder / f).stat().st_mtime_ns) for f in _FILES)
    except OSError as error:
        raise _missing(Path(error.filename)) from error
    return _name(folder, facts)


@lru_cache(maxsize=8)
def _name(folder: Path, facts: tuple[tuple[str, int, int], ...]) -> str:
    joint = hashlib.sha256(_HOW)
    for file, _, _ in facts:
        joint.update(_read(folder / file))
    return f"faces {joint.hexdigest()[:8]}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _missing(path) from error


def _missing(path: Path) -> ModelError:
    return ModelError(f"The network {path} is missing or cannot be read; install keepers again.")


def _tflite_net(path: Path) -> Any:
    # OpenCV 5 has a new engine, which drops all but one output of these files; asked to read from memory, it takes
    # the new one whichever is named.
    engine = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    return cv2.dnn.readNetFromTFLite(str(path)) if engine is None else cv2.dnn.readNetFromTFLite(str(path), engine)


_FILES = (DETECTOR, MESH, BLENDSHAPES)
_HOW = b"2"
"""Changes whenever the same networks are asked in another way, so that stored facts are measured again."""

_POINTS = """
0 1 4 5 6 7 8 10 13 14 17 21 33 37 39 40 46 52 53 54 55 58 61 63 65 66 67 70 78 80 81 82 84 87 88 91 93 95 103 105 107
109 127 132 133 136 144 145 146 148 149 150 152 153 154 155 157 158 159 160 161 162 163 168 172 173 176 178 181 185 191
195 197 234 246 249 251 263 267 269 270 276 282 283 284 285 288 291 293 295 296 297 300 308 310 311 312 314 317 318 321
323 324 332 334 336 338 356 361 362 365 373 374 375 377 378 379 380 381 382 384 385 386 387 388 389 390 397 398 400 402
405 409 415 454 466 468 469 470 471 472 473 474 475 476 477
"""
BLENDSHAPE_POINTS: tuple[int, ...] = tuple(int(number) for number in _POINTS.split())
"""The points of the mesh that the blendshape network takes, in its order."""

_NAMES = """
_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight
eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight
jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight
mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker mouthRight
mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight mouthStretchLeft
mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft noseSneerRight
"""
SCORES: tuple[str, ...] = tuple(_NAMES.split())
"""The 52 blendshapes in the order of the network's outputs."""
