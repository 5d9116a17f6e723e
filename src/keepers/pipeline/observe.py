"""From a frame to all that the checks may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from keepers.checks.people import people_in
from keepers.image import noise, signature
from keepers.image.colour import luma
from keepers.image.patches import Box
from keepers.image.tiles import measure_tiles
from keepers.types import Evidence, Face, Frame, Patches, Photo, Plane, Rgb, Signature


class Network(Protocol):
    """What `observe` needs of the networks; see `keepers.models.zoo.Networks`."""

    def log_odds(self, rgb: Rgb) -> Mapping[str, float]:
        """Logit of each flaw label minus that of `original`, and what else the network says."""
        ...

    def look_closely(self, rgb: Rgb, luma: Plane, faces: Sequence[Box] = ()) -> Patches | None:
        """What the network for patches says; None where there is none."""
        ...


def _untimed(stage: str) -> None:
    """Nobody asks what a stage costs."""


def observe(
    frame: Frame,
    photo: Photo,
    classifier: Network | None,
    faces: tuple[Face, ...] = (),
    lap: Callable[[str], None] = _untimed,
) -> Evidence:
    """Look at the pixels once: luma, noise, tiles, and the network where there is one; `faces` were found before.

    `lap` is called with "tiles" and "networks" when these are done.

    Raises:
        ModelError: the network refuses the picture.
    """
    plane = luma(frame.rgb)
    plane.setflags(write=False)  # as the frame
    sigma = noise.sigma(plane)
    tiles = measure_tiles(plane, sigma)
    lap("tiles")
    network = classifier.log_odds(frame.rgb) if classifier is not None else {}
    patches = classifier.look_closely(frame.rgb, plane, boxes(faces, frame)) if classifier is not None else None
    lap("networks")
    return Evidence(
        frame=frame,
        luma=plane,
        tiles=tiles,
        noise_sigma=sigma,
        network=network,
        patches=patches,
        faces=faces,
        camera=photo.camera,
    )


def boxes(faces: Sequence[Face], frame: Frame) -> list[Box]:
    """Where the faces of those who count are, in pixels of the frame, the most prominent first."""
    some, scale = sorted(people_in(frame, faces), key=lambda face: -face.prominence), frame.scale
    return [(x * scale, y * scale, width * scale, height * scale) for x, y, width, height in (f.box for f in some)]


def sign(evidence: Evidence) -> Signature:
    """What the photo looks like, for `pipeline.group`."""
    grid = signature.cells(evidence.luma)
    return Signature(
        version=signature.VERSION,
        pixels=signature.fingerprint(evidence.frame.rgb),
        phash=signature.hash_of(evidence.frame.rgb),
        structure=signature.structure(grid),
        focus=signature.focus_map(evidence.tiles),
        light=signature.light(grid),
    )
