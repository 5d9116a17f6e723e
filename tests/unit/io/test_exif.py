from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_makers import encode, exif, scene
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from keepers.io.decode import decode_bytes
from keepers.io.exif import camera_facts, facts_of, parse_cr3, parse_tiff
from keepers.types import CameraFacts

FULL = {
    "x9003": "2024:05:06 07:08:09",
    "x9291": "25",
    "x829A": IFDRational(1, 250),
    "x829D": IFDRational(28, 10),
    "x920A": IFDRational(50),
    "x9204": IFDRational(-2, 3),
    "x8827": 400,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_format_tells_what_the_camera_recorded(kind: str) -> None:
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    photo, _ = decode_bytes("a", encode(scene(), kind, exif=exif(**FULL)))
    assert photo.camera == CameraFacts(
        captured_at=datetime(2024, 5, 6, 7, 8, 9, 250_000),
        make="Maker",
        model="Model 1",
        iso=400,
        exposure_s=pytest.approx(0.004),
        f_number=pytest.approx(2.8),
        focal_mm=pytest.approx(50),
        bias_ev=pytest.approx(-2 / 3),
    )


@pytest.mark.parametrize(
    ("tags", "moment"),
    [
        ({0x9003: "0000:00:00 00:00:00", 0x0132: "2020:01:02 03:04:05"}, datetime(2020, 1, 2, 3, 4, 5)),
        ({0x9003: "1970:01:01 00:00:00"}, None),
        ({0x9003: "2020-01-02T03:04:05"}, datetime(2020, 1, 2, 3, 4, 5)),
        ({0x9003: b"2020:01:02 03:04:05\0"}, datetime(2020, 1, 2, 3, 4, 5)),
        ({0x9003: "2020:01:02 03:04:05", 0x9291: "999999999"}, datetime(2020, 1, 2, 3, 4, 5, 999_999)),
        ({0x9003: "2020:01:02 03:04:05", 0x9291: "  "}, datetime(2020, 1, 2, 3, 4, 5)),
        ({0x9003: "2020:13:45 99:99:99"}, None),
        ({0x9003: 7}, None),
    ],
)
def test_time(tags: dict[int, object], moment: datetime | None) -> None:
    assert facts_of({}, tags).captured_at == moment


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({0x8827: 65535, 0x8832: 102400}, {"iso": 102400}),
        ({0x8827: (200, 0)}, {"iso": 200}),
        ({0x8827: 0}, {"iso": None}),
        ({0x829A: IFDRational(1, 0)}, {"exposure_s": None}),
        ({0x829A: Fraction(-1, 2)}, {"exposure_s": None}),
        ({0x9201: 8}, {"exposure_s": 1 / 256}),
        ({0x9202: 4}, {"f_number": 4.0}),
        ({0x9204: 4e9}, {"bias_ev": None}),
        ({0x920A: "fifty"}, {"focal_mm": None}),
        ({0x010F: "Canon\0junk"}, {"make": "Canon"}),
        ({0x0112: 9}, {"orientation": 1}),
        ({0x0112: (6,)}, {"orientation": 6}),
    ],
)
def test_odd_values(tags: dict[int, object], expected: dict[str, object]) -> None:
    facts = facts_of(tags, {})
    assert {name: getattr(facts, name) for name in expected} == expected


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 200))
def test_damaged_exif_gives_none_and_never_an_error(noise: bytes, at: int) -> None:
    whole = exif(6, **FULL)
    camera_facts(parse_tiff(b"II*\0\x08\0\0\0" + noise))
    camera_facts(parse_tiff(whole[6 : 6 + at] + noise + whole[6 + at + len(noise) :]))
    parse_cr3(noise + b"\0\0\0\x20CMT1" + noise)


def test_a_jpeg_with_damaged_exif_keeps_its_picture(silence: None) -> None:
    whole = exif(6, **FULL)
    photo, frame = decode_bytes("a.jpg", encode(scene(), exif=whole[:30] + b"\xff" * (len(whole) - 30)))
    assert photo.camera.captured_at is None
    assert frame.rgb.shape == (96, 128, 3)


def test_facts_of_a_canon_cr3_are_in_its_boxes() -> None:
    tags = Image.Exif()
    tags[0x0110] = "EOS R5"
    folder = Image.Exif()
    folder[0x8827] = 800
    parts = b""
    for name, part in ((b"CMT1", tags), (b"CMT2", folder)):
        content = part.tobytes().removeprefix(b"Exif\0\0")
        parts += (len(content) + 8).to_bytes(4, "big") + name + content
    facts = parse_cr3(b"\0\0\0\x18ftypcrx \0\0\0\0" + parts)
    assert facts is not None
    assert (facts.model, facts.iso) == ("EOS R5", 800)


@pytest.mark.parametrize("magic", [b"IIRO", b"IIU\0", b"II*\0"])
def test_olympus_and_panasonic_are_tiff_in_disguise(magic: bytes) -> None:
    tags = Image.Exif()
    tags.endian = "<"
    tags[0x0110] = "E-M1"
    content = tags.tobytes().removeprefix(b"Exif\0\0")
    assert camera_facts(parse_tiff(magic + content[4:])).model == "E-M1"
