"""What a taste may look at: the stored facts of photos as one table of numbers, and the words for them.

A column is a fact of one photo, or how far it lies from the mean of its group, so that a burst teaches by comparison.
Nothing here depends on what a person chose, nor on the verdicts that follow from that: the same photo has the same
numbers when a taste is learned and when it is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from keepers.checks import CHECKS
from keepers.checks.people import people
from keepers.pipeline.frames import frames
from keepers.pipeline.judge import matrix
from keepers.pipeline.people import score_people
from keepers.types import CameraFacts, Opinion, Report

Numbers = npt.NDArray[np.float64]

QUALITY = "quality"
"""The column of the default order: log odds of the score that a photo has without any taste."""

WORDS: Mapping[str, tuple[str, str]] = {
    QUALITY: ("better technique", "weaker technique"),
    "people": ("more people", "fewer people"),
    "eyes": ("open eyes", "closed eyes"),
    "smile": ("smiles", "serious faces"),
    "expression": ("good expressions", "awkward expressions"),
    "face_size": ("large faces", "small faces"),
    "face_light": ("bright faces", "dark faces"),
    "facing": ("faces towards the camera", "faces turned away"),
    "face_off_centre": ("faces off the centre", "faces in the centre"),
    "light": ("light pictures", "dark pictures"),
    "top_light": ("light above", "light below"),
    "one_sided": ("light from one side", "even light"),
    "middle_light": ("a light middle", "a dark middle"),
    "relief": ("strong contrasts of areas", "quiet areas"),
    "focus_spread": ("a shallow depth of field", "sharpness everywhere"),
    "upright": ("upright format", "landscape format"),
    "focal": ("long lenses", "wide lenses"),
    "aperture": ("small apertures", "wide apertures"),
    "group_size": ("long bursts", "single frames"),
    "in_group": ("late frames of a burst", "early frames of a burst"),
    "tile_sharpness": ("crisp detail", "soft detail"),
    "focus_patches": ("blurred parts", "sharp parts"),
    "focus_best": ("no sharp part", "a sharp subject"),
    "focus_shake": ("movement", "stillness"),
    "focus_defocus": ("soft focus", "exact focus"),
    "shake_direction": ("smeared detail", "steady detail"),
    "clipped_highlights": ("blown highlights", "kept highlights"),
    "bright_tones": ("bright highlights", "muted highlights"),
    "blocked_shadows": ("black shadows", "open shadows"),
    "dark_tones": ("bright peaks", "dull peaks"),
    "noise": ("grain", "clean tones"),
    "network_quality": ("what the network finds good", "what the network finds weak"),
    "closed_eyes": ("closed eyes", "open eyes"),
    "network_blurred": ("hints of blur", "no hint of blur"),
    "network_camera_shake": ("hints of camera shake", "no hint of camera shake"),
    "network_distorted": ("hints of distortion", "no hint of distortion"),
    "network_overexposed": ("hints of overexposure", "no hint of overexposure"),
    "network_underexposed": ("hints of underexposure", "no hint of underexposure"),
    "network_noisy": ("hints of noise", "no hint of noise"),
}
"""Column -> what a high, and what a low, value means; a check without an entry goes by its name."""

COMPARED = ("quality", "tile_sharpness", "eyes", "smile", "expression", "face_size", "light")
"""Columns that also count as the difference to the mean of the group."""
_OF_FACES = ("eyes", "smile", "expression", "face_size", "face_light", "facing", "face_off_centre")
_BESIDE, _KNOWN, _LOOK = "beside:", "known:", "look:"
_LEAST_CELLS = 8
_LOOKS = 16
"""Numbers to which an embedding is projected."""


@dataclass(frozen=True, slots=True)
class Table:
    """N photos x columns, float64; NaN where a fact is not known of a photo."""

    columns: tuple[str, ...]
    values: Numbers

    def of(self, columns: Sequence[str]) -> Numbers:
        """These columns, N x len(columns); all NaN where there is none of that name."""
        place = {name: n for n, name in enumerate(self.columns)}
        nothing = np.full(len(self.values), np.nan)
        some = [self.values[:, place[name]] if name in place else nothing for name in columns]
        return np.stack(some, axis=1) if some else np.zeros((len(self.values), 0))

    def rows(self, which: npt.NDArray[np.int64]) -> Table:
        """These photos."""
        return Table(self.columns, self.values[which])


def table(opinions: Sequence[Opinion]) -> Table:
    """The facts of readable photos that were judged together, by the machine alone and without any taste.

    Raises:
        ValueError: one is unreadable.
    """
    reports = [opinion.report for opinion in opinions]
    columns = {QUALITY: np.array([_quality(opinion) for opinion in opinions])}
    raws = matrix([report.measurements for report in reports], list(CHECKS))
    columns |= {name: raws[:, n] for n, name in enumerate(CHECKS)}
    columns |= _stacked([_of_people(report) for report in reports])
    columns |= _of_looks(reports)
    columns |= _stacked([_of_camera(report) for report in reports])
    columns |= _embedded(reports)
    columns |= _in_groups(opinions, columns)
    names = tuple(columns)
    return Table(names, np.stack([columns[name] for name in names], axis=1) if opinions else np.zeros((0, len(names))))


def joined(tables: Sequence[Table]) -> Table:
    """The photos of several tables, with the columns of all of them."""
    columns = tuple(dict.fromkeys(name for one in tables for name in one.columns))
    return Table(columns, np.concatenate([np.zeros((0, len(columns))), *(one.of(columns) for one in tables)]))


def say(column: str, more: bool) -> str:
    """A high, or a low, value of a column in words."""
    name = column.removeprefix(_BESIDE)
    if name.startswith(_KNOWN):
        if name.removeprefix(_KNOWN) in _OF_FACES:
            return "faces that can be seen" if more else "no faces that can be seen"
        plain = name.removeprefix(_KNOWN).replace("_", " ")
        return f"{plain} can be told" if more else f"{plain} cannot be told"
    if name.startswith(_LOOK):
        return "what the picture shows" if more else "not what the picture shows"
    plain = name.replace("_", " ")
    words = WORDS.get(name, (f"more {plain}", f"less {plain}"))[0 if more else 1]
    return f"{words} (beside its group)" if column.startswith(_BESIDE) else words


def known(column: str) -> str:
    """The name of the column that says whether another one is known."""
    return _KNOWN + column


def _quality(opinion: Opinion) -> float:
    if opinion.verdict is None:
        raise ValueError(f"{opinion.path.name} could not be read, and nothing of it can be liked")
    score = min(max(opinion.verdict.score, 0.01), 0.99)
    return math.log(score / (1 - score))


def _stacked(rows: Sequence[Mapping[str, float]]) -> dict[str, Numbers]:
    """Rows that all have the same names, as columns."""
    return {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]} if rows else {}


def _of_people(report: Report) -> dict[str, float]:
    photo = report.photo
    long_side = max(photo.width, photo.height) if photo is not None else 1
    some = people(report.faces, long_side)
    score = score_people(report.faces, long_side) if some else None
    if score is None or photo is None:
        return {"people": 0.0, **dict.fromkeys(_OF_FACES, math.nan)}
    seen = [face for face in some if face.right is not None]
    first = max(some, key=lambda face: face.prominence)
    middle = first.box[0] + first.box[2] / 2
    return {
        "people": math.log2(1 + score.people),
        "eyes": score.eyes,
        "smile": _mean([face.smile for face in seen]),
        "expression": score.expression,
        "face_size": math.log2(max(first.box[2], 1.0) / long_side),
        "face_light": _mean([face.luma for face in seen]),
        "facing": -abs(first.yaw) / 30.0 if first.right is not None else math.nan,
        "face_off_centre": abs(middle / photo.width - 0.5),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _of_looks(reports: Sequence[Report]) -> dict[str, Numbers]:
    """How light is spread over the picture, and sharpness, from its signature."""
    arrays = frames(reports)
    grid = arrays.structure.astype(np.float64) / 127.0
    half, quarter = grid.shape[1] // 2, grid.shape[1] // 4
    whole = grid.mean(axis=(1, 2))
    inner = grid[:, quarter:-quarter, quarter:-quarter].mean(axis=(1, 2))
    sharp = np.sort(arrays.focus, axis=1)  # what cannot be told comes last
    count = np.isfinite(sharp).sum(axis=1)
    rows = np.arange(len(sharp))
    low, high = (sharp[rows, np.maximum(0, (share * (count - 1)).astype(np.int64))] for share in (0.1, 0.9))
    looks = {
        "top_light": grid[:, :half].mean(axis=(1, 2)) - grid[:, half:].mean(axis=(1, 2)),
        "one_sided": np.abs(grid[:, :, :half].mean(axis=(1, 2)) - grid[:, :, half:].mean(axis=(1, 2))),
        "middle_light": inner - whole,
        "relief": grid.std(axis=(1, 2)),
        "focus_spread": np.where(count >= _LEAST_CELLS, high - low, np.nan),
    }
    return {"light": arrays.light, **{name: np.where(arrays.known, value, np.nan) for name, value in looks.items()}}


def _embedded(reports: Sequence[Report]) -> dict[str, Numbers]:
    """The embeddings of photos that have one, a few numbers each; those of two networks have different names.

    A projection by chance keeps distances, more or less (Johnson and Lindenstrauss, 1984), and is the same for all.
    """
    found: dict[str, Numbers] = {}
    for at, report in enumerate(reports):
        sign = report.signature
        if sign is None or not sign.embedding or sign.embedder is None:
            continue
        vector = np.frombuffer(sign.embedding, np.float16).astype(np.float64)
        name = f"{_LOOK}{sign.embedder}:{len(vector)}"
        rows = found.setdefault(name, np.full((len(reports), _LOOKS), np.nan))
        rows[at] = vector / max(float(np.linalg.norm(vector)), 1e-9) @ _projection(len(vector))
    return {f"{name}:{n}": rows[:, n] for name, rows in found.items() for n in range(_LOOKS)}


@lru_cache(maxsize=4)
def _projection(size: int) -> Numbers:
    return np.random.default_rng(size).normal(size=(size, _LOOKS))


def _of_camera(report: Report) -> dict[str, float]:
    photo = report.photo
    camera = photo.camera if photo is not None else CameraFacts()
    return {
        "upright": float(photo.height > photo.width) if photo is not None else math.nan,
        "focal": _log2(camera.focal_mm),
        "aperture": _log2(camera.f_number),
    }


def _log2(value: float | None) -> float:
    return math.log2(value) if value is not None and value > 0 else math.nan


def _in_groups(opinions: Sequence[Opinion], columns: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """The size of the group, the place in it, and the differences to its mean: 0 for a photo on its own."""
    count = len(opinions)
    label = np.full(count, -1, np.int64)
    numbers: dict[int, int] = {}
    place, size = np.zeros(count), np.ones(count)
    for at, opinion in enumerate(opinions):
        group = opinion.group
        if group is None:
            continue
        label[at] = numbers.setdefault(id(group), len(numbers))
        size[at] = len(group.members)
    grouped = np.flatnonzero(label >= 0)
    paths = {(id(o.group), m.path): n for o in _first_of(opinions) for n, m in enumerate(o.group.members)}  # type: ignore[union-attr]
    for at in grouped.tolist():
        place[at] = paths[id(opinions[at].group), opinions[at].path] / max(size[at] - 1, 1) - 0.5
    beside = {_BESIDE + name: _apart(columns[name], label, grouped) for name in COMPARED if name in columns}
    return {"group_size": np.log2(size), "in_group": place, **beside}


def _first_of(opinions: Sequence[Opinion]) -> list[Opinion]:
    """One photo of each group."""
    return list({id(opinion.group): opinion for opinion in opinions if opinion.group is not None}.values())


def _apart(values: Numbers, label: npt.NDArray[np.int64], grouped: npt.NDArray[np.int64]) -> Numbers:
    apart = np.where(np.isfinite(values), 0.0, np.nan)
    some = grouped[np.isfinite(values[grouped])]
    if len(some):
        total = np.bincount(label[some], values[some])
        count = np.bincount(label[some])
        apart[some] = values[some] - (total / np.maximum(count, 1))[label[some]]
    return apart
