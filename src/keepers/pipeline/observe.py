"""From a frame to all that the checks may look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from keepers.image import noise, signature
from keepers.image.colour import luma
from keepers.image.tiles import measure_tiles
from keepers.types import Evidence, Face, Frame, Patches, Photo, Plane, Rgb, Signature


class Network(Protocol):
    """What `observe` needs of the networks; see `keepers.models.zoo.Networks`."""

    def log_odds(self, rgb: Rgb) -> Mapping[str, float]:
        """Logit of each flaw label minus that of `original`, and what else the network says."""
        ...

    def look_closely(self, rgb: Rgb, luma: Plane) -> Patches | None:
        """What the network for patches says; None where there is none."""
        ...


def observe(
    frame: Frame, photo: Photo, classifier: Network | None, faces: tuple[Face, ...] = ()
) -> Evidence:
    """Look at the pixels once: luma, noise, tiles, and the network where there is one; `faces` were found before.

    Raises:
        ModelError: the network refuses the picture.
    """
    plane = luma(frame.rgb)
    plane.setflags(write=False)  # as the frame
    sigma = noise.sigma(plane)
    return Evidence(
        frame=frame,
        luma=plane,
        tiles=measure_tiles(plane, sigma),
        noise_sigma=sigma,
        network=classifier.log_odds(frame.rgb) if classifier is not None else {},
        patches=classifier.look_closely(frame.rgb, plane) if classifier is not None else None,
        faces=faces,
        camera=photo.camera,
    )


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
