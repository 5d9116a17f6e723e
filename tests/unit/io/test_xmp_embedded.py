"""XMP and EXIF stars inside photos of every kind that has a place for them."""

import io
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from item_makers import LIGHTROOM, jpeg
from keepers.io.jpeg_segments import SOS, segments
from keepers.io.xmp_embedded import Embedded, embedded

PACKET = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n' + LIGHTROOM + b'<?xpacket end="w"?>'


def look(data: bytes, extension: str = ".jpg") -> Embedded:
    return embedded(io.BytesIO(data), extension)


def save(kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.full((32, 48, 3), 90, np.uint8)).save(target, kind, **options)
    return target.getvalue()


def stars(number: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x4746] = number
    return exif


def heic(**options: object) -> bytes:
    target = io.BytesIO()
    file = pillow_heif.from_pillow(Image.fromarray(np.full((64, 64, 3), 90, np.uint8)))
    file.save(target, **options)
    return target.getvalue()


def cr3(packet: bytes) -> bytes:
    brand = b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"
    box = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + packet
    return brand + b"\0\0\0\x10moov" + bytes(8) + (len(box) + 8).to_bytes(4, "big") + b"uuid" + box


PHOTOS = {
    "jpeg": (lambda: jpeg(xmp=PACKET), ".jpg"),
    "png": (lambda: save("PNG", pnginfo=_png_info()), ".png"),
    "webp": (lambda: save("WEBP", xmp=PACKET), ".webp"),
    "tiff": (lambda: save("TIFF", tiffinfo={700: PACKET}), ".tif"),
    "raw like tiff": (lambda: save("TIFF", tiffinfo={700: PACKET}), ".nef"),
    "heic": (lambda: heic(xmp=PACKET), ".heic"),
    "cr3": (lambda: cr3(PACKET), ".cr3"),
}


def _png_info() -> object:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("Comment", "first")
    info.add_itxt("XML:com.adobe.xmp", PACKET.decode())
    return info


@pytest.mark.parametrize("kind", PHOTOS)
def test_the_packet_is_found(kind: str) -> None:
    make, extension = PHOTOS[kind]
    assert look(make(), extension).packet == PACKET


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_photo_without_xmp_has_none(kind: str) -> None:
    make, extension = PHOTOS[kind]
    data = make()
    data = data.replace(b"ns.adobe.com/xap/1.0/\0", b"ns.adobe.com/xap/2.0/\0").replace(b"XML:com", b"XML:cam")
    data = data.replace(b"application/rdf+xml", b"application/rdf+xmm")
    data = data.replace(bytes.fromhex("be7acfcb"), bytes.fromhex("be7acfcc"))
    if extension in (".tif", ".nef"):
        data = save("TIFF")
    if extension == ".webp":
        data = save("WEBP")
    assert look(data, extension) == Embedded()


def test_stars_in_exif() -> None:
    assert look(jpeg(exif=stars(4))) == Embedded(None, 4)
    assert look(jpeg(exif=stars(4), xmp=PACKET)) == Embedded(PACKET, 4)
    assert look(save("TIFF", tiffinfo={0x4746: 3}), ".tif").stars == 3
    assert look(jpeg(exif=stars(99))).stars is None
    assert look(jpeg(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1GF\0\3\0\0\0\1\0\5\0\0")).stars == 5


def test_xmp_behind_much_else_is_found_and_little_is_read() -> None:
    class Counting(io.BytesIO):
        total = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.total += len(data)
            return data

    plain = jpeg(xmp=PACKET)
    many = plain[:2] + 6 * (b"\xff\xef\xff\xff" + bytes(65533)) + plain[2:]
    assert look(many).packet == PACKET
    file = Counting(plain + bytes(5_000_000))
    assert embedded(file, ".jpg").packet == PACKET
    assert file.total < 200_000


def test_what_is_no_photo_says_nothing() -> None:
    assert look(b"") == look(b"text") == look(b"\xff\xd8") == look(b"II") == look(b"MM\0*", ".nef") == Embedded()


@pytest.mark.parametrize("kind", PHOTOS)
def test_damage_counts_as_absence_and_costs_no_time(kind: str) -> None:
    make, extension = PHOTOS[kind]
    data, rng = make(), random.Random(7)
    for length in range(0, len(data), max(1, len(data) // 60)):
        look(data[:length], extension)
    for _ in range(120):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            broken[rng.randrange(len(broken))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        look(bytes(broken), extension)


def test_the_segments_of_a_jpeg_cover_it_up_to_its_pixels() -> None:
    data = jpeg(xmp=PACKET, exif=stars(1), comment=b"hello")
    found = list(segments(data))
    assert found[0].start == 2
    assert all(a.end == b.start for a, b in pairwise(found))
    assert found[-1].marker == SOS
    filled = data[:2] + b"\xff\xff" + data[2:]  # fill bytes before a marker are legal
    assert [s.content(filled) for s in segments(filled)] == [s.content(data) for s in found]
    assert list(segments(data[:100]))[-1].marker != SOS


@pytest.mark.shared
def test_real_photos_agree_with_pillow(shared: Path) -> None:
    folder = shared / "eval" / "formats_edge"
    seen = 0
    for path in sorted([*folder.rglob("*.jpg"), *folder.rglob("*.heic"), *folder.rglob("*.tif")]):
        with path.open("rb") as file:
            found = embedded(file, path.suffix)
        seen += found.packet is not None
        if path.suffix == ".jpg" and found.packet is not None:
            assert found.packet in path.read_bytes()
    assert seen >= 20
