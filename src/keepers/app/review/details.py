"""Everything that the page tells of one photo."""

from __future__ import annotations

import json
from pathlib import Path

from keepers.app.review.rows import camera_name, shown
from keepers.app.schema import to_json
from keepers.types import Json, Opinion, Report


def details(opinion: Opinion, row: Json, facts: Path | None) -> Json:
    """The answer of `GET /api/photos/<id>`; `facts` is the file that the renderer made."""
    seen = json.loads(facts.read_text(encoding="utf-8")) if facts is not None else {}
    return {
        **to_json(opinion),
        "path": row["path"],
        **{name: row[name] for name in ("id", "name", "choice", "machine", "stars", "colour")},
        "exif": exif(opinion.report),
        "histogram": seen.get("histogram"),
        "tiles": seen.get("tiles"),
        "decided_by": seen.get("decided_by", []),
    }


def exif(report: Report) -> Json | None:
    """What the camera recorded, in the words of photographers; None where the photo cannot be read."""
    if report.photo is None:
        return None
    camera, serial = report.photo.camera, report.photo.camera.serial
    return {
        "camera": camera_name(report),
        "serial": shown(serial) if serial else None,
        "focal_length": f"{camera.focal_mm:g} mm" if camera.focal_mm else None,
        "aperture": f"f/{camera.f_number:g}" if camera.f_number else None,
        "shutter": shutter(camera.exposure_s),
        "iso": camera.iso,
        "bias": f"{camera.bias_ev:+.1f} EV" if camera.bias_ev else None,
        "time": camera.captured_at.isoformat() if camera.captured_at else None,
        "width": report.photo.width,
        "height": report.photo.height,
        "megapixels": round(report.photo.width * report.photo.height / 1e6, 1),
    }


def shutter(seconds: float | None) -> str | None:
    """An exposure time as cameras write it: 1/250 s, 0.5 s, 30 s."""
    if not seconds or seconds <= 0:
        return None
    return f"{seconds:g} s" if seconds >= 0.3 else f"1/{round(1 / seconds)} s"
