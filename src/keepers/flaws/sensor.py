"""Sensor noise: photons and electronics, in linear light."""

import numpy as np

from keepers.flaws.base import Params, Shape, between, flaw
from keepers.image.colour import from_linear, to_linear
from keepers.types import Rgb


def _draw_noise(rng: np.random.Generator, severity: float, shape: Shape) -> Params:
    return {
        "full_well": 1.0 / between(0.0012, 0.02, severity),
        "read_sigma": between(0.004, 0.03, severity),
        "seed": int(rng.integers(2**31)),
    }


@flaw("sensor_noise", "noisy", _draw_noise)
def sensor_noise(rgb: Rgb, params: Params) -> Rgb:
    """Poisson-Gaussian noise of a high ISO setting.

    The variance in linear light is signal / `full_well` (photons counted at white) + `read_sigma` squared; after
    Foi et al., "Practical Poissonian-Gaussian noise modeling", IEEE TIP 2008, doi:10.1109/TIP.2008.2001399.
    `seed` starts the generator of the noise.
    """
    rng = np.random.default_rng(int(params["seed"]))
    linear = to_linear(rgb)
    sigma = np.sqrt(linear / np.float32(params["full_well"]) + np.float32(params["read_sigma"] ** 2))
    return from_linear(linear + sigma * rng.standard_normal(linear.shape, dtype=np.float32))
