"""Make the photos of the plan and write them."""

import csv
import io
import json
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

from keepers.errors import Refused, StorageError
from keepers.flaws import FLAWS, Params
from keepers.sample.plan import DUPLICATE_OF, SHOTS, Shot
from keepers.types import Rgb

LABELS_FILE = "labels.csv"
_FIELDS = ("file", "label", "flaw", "severity", "parameters", "picture", "burst", "duplicate_of")
_SEED = 20250614
_START = datetime(2025, 6, 14, 16, 20, 5)
_README = """\
This sample shoot was made by `keepers sample`: six pictures in the public domain or under CC0 (see NOTICE),
cropped a little differently from frame to frame and given flaws on purpose. labels.csv says what was done to
which photo; no camera took these frames, so their EXIF data are invented.
"""
# EXIF tag numbers (CIPA DC-008): Pillow wants the bare numbers.
_DESCRIPTION, _MAKE, _MODEL, _SOFTWARE, _DATE, _EXIF = 0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x8769
_EXPOSURE, _APERTURE, _ISO, _TAKEN, _SUBSEC, _FOCAL = 0x829A, 0x829D, 0x8827, 0x9003, 0x9291, 0x920A


def make(out: Path) -> list[Path]:
    """Write the sample shoot into the folder `out`: 24 JPEGs, `labels.csv` and a README.

    The pixels are the same on every call; nothing random is left to the computer.

    Returns:
        The paths of the photos in the order in which they were taken.

    Raises:
        Refused: if `out` is a file, or a folder that holds something already.
        StorageError: if the folder cannot be written.
    """
    out = Path(out).expanduser()
    try:
        if out.is_file() or (out.is_dir() and any(out.iterdir())):
            raise Refused(f"{out} is there already and not an empty folder; name a new folder for the sample shoot.")
        out.mkdir(parents=True, exist_ok=True)
        return _write(out)
    except OSError as error:
        raise StorageError(f"The sample shoot could not be written to {out}: {error.strerror or error}.") from error


def _write(out: Path) -> list[Path]:
    paths: list[Path] = []
    rows: list[dict[str, str]] = []
    for number, shot in enumerate(SHOTS, start=1):
        data, params = _photo(number, shot)
        paths.append(out / f"KPR_{number:04d}.JPG")
        paths[-1].write_bytes(data)
        rows.append(_row(paths[-1].name, number, shot, params))
    original = paths[DUPLICATE_OF - 1]
    paths.append(out / f"KPR_{len(SHOTS) + 1:04d}.JPG")
    paths[-1].write_bytes(original.read_bytes())
    rows.append({**rows[DUPLICATE_OF - 1], "file": paths[-1].name, "duplicate_of": original.name})
    with (out / LABELS_FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (out / "README.txt").write_text(_README, encoding="utf-8")
    return paths


def _photo(number: int, shot: Shot) -> tuple[bytes, Params]:
    """The JPEG bytes of one shot, and the parameters that its flaw drew."""
    rgb = _crop(_picture(shot.picture), shot)
    params: Params = {}
    if shot.flaw:
        rgb, params = FLAWS[shot.flaw](rgb, np.random.default_rng([_SEED, number]), shot.severity)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=90, subsampling=0, exif=_exif(shot, params))
    return buffer.getvalue(), params


def _picture(stem: str) -> Rgb:
    data = files("keepers.sample").joinpath("data", f"{stem}.jpg").read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _crop(rgb: Rgb, shot: Shot) -> Rgb:
    height, width = (round(edge * shot.keep) for edge in rgb.shape[:2])
    top, left = round((rgb.shape[0] - height) * shot.dy), round((rgb.shape[1] - width) * shot.dx)
    return np.ascontiguousarray(rgb[top : top + height, left : left + width])


def _exif(shot: Shot, params: Params) -> Image.Exif:
    taken = _START + timedelta(seconds=shot.at_s)
    stamp = taken.strftime("%Y:%m:%d %H:%M:%S")
    exif = Image.Exif()
    exif[_DESCRIPTION] = "Made by keepers sample; no camera took this frame."
    exif[_MAKE], exif[_MODEL], exif[_SOFTWARE], exif[_DATE] = "keepers", "sample", "keepers sample", stamp
    # The settings under which such a frame comes about: light, a hand and a sensor cannot be told from them.
    exposure = 1 / 8 if shot.flaw.endswith("shake") else 2.0 ** params.get("ev", 0.0) / 250
    details = exif.get_ifd(_EXIF)
    details[_TAKEN], details[_SUBSEC] = stamp, f"{taken.microsecond // 10_000:02d}"
    details[_EXPOSURE], details[_APERTURE], details[_FOCAL] = exposure, 4.0, 50.0
    details[_ISO] = 25600 if shot.flaw == "sensor_noise" else 200
    return exif


def _row(name: str, number: int, shot: Shot, params: Params) -> dict[str, str]:
    return {
        "file": name,
        "label": FLAWS[shot.flaw].label if shot.flaw else "original",
        "flaw": shot.flaw,
        "severity": f"{shot.severity:g}",
        "parameters": json.dumps({key: round(value, 4) for key, value in params.items()}),
        "picture": shot.picture,
        "burst": _bursts().get(number, ""),
        "duplicate_of": "",
    }


def _bursts() -> dict[int, str]:
    """Photo number to burst name, for photos less than a second from a neighbour."""
    groups: list[list[int]] = []
    for number, shot in enumerate(SHOTS, start=1):
        if groups and shot.at_s - SHOTS[number - 2].at_s < 1.0:
            groups[-1].append(number)
        else:
            groups.append([number])
    bursts = [group for group in groups if len(group) > 1]
    return {number: f"burst{place}" for place, group in enumerate(bursts, start=1) for number in group}
