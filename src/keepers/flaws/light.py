"""From a finished picture back to the light of the scene, and forward again through another exposure.

A picture from a camera has gone through an exposure, a sensor that clips and counts photons, a tone curve,
sharpening, scaling and JPEG. A flaw happens before most of them: highlights that a shake smears are brighter than
white, noise is not blurred, and sharpening acts on what is left. Flaws made on the finished picture lack all that.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg

from keepers.image.colour import from_linear, to_linear
from keepers.types import Plane, Rgb

_WHITE = 0.9
"""Linear light from which a picture may have clipped."""


@dataclass(frozen=True, slots=True)
class Response:
    """A camera's way from light to a file.

    contrast: of the tone curve, 0 (none) .. 1 (strong). headroom: how many times brighter than white the brightest
    highlights of the scene may be, >= 1. photons: counted at white, more is cleaner; 0 for no noise. read_sigma: of the
    electronics, in linear light. noise_grain: standard deviation in pixels to which demosaicing and denoising smear
    the noise. smoothing: of a phone's denoising, which keeps edges and melts texture, 0 (none) .. 1. sharpening: amount
    of an unsharp mask. scale: output pixels per pixel, .5 .. 1.5; enlarged pictures are soft and yet not out of focus.
    squeeze: how much wider the output is than its height tells, 1 for a true shape. quality: of the JPEG.
    """

    contrast: float = 0.0
    headroom: float = 1.0
    photons: float = 0.0
    read_sigma: float = 0.0
    noise_grain: float = 0.0
    smoothing: float = 0.0
    sharpening: float = 0.0
    scale: float = 1.0
    squeeze: float = 1.0
    quality: int = 95


def scene(rgb: Rgb, response: Response) -> Plane:
    """The linear light that a picture was made from: float32 H x W x 3, 1 at white and above it in highlights.

    Clipped highlights are restored by guess: the nearer a pixel is to white, the brighter, to `headroom`; after the
    use of expanded highlights for blur in Hu et al., CVPR 2014, doi:10.1109/CVPR.2014.432.
    """
    # A curve over 256 codes instead of over millions of pixels.
    linear = _curve(to_linear(np.arange(256, dtype=np.uint8)), -response.contrast)[rgb]
    if response.headroom > 1.0:
        least = np.minimum(np.minimum(linear[..., 0], linear[..., 1]), linear[..., 2])[..., None]
        near = np.asarray(np.clip((least - _WHITE) / (1.0 - _WHITE), 0.0, 1.0), dtype=np.float32)
        linear = linear * (1 + np.float32(response.headroom - 1.0) * near * near)
    return np.asarray(linear, dtype=np.float32)


def develop(light: Plane, response: Response, ev: float, rng: np.random.Generator) -> Rgb:
    """The file that a camera makes of `light`, exposed `ev` stops longer than right.

    Args:
        light: float32 H x W x 3, linear, 1 at white.
        ev: exposure compensation in EV.
        rng: draws the noise.

    Returns:
        uint8, H x W x 3, scaled by `response.scale` and `response.squeeze`, as read back from JPEG.
    """
    exposed = _noisy(light * np.float32(2.0**ev), response, rng)
    picture = _encoded(exposed, response.contrast)
    if response.smoothing:
        picture = np.asarray(cv2.bilateralFilter(picture, 5, 60 * response.smoothing, 2.0), dtype=np.uint8)
    if response.sharpening:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = np.asarray(
            cv2.addWeighted(picture, 1 + response.sharpening, soft, -response.sharpening, 0), dtype=np.uint8
        )
    picture = _resized(picture, response)
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality=response.quality, colorsubsampling="420")
    return np.asarray(simplejpeg.decode_jpeg(data), dtype=np.uint8)


def _resized(picture: Rgb, response: Response) -> Rgb:
    height, width = picture.shape[:2]
    size = (round(width * response.scale * response.squeeze), round(height * response.scale))
    if size == (width, height):
        return picture
    # As most programs do it: areas when both sides shrink, a cubic elsewhere.
    way = cv2.INTER_AREA if size[0] <= width and size[1] <= height else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=way), dtype=np.uint8)


def _curve(linear: Plane, contrast: float) -> Plane:
    """An S through 0, the middle grey of .18, and 1: contrast > 0 applies it, < 0 takes it back."""
    if contrast == 0.0:
        return linear
    # A power on each side of middle grey, in log light, has an inverse in closed form and keeps both ends.
    power = np.float32((1.0 + 0.6 * abs(contrast)) ** (1.0 if contrast > 0 else -1.0))
    grey = np.float32(0.18)
    low = grey * np.power(np.maximum(linear, 0) / grey, power)
    high = 1 - (1 - grey) * np.power(np.clip(1 - linear, 0, None) / (1 - grey), power)
    return np.asarray(np.where(linear < grey, low, high), dtype=np.float32)


def _encoded(linear: Plane, contrast: float) -> Rgb:
    """The tone curve and the sRGB encoding, as one table over the square root of the light."""
    steps = np.linspace(0.0, 1.0, 4096, dtype=np.float32)
    table = from_linear(_curve(steps * steps, contrast))
    index = np.sqrt(np.clip(linear, 0.0, 1.0))
    index *= 4095.0
    return np.asarray(table[np.rint(index).astype(np.int16)], dtype=np.uint8)


def _noisy(light: Plane, response: Response, rng: np.random.Generator) -> Plane:
    if response.photons <= 0.0:
        return light
    sigma = np.sqrt(np.maximum(light, 0) / np.float32(response.photons) + np.float32(response.read_sigma**2))
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    if response.noise_grain > 0.2:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), response.noise_grain), dtype=np.float32)
        # Smearing takes energy away; what a camera's ISO setting leaves is what is seen, so half of it is put back.
        noise *= np.float32(0.5 / max(float(noise.std()), 1e-6) + 0.5)
    return np.asarray(light + sigma * noise, dtype=np.float32)
