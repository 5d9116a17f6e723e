"""The verb `picture`: a figure that shows why a photo is where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from keepers.app.looking import explain
from keepers.errors import StorageError, UserError
from keepers.types import VERDICT_TITLES, Opinion, Verdict, VerdictName

if TYPE_CHECKING:
    from keepers.image.figure import Words
    from keepers.image.heat import Cells
    from keepers.image.overlay import FaceMark, Framing, Scene, View
    from keepers.types import Evidence, Face, Frame, Report, Rgb

SHADES: dict[VerdictName, tuple[int, int, int]] = {"keep": (0, 110, 80), "maybe": (140, 95, 0), "delete": (176, 58, 0)}
"""Colour of each pile on white; the words say the same."""
_SHAKEN = 0.5


def picture(
    photo: Path | str,
    out: Path | str,
    *,
    layers: Sequence[str] | None = None,
    catalog: Path | str | None = None,
    model: Path | str | None = None,
) -> Opinion:
    """Explain one photo as `explain` does, and draw what was found over it into `out`, a PNG or JPEG 1600 px wide.

    Args:
        layers: those to draw, of `keepers.image.overlay.LAYERS`; default all that have something to show.

    Returns:
        The opinion. Where the photo cannot be read its `verdict` is None, and nothing is written.

    Raises:
        UserError: there is no such layer, or `out` has another ending.
        StorageError: `out` cannot be written.
        NotFound, ModelError: as `explain`.
    """
    from keepers.image import figure
    from keepers.io import decode
    from keepers.pipeline.observe import observe

    target = Path(out).expanduser()
    _refuse(target, layers)
    opinion = explain(photo, catalog=catalog, model=model)
    if opinion.verdict is None:
        return opinion
    found, frame = decode.read(opinion.report.source)
    evidence = _closely(observe(frame, found, None, opinion.report.faces), opinion)
    scene = _scene(frame, evidence, opinion.verdict, _faces(opinion.report, frame))
    words = _words(opinion.path.name, opinion.verdict)
    _write(target, figure.compose(frame.rgb, scene, words, layers, _first(opinion.verdict)))
    return opinion


def _refuse(target: Path, layers: Sequence[str] | None) -> None:
    from keepers.image.overlay import LAYERS

    if target.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UserError(f"{target} would be no picture; let its name end in .png or .jpg.")
    for name in layers or ():
        if name not in LAYERS:
            raise UserError(f"There is no layer {name!r}; name some of: {', '.join(LAYERS)}.")


def _closely(evidence: Evidence, opinion: Opinion) -> Evidence:
    """With the patches of the focus network, where one is installed and had a say."""
    from keepers.models import zoo
    from keepers.pipeline.observe import boxes

    if opinion.report.model is None or not zoo.packaged_focus().is_file():
        return evidence
    focus = zoo.load_focus(zoo.packaged_focus())
    faces = boxes(evidence.faces, evidence.frame)
    return replace(evidence, patches=focus.look(evidence.frame.rgb, evidence.luma, faces))


def _first(verdict: Verdict) -> View:
    """The view that shows what is said first."""
    strongest = next((reason.name for reason in verdict.reasons), "")
    return "light" if strongest in ("overexposed", "underexposed", "closed_eyes") else "focus"


def _scene(
    frame: Frame, evidence: Evidence, verdict: Verdict, faces: tuple[FaceMark, ...]
) -> Callable[[Rgb], Scene]:
    """What there is to show, for the frame at any size."""
    from keepers.checks.learned import moving
    from keepers.image import shake
    from keepers.image.overlay import Scene

    smear = None
    if verdict.flaws.get("camera_shake", 0.0) >= _SHAKEN:
        told = moving(evidence)
        smear = shake.smear(evidence.luma) if evidence.patches is None else told and shake.of_patches(*told[1:])
    tiles = sharp_tiles(evidence)
    shown = partial(Scene, frame.rgb, sharpness=tiles, patches=evidence.patches, smear=smear)
    return partial(shown, faces=faces, framing=_framing(evidence))


def _framing(evidence: Evidence) -> Framing:
    """How the photo is composed, as its checks see it."""
    from keepers.checks.composition import composed
    from keepers.image.overlay import Framing

    seen = composed(evidence)
    by = "faces" if seen.faces else "what stands out"
    return Framing(seen.subject, seen.anchor, by, seen.horizon, seen.mass)


def _faces(report: Report, frame: Frame) -> tuple[FaceMark, ...]:
    """Who is in the photo, with a number and the state of the eyes of those who count, in pixels of the frame."""
    from keepers.checks.people import eyes, people

    if report.photo is None:
        return ()
    scale = frame.rgb.shape[1] / report.photo.width
    counting = people(report.faces, max(report.photo.width, report.photo.height))
    labels = {face: f"{number} {eyes(face).state}" for number, face in enumerate(counting, start=1)}
    return tuple(_face_mark(face, labels.get(face, ""), scale) for face in report.faces)


def _face_mark(face: Face, label: str, scale: float) -> FaceMark:
    import numpy as np

    from keepers.checks.people import left_eye, right_eye
    from keepers.image.overlay import FaceMark

    x, y, width, height = (value * scale for value in face.box)
    views = ((face.right, right_eye(face)), (face.left, left_eye(face)))
    drawn = tuple((np.array(eye.outline) * scale, view.state) for eye, view in views if label and eye is not None)
    return FaceMark((x, y, width, height), label.replace("unknown", "?"), drawn)


def sharp_tiles(evidence: Evidence) -> Cells | None:
    """The tiles by their sharpness, with those that the check goes by where no network looked closer; None where none
    has texture."""
    import numpy as np

    from keepers.checks.technical import size_correction
    from keepers.image import heat, tiles

    best = tiles.best_tiles(evidence.tiles)
    if best is None:
        return None
    sharp = tiles.shade(tiles.each(evidence.tiles, evidence.noise_sigma) + size_correction(evidence))
    decided = np.zeros(sharp.size, bool)
    decided[best] = evidence.patches is None
    size, (rows, columns), (height, width) = evidence.tiles.size, sharp.shape, evidence.luma.shape
    left, top = (width - columns * size) // 2, (height - rows * size) // 2
    return heat.grid(sharp, left, top, size, decided=decided.reshape(sharp.shape))


def _words(name: str, verdict: Verdict) -> Words:
    from keepers.image.figure import Words
    from keepers.pipeline.words import FLAW_WORDS

    return Words(
        name=name,
        verdict=VERDICT_TITLES[verdict.verdict],
        colour=SHADES[verdict.verdict],
        summary=f"score {verdict.score:.2f}",
        reasons=[reason.sentence for reason in verdict.reasons],
        flaws={FLAW_WORDS.get(flaw, flaw.replace("_", " ")): p for flaw, p in verdict.flaws.items()},
        more=(verdict.would_change,) if verdict.would_change else (),
    )


def _write(target: Path, rgb: object) -> None:
    import io

    from PIL import Image

    from keepers.io.files import replacing

    buffer = io.BytesIO()
    kind = "PNG" if target.suffix.lower() == ".png" else "JPEG"
    Image.fromarray(rgb).save(buffer, format=kind, quality=92)  # type: ignore[arg-type]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            partial.write_bytes(buffer.getvalue())
    except OSError as error:
        raise StorageError(f"{target} could not be written: {error.strerror or error}.") from error
