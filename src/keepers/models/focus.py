"""The network that looks closely at faces and at the most detailed squares of a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keepers.errors import ModelError
from keepers.image import patches
from keepers.image.preprocess import normalise
from keepers.models.metadata import Model
from keepers.models.session import Session
from keepers.types import Patches, Plane, Rgb


class Focus:
    """Blur of single patches: whether, of what kind, how much, along which axis. One instance serves all threads."""

    def __init__(self, model: Model, session: Session) -> None:
        if model.metadata.kind != "focus" or model.metadata.crop != patches.SIDE:
            raise ModelError(f"{model.path} does not look at patches of {patches.SIDE} pixels; install keepers again.")
        self.model = model
        self._session = session

    @property
    def name(self) -> str:
        """See `Model.name`."""
        return self.model.name

    def look(self, rgb: Rgb, luma: Plane, faces: Sequence[patches.Box] = ()) -> Patches | None:
        """Choose the most telling patches and judge each.

        Args:
            rgb: uint8 H x W x 3, the frame. luma: float32 H x W, its luma 0..1. faces: of those who count, in pixels
                of the frame, the most prominent first.

        Returns:
            None where the frame is smaller than a patch. Places and sizes are in pixels of the frame; a large frame
            is looked at in smaller size (`patches.reduced`).

        Raises:
            ModelError: the network does not answer with six finite numbers a patch.
        """
        rgb, times = patches.reduced(rgb)
        luma, _ = patches.reduced(luma)
        boxes = [(x / times, y / times, width / times, height / times) for x, y, width, height in faces]
        places = patches.choose(luma, faces=boxes)
        if not len(places):
            return None
        facts = self.model.metadata
        out = self._session.run(normalise(patches.cut(rgb, places), facts.mean, facts.std))
        if out.shape != (len(places), len(facts.outputs)) or not np.isfinite(out).all():
            raise ModelError(f"{self.model.path} answers with {out.shape} numbers for {len(places)} patches.")
        blurred, moved, major, minor = np.ascontiguousarray(out[:, :4].T)
        detail, axis = patches.detail(luma, places), np.ascontiguousarray(out[:, 4:6])
        on_face, grown = patches.on_faces(places, boxes), np.float32(np.log2(times))
        major, minor, side = major + grown, minor + grown, times * patches.SIDE
        return Patches(times * places, side, detail, blurred, moved, major, minor, axis, on_face)
