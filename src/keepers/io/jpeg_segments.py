"""The segments of a JPEG file before its pixels (ITU-T T.81, annex B)."""

from collections.abc import Iterator
from dataclasses import dataclass

APP0, APP1, APP2 = 0xE0, 0xE1, 0xE2
SOS = 0xDA
EXIF = b"Exif\0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
MPF = b"MPF\0"
MOST = 0xFFFF - 2
"""Bytes that fit into one segment besides its marker and length."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`start` is where the marker begins, fill bytes included; the content lies from `body` up to `end`."""

    marker: int
    start: int
    body: int
    end: int

    def content(self, data: bytes) -> bytes:
        """What the segment holds, without marker and length."""
        return data[self.body : self.end]


def segments(data: bytes) -> Iterator[Segment]:
    """The segments from the first to SOS, which is the last one given; ends early where the file is damaged."""
    at = 2
    while data[at : at + 1] == b"\xff":
        start = at
        while data[at : at + 1] == b"\xff":
            at += 1
        marker, length = data[at : at + 1], int.from_bytes(data[at + 1 : at + 3], "big")
        end = at + 1 + length
        if not marker or length < 2 or end > len(data):
            return
        yield Segment(marker[0], start, at + 3, end)
        if marker[0] == SOS:
            return
        at = end
