"""What a flaw is, and the registry that a new one enters with a single decorator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from keepers.registry import Registry
from keepers.types import FLAWS as FLAW_LABELS
from keepers.types import Rgb

FAULTS = ("tilted",)
"""What spoils a composition: checks that only rank photos are tested with it, and no photo is labelled with it."""

Params = Mapping[str, float]
"""Drawn parameters: plain numbers, so that they fit into a CSV cell and back."""

Shape = tuple[int, int]
"""Height and width in pixels."""


Draw = Callable[[np.random.Generator, float, Shape], Params]
"""(rng, severity, shape) -> parameters: draws from the generator that is passed in, never from a global one."""


Apply = Callable[[Rgb, Params], Rgb]
"""Applies drawn parameters; a pure function of its arguments."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A way to spoil a clean photo.

    name: unique, for example "hand_shake". label: the flaw it makes, one of `keepers.types.FLAWS`, or of `FAULTS`.
    draw: severity 0 (just visible at 224 pixels) .. 1 (hopeless) to parameters, lengths relative to the picture.
    apply: uint8 H x W x 3 to a new array of the same shape and dtype.
    """

    name: str
    label: str
    draw: Draw
    apply: Apply
    doc: str

    def __call__(self, rgb: Rgb, rng: np.random.Generator, severity: float) -> tuple[Rgb, Params]:
        """Draw and apply at once.

        Raises:
            ValueError: if `severity` lies outside 0..1 or `rgb` is not uint8 H x W x 3.
        """
        if not 0.0 <= severity <= 1.0:
            raise ValueError(f"severity must lie in 0..1, not {severity}")
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(f"a uint8 H x W x 3 array is needed, not {rgb.dtype} {rgb.shape}")
        params = self.draw(rng, severity, (rgb.shape[0], rgb.shape[1]))
        return self.apply(rgb, params), params


FLAWS: Registry[Flaw] = Registry("flaw")


def flaw(name: str, label: str, draw: Draw) -> Callable[[Apply], Apply]:
    """Register the decorated `apply` function together with its `draw` as the flaw `name`."""
    if label not in (*FLAW_LABELS, *FAULTS):
        raise ValueError(f"{label!r} is no known flaw; known: {', '.join((*FLAW_LABELS, *FAULTS))}")

    def register(apply: Apply) -> Apply:
        FLAWS.add(name, Flaw(name, label, draw, apply, (apply.__doc__ or "").strip()))
        return apply

    return register


def by_label(label: str) -> list[Flaw]:
    """All ways to make one flaw, in the order of registration."""
    return [entry for entry in FLAWS.values() if entry.label == label]


def diagonal(shape: Shape) -> float:
    """Length of the picture's diagonal in pixels: the yardstick for every relative length."""
    return float(np.hypot(shape[0], shape[1]))


def between(low: float, high: float, severity: float) -> float:
    """`low` at severity 0, `high` at severity 1, even steps of ratio in between (both above 0)."""
    return float(low * (high / low) ** severity)
