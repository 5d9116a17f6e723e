"""What travels through keepers: frozen dataclasses without behaviour worth speaking of.

    Source -> Photo + Frame -> Evidence -> Report -> Assessment -> Verdict

Facts (`Photo`, `Report`) are measured once and stored; opinions (`Assessment`, `Verdict`) are derived at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Json = dict[str, Any]
Rgb = npt.NDArray[np.uint8]
"""uint8, H x W x 3, sRGB, upright."""
Plane = npt.NDArray[np.float32]
"""float32, H x W, values 0..1 unless said otherwise."""

LABELS = ("original", "blurred", "camera_shake", "distorted", "overexposed", "underexposed")
"""The six classes of the study, in the order of the network's outputs."""

FLAWS = ("blurred", "camera_shake", "distorted", "overexposed", "underexposed", "noisy", "closed_eyes")
"""What can be wrong with a photo; several may hold at once."""
UNSHARP = FLAWS[:2]
"""Two flaws that make a photo unsharp, of which most checks cannot say which it is."""

VerdictName = Literal["keep", "maybe", "delete"]
VERDICTS: tuple[VerdictName, ...] = ("keep", "maybe", "delete")
VERDICT_TITLES: Mapping[VerdictName, str] = {"keep": "Must Haves", "maybe": "Maybes", "delete": "To be Deleted"}

Role = Literal["image", "raw", "sidecar"]
Drive = Literal["single", "continuous", "bracket"]


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One file of a photo as the file system knows it. `size` in bytes, `mtime_ns` since the epoch."""

    path: Path
    role: Role
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Source:
    """A picture found on disk and not yet opened: RAW, JPEG and sidecar of one stem belong together.

    `path` is the file whose pixels are judged (the JPEG or HEIC of a pair, else the RAW); it is in `files`.
    """

    path: Path
    files: tuple[PhotoFile, ...]


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What the camera recorded; None where it did not say.

    `captured_at` is the camera's local time, naive, with sub-seconds. `exposure_s` in seconds, `bias_ev` in EV,
    `focal_mm` in millimetres. `orientation` is EXIF 1..8 of the stored pixels, before they were turned upright.
    `serial` tells two bodies apart, `utc_offset_min` is how far the clock was ahead of UTC in minutes, `drive` how the
    shutter was driven ("bracket" whatever is bracketed), `burst` the camera's own name for a burst.
    """

    captured_at: datetime | None = None
    make: str | None = None
    model: str | None = None
    iso: int | None = None
    exposure_s: float | None = None
    f_number: float | None = None
    focal_mm: float | None = None
    bias_ev: float | None = None
    orientation: int = 1
    serial: str | None = None
    utc_offset_min: int | None = None
    drive: Drive | None = None
    burst: str | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture as the photographer sees it. `id` is a hash of the content (32 hex digits); no opinions.

    `width` and `height` are those of the upright picture at native resolution, in pixels.
    """

    id: str
    source: Source
    width: int
    height: int
    camera: CameraFacts = CameraFacts()


@dataclass(frozen=True, slots=True)
class Frame:
    """The pixels that are measured: uint8 H x W x 3, sRGB, upright.

    Large photos are decoded at half scale. `scale` is frame pixels per native pixel (0 < scale <= 1);
    `origin` says where the pixels come from: the image itself, the preview embedded in a RAW, or a demosaic.
    """

    rgb: Rgb
    scale: float = 1.0
    origin: Literal["image", "preview", "demosaic"] = "image"


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye of a face; lengths in pixels of the upright native photo.

    x, y: its centre. width: from corner to corner. openness: distance of the lids over the width, 0 (shut) .. about
    0.5 (wide open). blink: 0..1, how shut the blendshape network finds it. luma: median of what is between the lids
    and close to them, 0..1, sRGB-encoded. sharpness: octaves of amplitude, about -6 (blurred) .. 0 (crisp), None where
    there are too few pixels or too little texture to tell. outline: its 16 lid points. detail: as sharpness, in a view
    in which the eye is 20 pixels wide: how well it can be seen at all.
    """

    x: float
    y: float
    width: float
    openness: float
    blink: float
    luma: float
    sharpness: float | None = None
    outline: tuple[tuple[float, float], ...] = ()
    detail: float | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """A face: facts only, in pixels of the upright native photo; what follows from them is said elsewhere.

    box: x, y, width, height. presence: 0..1, whether the mesh fits a face there, low for profiles and for what is no
    face; of faces too small for a mesh, the confidence. confidence: 0..1, of the detector. frame_width: width of the
    box in pixels of the frame that was measured. right, left: the person's own eyes; None where the face is too small
    for a mesh, and then the rest is unknown, too.

    yaw, pitch, roll: degrees, 0 upright and frontal; yaw > 0 when turned towards the person's own left, pitch > 0
    when looking down, roll > 0 when tilted clockwise in the picture. gaze: -1 (irises at the left of the picture) .. 1.
    smile, mouth_open, looking_down, squint, brows_up, grimace: 0..1, blendshapes, mean of both sides.
    luma: median of the cheeks, 0..1, sRGB-encoded; clipped: share of the face that is blown out, 0..1.
    prominence: 0..1, width relative to the largest face of the photo, less towards the corners.
    """

    box: tuple[float, float, float, float]
    presence: float
    confidence: float = 1.0
    frame_width: float = 0.0
    right: Eye | None = None
    left: Eye | None = None
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze: float = 0.0
    smile: float = 0.0
    mouth_open: float = 0.0
    looking_down: float = 0.0
    squint: float = 0.0
    brows_up: float = 0.0
    grimace: float = 0.0
    luma: float = 0.0
    clipped: float = 0.0
    prominence: float = 1.0


@dataclass(frozen=True, slots=True)
class Tiles:
    """Facts of a grid of square tiles over a frame; every array is float32, rows x columns.

    sharpness: noise-normalised amplitude of detail at the finest scale relative to detail coarser than that,
        0 .. about 1; NaN where a tile has too little texture to tell.
    detail: RMS of the local contrast, on luma 0..1; how much there is to judge by.
    anisotropy: 0 (gradients in all directions alike) .. 1 (all along one axis).
    size: edge of a tile in frame pixels.
    fine, coarse: structure tensors (xx, yy, xy) of the gradients at the two scales, 3 x rows x columns, luma per
        pixel squared, less the part of the noise; None in hand-made tiles."""

    sharpness: Plane
    detail: Plane
    anisotropy: Plane
    size: int
    fine: Plane | None = None
    coarse: Plane | None = None


@dataclass(frozen=True, slots=True)
class Patches:
    """What the focus network says of N squares of a frame: faces, then the most detailed; see `image.patches`.

    In frame pixels, places: int32 N x 2, top and left; side: their edge; major, minor: float32 N, log2 of the standard
    deviation of the blur along its worse and better axis, from -1.5 (sharp). detail: float32 N, see `patches.detail`.
    blurred: float32 N, logits; moved: logits of motion against defocus, where it is blurred. axis: float32 N x 2, cos
    and sin of twice the worse axis's angle from x to y (down), shorter where vague. on_face: bool N, of who counts."""

    places: npt.NDArray[np.int32]
    side: int
    detail: npt.NDArray[np.float32]
    blurred: npt.NDArray[np.float32]
    moved: npt.NDArray[np.float32]
    major: npt.NDArray[np.float32]
    minor: npt.NDArray[np.float32]
    axis: npt.NDArray[np.float32]
    on_face: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.blurred)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a check may look at. `luma` is float32 H x W, sRGB-encoded luma 0..1 of the frame.

    `network` maps each flaw label to its logit against `original` (log P(flaw) - log P(original), natural log,
    before calibration); a network that says more adds "noisy" (logit), "ev" (exposure error in EV) and "quality"
    (logit). Empty when no network ran. `patches` is None when the focus network did not run.
    """

    frame: Frame
    luma: Plane
    tiles: Tiles
    noise_sigma: float
    network: Mapping[str, float] = field(default_factory=dict)
    patches: Patches | None = None
    faces: tuple[Face, ...] = ()
    camera: CameraFacts = CameraFacts()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a check returns: a finite raw value in the check's own unit, and a few words such as a place."""

    raw: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the one narrow table. `raw` is None where the check does not apply to this photo."""

    check: str
    version: str
    raw: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a photo looks like in a few hundred bytes, by which frames that belong together are found.

    version: of `keepers.image.signature`. pixels: 16 bytes, the same for the same pixels. phash: 64 bits. structure:
    int8 16 x 16, what is brighter or darker than its surroundings. focus: uint8 8 x 8, how sharp each part is. light:
    mean light in EV, 0 is white. embedding: float16 numbers as bytes, or none; embedder: its network's version.
    """

    version: str
    pixels: bytes
    phash: int
    structure: bytes
    focus: bytes
    light: float
    embedding: bytes = b""
    embedder: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The facts of one photo, or the error that made it unreadable. Picklable: what a worker returns.

    Exactly one of `photo` and `error` is None. `timings` are CPU milliseconds by stage. `passing` marks an error
    that may be gone on the next run though the file stays as it is (no permission, no memory): it is not stored.
    `faces` from the left of the picture to the right: person 1 is the first.
    """

    source: Source
    photo: Photo | None = None
    measurements: tuple[Measurement, ...] = ()
    error: str | None = None
    model: str | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    passing: bool = False
    signature: Signature | None = None
    faces: tuple[Face, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one check says of one flaw: `score` 0 (flawed) .. 1 (flawless), and a sentence for a person."""

    check: str
    flaw: str
    raw: float
    score: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is what it is; `weight` 0..1 ranks reasons by how much they hurt."""

    name: str
    sentence: str
    weight: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """keep / maybe / delete with the ranked reasons, strongest first.

    `label` and `probabilities` (they sum to 1) are the six-class answer; `flaws` are calibrated probabilities 0..1,
    independent of each other; `score` is overall technical quality 0..1; `would_change` says in words what would change
    the verdict. `normal`: the verdict at normal strictness, None where it is the same. `budget`: the least budget of
    false rejects, 0..1, under which its flaws would delete it; None where they do not.
    """

    verdict: VerdictName
    score: float
    label: str
    probabilities: Mapping[str, float]
    flaws: Mapping[str, float]
    reasons: tuple[Reason, ...]
    assessments: tuple[Assessment, ...] = ()
    would_change: str = ""
    normal: VerdictName | None = None
    budget: float | None = None


GroupKind = Literal["duplicates", "burst", "near_duplicates", "bracket", "focus_stack", "panorama", "time_lapse"]
PROTECTED: frozenset[GroupKind] = frozenset({"bracket", "focus_stack", "panorama", "time_lapse"})
"""Series that were taken on purpose: they are never thinned out."""


@dataclass(frozen=True, slots=True)
class Member:
    """A photo in its group.

    place: 1 for the best, shared by frames that cannot be told apart. behind: just noticeable steps behind the best.
    reasons: in what the best is better, the weightiest first. copy_of: the photo of which it is an exact copy.
    """

    path: Path
    place: int = 1
    behind: float = 0.0
    reasons: tuple[str, ...] = ()
    copy_of: Path | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Photos that belong together, in the order in which they were taken.

    `best` is None in a protected series. `tied`: others are as good. `id` stays while the first photo does.
    """

    id: str
    kind: GroupKind
    members: tuple[Member, ...]
    best: Path | None
    why: str
    tied: bool = False
    protected: bool = False
    scene: int = 1


@dataclass(frozen=True, slots=True)
class Opinion:
    """A photo's facts and what is derived from them; `verdict` is None where it is unreadable, `group` where alone."""

    report: Report
    verdict: Verdict | None
    group: Group | None = None
    scene: int | None = None

    @property
    def path(self) -> Path:
        """The file whose pixels were judged."""
        return self.report.source.path


Author = Literal["machine", "person"]  # whose verdict it is


@dataclass(frozen=True, slots=True)
class Rating:
    """What a sidecar or a photo's own metadata says of it; every field is None where they say nothing.

    `verdict` with `by`: a person's word, or what keepers itself wrote for a verdict of its own ("machine") and
    nobody has changed since. `stars` 0..5; `label` is the text of the colour label, such as "Green".
    """

    verdict: VerdictName | None = None
    stars: int | None = None
    label: str | None = None
    by: Author | None = None
