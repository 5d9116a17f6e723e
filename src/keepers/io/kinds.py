"""What a file is: by its extension while scanning, by its first bytes while decoding."""

import struct
from typing import Literal

Kind = Literal["jpeg", "raw", "heif", "png", "tiff", "webp", "gif", "bmp", "unknown"]
"""`heif` covers HEIC, HEIF and AVIF, which share one container."""

JPEG_EXTENSIONS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
HEIF_EXTENSIONS = frozenset({".heic", ".heif", ".hif", ".avif"})
# fmt: off
RAW_EXTENSIONS = frozenset({
    ".3fr", ".ari", ".arw", ".bay", ".cap", ".cr2", ".cr3", ".crw", ".cs1", ".dc2", ".dcr", ".dcs",
    ".dng", ".drf", ".eip", ".erf", ".fff", ".gpr", ".ia", ".iiq", ".k25", ".kc2", ".kdc", ".mdc",
    ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".ori", ".pef", ".ptx", ".pxn", ".qtk", ".raf",
    ".raw", ".rw2", ".rwl", ".rwz", ".sr2", ".srf", ".srw", ".sti", ".x3f",
})
# fmt: on
"""The RAW files that LibRaw reads, Adobe's DNG among them."""
IMAGE_EXTENSIONS = JPEG_EXTENSIONS | HEIF_EXTENSIONS | {".png", ".tif", ".tiff", ".webp"}
PHOTO_EXTENSIONS = IMAGE_EXTENSIONS | RAW_EXTENSIONS
SIDECAR_EXTENSION = ".xmp"

HEAD_BYTES = 1 << 20
"""How much of a file `sniff` and the EXIF reader of RAW files want to see."""

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_RAW_MAGIC = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"\0MRM", b"FOVb")
_COLOUR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892


def sniff(head: bytes, extension: str) -> Kind:
    """The kind of a file from its first bytes; a RAW `extension` (".nef") decides only where they leave it open.

    A NEF, a DNG and a scan are all TIFF files: a colour filter array or a DNG version tells them apart.
    """
    if head[:2] == b"\xff\xd8":
        return "jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[4:8] == b"ftyp":
        return "raw" if head[8:12] == b"crx " else "heif"
    named_raw = extension.lower() in RAW_EXTENSIONS
    if named_raw or head.startswith(_RAW_MAGIC) or head[6:14] == b"HEAPCCDR":
        return "raw"
    if head.startswith(_TIFF_MAGIC):
        return "raw" if _tiff_is_raw(head) else "tiff"
    return "bmp" if head[:2] == b"BM" else "unknown"


def _tiff_is_raw(head: bytes) -> bool:
    if head[8:10] == b"CR":  # Canon CR2
        return True
    order = "<" if head[:2] == b"II" else ">"
    first = _short_entries(head, order, _long(head, order, 4))
    if 0xC612 in first:  # DNGVersion
        return True
    folders = [first]
    if 0x014A in first:  # SubIFDs: Nikon and Sony keep the sensor data in one of them
        count, where = first[0x014A]
        spots = [where] if count == 1 else [_long(head, order, where + 4 * i) for i in range(min(count, 8))]
        folders += [_short_entries(head, order, spot) for spot in spots]
    return any(f.get(0x0106, (0, 0))[1] in (_COLOUR_FILTER_ARRAY, _LINEAR_RAW) for f in folders)


def _long(data: bytes, order: str, at: int) -> int:
    part = data[at : at + 4]
    return int(struct.unpack(order + "I", part)[0]) if len(part) == 4 else 0


def _short_entries(data: bytes, order: str, at: int) -> dict[int, tuple[int, int]]:
    """Tag -> (count, value or offset) of one image file directory; empty where it lies outside `data`."""
    found: dict[int, tuple[int, int]] = {}
    part = data[at : at + 2]
    if at < 8 or len(part) < 2:
        return found
    for i in range(min(int(struct.unpack(order + "H", part)[0]), 512)):
        entry = data[at + 2 + 12 * i : at + 14 + 12 * i]
        if len(entry) < 12:
            break
        tag, kind, count = struct.unpack(order + "HHI", entry[:8])
        value = struct.unpack(order + "H", entry[8:10])[0] if kind == 3 else _long(entry, order, 8)
        found[int(tag)] = (int(count), int(value))
    return found
