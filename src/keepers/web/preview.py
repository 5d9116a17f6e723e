"""A small JPEG of a photo whose format browsers cannot show, such as HEIC or RAW."""

from __future__ import annotations

import base64

from keepers.errors import PhotoError

LONG_SIDE = 640
"""Pixels; twice the width of a card, for dense screens."""
QUALITY = 80


def preview(name: str, data: bytes) -> str | None:
    """The photo as a `data:image/jpeg` address, long side at most 640 px; None where it cannot be read."""
    import cv2

    from keepers.image.resize import fit
    from keepers.io.decode import decode_bytes

    try:
        _, frame = decode_bytes(name, data)
    except PhotoError:
        return None
    bgr = cv2.cvtColor(fit(frame.rgb, LONG_SIDE), cv2.COLOR_RGB2BGR)
    made, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode('ascii')}" if made else None
