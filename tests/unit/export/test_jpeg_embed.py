"""XMP spliced into JPEG files: the picture and everything else in the file stay as they are."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from item_makers import LIGHTROOM, jpeg
from keepers.errors import Refused
from keepers.export.jpeg_embed import MOST_XMP, embed
from keepers.export.xmp_merge import NEW_PACKET, changes, foreign
from keepers.io.jpeg_segments import APP1, EXTENDED_XMP, MPF, XMP, segments
from keepers.io.xmp import parse, read_rating
from keepers.io.xmp_embedded import embedded
from keepers.types import VERDICTS, Rating

KEEP = changes("keep", "person")
ICC = bytes(range(256)) * 2


def app(number: int, content: bytes) -> bytes:
    return b"\xff" + bytes([0xE0 + number]) + struct.pack(">H", len(content) + 2) + content


def after_soi(data: bytes, *parts: bytes) -> bytes:
    return data[:2] + b"".join(parts) + data[2:]


def packet_in(data: bytes) -> bytes:
    packet = embedded(io.BytesIO(data), ".jpg").packet
    assert packet is not None
    return packet


def others(data: bytes) -> list[bytes]:
    """All segments but XMP, whole, and what comes from the pixels on."""
    found = list(segments(data))
    kept = [data[s.start : s.end] for s in found[:-1] if not s.content(data).startswith(XMP)]
    return [*kept, data[found[-1].start :]]


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


EXIF = Image.Exif()
EXIF[0x0112] = 6
JPEGS = {
    "plain": jpeg(),
    "exif": jpeg(exif=EXIF),
    "exif first": after_soi(jpeg()[:2] + jpeg()[20:], app(1, b"Exif\0\0" + EXIF.tobytes()[6:])),
    "everything": jpeg(exif=EXIF, icc_profile=ICC, comment=b"hello", xmp=LIGHTROOM),
    "progressive": jpeg(progressive=True, xmp=NEW_PACKET),
    "trailer": jpeg() + b"SEFT" + bytes(100),
    "fill bytes": after_soi(jpeg(), b"\xff\xff\xff" + app(1, XMP + LIGHTROOM)[1:]),
    "extended": after_soi(jpeg(), app(1, XMP + LIGHTROOM), app(1, EXTENDED_XMP + bytes(900)), app(13, b"Photoshop")),
    "zero at the end": jpeg(xmp=LIGHTROOM + b"\0"),
}


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_only_the_xmp_segment_changes(kind: str, verdict: str) -> None:
    old = JPEGS[kind]
    new = embed(old, changes(verdict, "person"), "a.jpg")
    assert others(new) == others(old)
    assert np.array_equal(pixels(new), pixels(old))
    assert read_rating(packet_in(new)).verdict == verdict
    assert embed(new, changes(verdict, "person"), "a.jpg") == new
    before = embedded(io.BytesIO(old), ".jpg").packet
    if before is not None:
        assert foreign(parse(packet_in(new), "x")) == foreign(parse(before, "x"))


@pytest.mark.parametrize("kind", JPEGS)
def test_what_is_written_last_is_all_that_remains(kind: str) -> None:
    alone = embed(JPEGS[kind], KEEP, "a.jpg")
    again = embed(embed(JPEGS[kind], changes("delete", "machine", "-1"), "a.jpg"), KEEP, "a.jpg")
    assert others(again) == others(alone)
    assert read_rating(packet_in(again)) == read_rating(packet_in(alone))
    assert foreign(parse(packet_in(again), "x")) == foreign(parse(packet_in(alone), "x"))


def test_new_xmp_stands_behind_jfif_and_exif() -> None:
    new = embed(JPEGS["exif"], KEEP, "a.jpg")
    kinds = [(s.marker, s.content(new)[:4]) for s in segments(new)][:3]
    assert kinds == [(0xE0, b"JFIF"), (0xE1, b"Exif"), (0xE1, b"http")]
    assert embed(jpeg()[:2] + jpeg()[20:], KEEP, "a.jpg")[2:4] == b"\xff\xe1"


def test_existing_xmp_is_merged_where_it_stands() -> None:
    new = embed(JPEGS["extended"], KEEP, "a.jpg")
    assert read_rating(packet_in(new)) == Rating("keep", 4, "Green", "person")
    assert [s.content(new)[:20] for s in segments(new)][1] == EXTENDED_XMP[:20]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "no JPEG"),
        (jpeg()[:300], "damaged"),
        (after_soi(jpeg(), app(1, XMP + LIGHTROOM), app(1, XMP + LIGHTROOM)), "2 XMP packets"),
        (jpeg(xmp=b"<!DOCTYPE a><a/>"), "DOCTYPE"),
        (jpeg(xmp=b"no xml"), "no valid XMP"),
        (jpeg(xmp=LIGHTROOM + b"<!--" + bytes(b"x" * (MOST_XMP - len(LIGHTROOM) - 20)) + b"-->"), "64 kB"),
    ],
)
def test_what_cannot_be_done_safely_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        embed(data, KEEP, "a.jpg")
    assert "a.jpg" in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_packet_may_fill_its_segment() -> None:
    room = len(embed(JPEGS["plain"], KEEP, "a.jpg")) - len(JPEGS["plain"])
    padding = b" " * (MOST_XMP - (room - 4 - len(XMP)))
    full = NEW_PACKET.replace(b"<?xpacket end", padding + b"<?xpacket end")
    assert len(packet_in(embed(jpeg(xmp=full), KEEP, "a.jpg"))) == MOST_XMP
    with pytest.raises(Refused, match="64 kB"):
        embed(jpeg(xmp=full.replace(b"?>", b"?> ", 1)), KEEP, "a.jpg")


def mpo(*, order: str = "<", xmp_behind: bool = False, xmp: bytes | None = None) -> bytes:
    """A JPEG with a second picture behind it, listed as in CIPA DC-007."""
    second = jpeg(quality=20)
    extra = b"" if xmp is None else app(1, XMP + xmp)
    table = 16 * 2

    def list_of(size: int, offset: int) -> bytes:
        head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
        folder = struct.pack(order + "H", 2) + struct.pack(order + "HHII", 0xB001, 4, 1, 2)
        folder += struct.pack(order + "HHII", 0xB002, 7, table, 38) + bytes(4)
        entries = struct.pack(order + "IIIHH", 0x20030000, size, 0, 0, 0)
        entries += struct.pack(order + "IIIHH", 0, len(second), offset, 0, 0)
        return app(2, MPF + head + folder + entries)

    def whole(size: int, offset: int) -> bytes:
        parts = [list_of(size, offset), extra] if xmp_behind else [extra, list_of(size, offset)]
        return jpeg()[:20] + b"".join(parts) + jpeg()[20:]

    size = len(whole(0, 0))
    return whole(size, size - whole(0, 0).index(MPF) - len(MPF)) + second


def pictures(data: bytes) -> list[bytes]:
    """The pictures as a reader of the list finds them."""
    base = data.index(MPF) + len(MPF)
    order = "<" if data[base : base + 2] == b"II" else ">"
    entries = struct.iter_unpack(order + "IIIHH", data[base + 38 : base + 70])
    (_, size, first, *_), (_, second_size, offset, *_) = entries
    assert first == 0
    return [data[:size], data[base + offset : base + offset + second_size]]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("xmp_behind", [False, True])
@pytest.mark.parametrize("xmp", [None, LIGHTROOM])
def test_further_pictures_in_the_file_are_still_found(order: str, xmp_behind: bool, xmp: bytes | None) -> None:
    old = mpo(order=order, xmp_behind=xmp_behind, xmp=xmp)
    first, second = pictures(old)
    assert (first + second, second) == (old, jpeg(quality=20))
    new = embed(old, KEEP, "a.jpg")
    now_first, now_second = pictures(new)
    assert (now_first + now_second, now_second) == (new, second)
    assert np.array_equal(pixels(new), pixels(old))
    with Image.open(io.BytesIO(new)) as image:
        assert (image.format, getattr(image, "n_frames", 1)) == ("MPO", 2)
        image.seek(1)
        assert np.array_equal(np.asarray(image), pixels(second))


@pytest.mark.parametrize("broken", [b"XX*\0", b"II*\0" + struct.pack("<I", 10**6), b"II*\0" + struct.pack("<IH", 8, 0)])
def test_a_damaged_list_of_pictures_is_refused(broken: bytes) -> None:
    data = after_soi(jpeg(), app(2, MPF + broken + bytes(20)))
    with pytest.raises(Refused, match="list is damaged"):
        embed(data, KEEP, "a.jpg")


def test_a_check_stands_behind_the_splice(monkeypatch: pytest.MonkeyPatch) -> None:
    from keepers.export import jpeg_embed

    monkeypatch.setattr(jpeg_embed, "_place", lambda data, before: before[-1].end + 10)
    with pytest.raises(Refused, match="would not be the same"):
        embed(JPEGS["plain"], KEEP, "a.jpg")


@pytest.mark.shared
def test_real_photos_keep_their_pixels(shared: Path) -> None:
    files = sorted((shared / "eval" / "formats_edge").rglob("*.jpg"))
    refused = set()
    for path in files:
        old = path.read_bytes()
        try:
            new = embed(old, KEEP, path.name)
        except Refused as error:
            assert "no JPEG or a damaged one" in str(error)
            refused.add(path.parent.name)
            continue
        assert others(new)[-1] == others(old)[-1]
        assert len(others(new)) == len(others(old))
        assert read_rating(packet_in(new)).verdict == "keep"
        assert APP1 in {s.marker for s in segments(new)}
    assert refused == {"camera_exif", "jpeg_broken", "jpeg_fuzz", "pillow_edge"}  # cut off behind the EXIF, or broken


def frames(data: bytes) -> list[bytes | None]:
    """The pixels of all pictures in a file; None for one that is listed but not there."""
    found: list[bytes | None] = []
    with Image.open(io.BytesIO(data)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            try:
                image.seek(number)
                found.append(image.tobytes())
            except (ValueError, OSError, EOFError):
                found.append(None)
    return found


@pytest.mark.shared
def test_real_photos_that_list_further_pictures_are_no_obstacle(shared: Path) -> None:
    seen = 0
    for path in sorted((shared / "photos").rglob("*.jpg")):
        old = path.read_bytes()
        if MPF in old[:200_000]:
            before = frames(old)
            assert frames(embed(old, KEEP, path.name)) == before
            seen += 1
    assert seen
